// `scalewise reconstruct`: images through a tokenizer and back, and what is left of them.
import { Option, type Command } from 'commander';
import { join } from 'node:path';
import { batch, imageCount, openData } from '../data/index.js';
import { type Cell, cellPng } from '../evaluate/index.js';
import { generatorFamilies } from '../models/index.js';
import { featureNetwork, loadModels, loadTokenizer, reconstructionGrid, reconstructionReport, type ReconstructionReport, useMachine } from '../recipes/index.js'; // prettier-ignore
import { scaleName, type Scales, sizeOf, type Tokenizer } from '../tokenizers/index.js';
import { writeFileAtomic } from '../util/files.js';
import { sayBroken } from './broken.js';
import { scalesFrom } from './samplingOptions.js';
import { positive, wholeNumber } from './settingsOptions.js';
import { shippedWeights } from './shippedWeights.js';

interface Flags {
  generator?: string;
  tokenizer?: string;
  data: string;
  split: 'train' | 'test';
  scales?: string;
  size?: string;
  count: number;
  batch: number;
  everyScale?: boolean;
  features?: string;
  files?: string;
  grid?: string;
  device: string;
  threads: number;
  json?: boolean;
}

/** The tokenizer, and the scales that are its generator's; of a tokenizer by itself, those that its family was published with. */
function load({ generator, tokenizer, device }: Flags): { tokenizer: Tokenizer; own: Scales } {
  if (tokenizer === undefined || generator !== undefined) {
    const models = loadModels(generator ?? shippedWeights(), tokenizer, device);
    models.generator.dispose();
    return { tokenizer: models.tokenizer, own: models.card.scales };
  }
  const alone = loadTokenizer(tokenizer, device);
  const { config, scalesOf } = generatorFamilies[alone.family];
  return { tokenizer: alone, own: scalesOf(config.parse({}) as Parameters<typeof scalesOf>[0]) };
}

/** Writes each reconstruction as a PNG, numbered as the images are. */
function pngWriter(folder: string): (picture: Cell, index: number) => Promise<void> {
  return async (picture, index) => {
    writeFileAtomic(join(folder, `${String(index).padStart(6, '0')}.png`), await cellPng(picture));
  };
}

function print({ images, scales, distance }: ReconstructionReport, features: string | undefined): void {
  for (const { scale, psnr, ssim, usage } of scales) {
    const pictures = [psnr !== undefined && `PSNR ${psnr.toFixed(2)} dB`, ssim !== undefined && `SSIM ${ssim.toFixed(4)}`]; // prettier-ignore
    const used = `${(100 * usage).toFixed(1)} % of the codes used`;
    console.log(`scale ${scaleName(scale)}: ${[...pictures, used].filter(Boolean).join(', ')}`);
  }
  if (distance) {
    console.log(`${distance.name} ${distance.value.toFixed(3)}, in the features of ${features}`);
    if (distance.name !== 'rFID') console.log(`${distance.name} is no rFID: it compares only what was measured in the same features.`); // prettier-ignore
  }
  console.log(`${images} images`);
}

async function run(flags: Flags): Promise<void> {
  const { device, threads, data, split } = flags;
  useMachine({ device, threads });
  const { tokenizer, own } = load(flags);
  const scales = scalesFrom(flags, own, tokenizer.stride);
  const side = tokenizer.stride * sizeOf(scales.at(-1)!)[0];
  const { set, broken } = await openData(data, split, side);
  sayBroken(broken);
  const report = await reconstructionReport(tokenizer, set, {
    scales,
    count: Math.min(flags.count, imageCount(set)),
    batchSize: flags.batch,
    device,
    everyScale: flags.everyScale ?? false,
    features: flags.features === undefined ? undefined : featureNetwork(flags.features, device),
    take: flags.files === undefined ? undefined : pngWriter(flags.files),
  });
  if (flags.grid !== undefined) {
    const first = Array.from({ length: Math.min(10, report.images) }, (_, i) => i);
    writeFileAtomic(flags.grid, (await reconstructionGrid(tokenizer, batch(set, first).image_B3HW, scales)).data);
  }
  if (flags.json) console.log(JSON.stringify({ data, split, size: side, features: flags.features, ...report }));
  else print(report, flags.features);
}

export function registerReconstruct(program: Command): void {
  program
    .command('reconstruct')
    .description('images through a tokenizer and back: PSNR, SSIM, codes in use, distance of features')
    .option('-g, --generator <path>', 'whose tokenizer and scales; the weights that come with Scalewise by default')
    .option('-t, --tokenizer <path>', 'a tokenizer; without --generator its family’s published scales are taken')
    .requiredOption('-d, --data <name>', 'a packaged data set or a folder of images')
    .addOption(
      new Option('--split <name>', 'of folders without splits, test is a tenth')
        .choices(['test', 'train'])
        .default('test'),
    )
    .option('--scales <list>', 'sides of the scales, e.g. 1,2,3,4,6,8')
    .option('--size <pixels>', 'side of the images: the scales are stretched to it')
    .option('-n, --count <n>', 'images to measure, at most', positive('--count'), 1000)
    .option('-b, --batch <n>', 'images at once', positive('--batch'), 50)
    .option('--every-scale', 'decode and measure what every scale amounts to, not the last alone')
    .option(
      '--features <file>',
      'also the Fréchet distance between images and reconstructions in the features of this file of weights: Inception-v3 as pytorch-fid publishes it (rFID), a DINOv2 or CLIP of Hugging Face, a classifier of `scalewise evaluate` (rFCD)',
    )
    .option('--files <folder>', 'every reconstruction as a PNG')
    .option('--grid <file>', 'a picture of the first images and what every scale makes of them')
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      '\nExample:\n  scalewise reconstruct --tokenizer runs/tokenizer --scales 1,2,3,4,6,8 --data fashion-mnist --grid reconstructions.png\n',
    )
    .action(run);
}
