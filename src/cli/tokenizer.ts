// `scalewise tokenizer train` and `scalewise tokenizer reconstruct`.
import { type Command } from 'commander';
import { imageCount, openData } from '../data/index.js';
import { loadTokenizer, newTokenizer, reconstructionReport, tokenizerPresets, tokenizerSettings, trainTokenizer, useMachine } from '../recipes/index.js'; // prettier-ignore
import { scaleName } from '../tokenizers/index.js';
import { writeFileAtomic } from '../util/files.js';
import { sayBroken } from './broken.js';
import { exitCodeOf, outOf, printSettings, say, settingsFrom, type TrainingFlags, wholeNumber, withTrainingFlags } from './settingsOptions.js'; // prettier-ignore

async function train(flags: TrainingFlags): Promise<void> {
  const settings = settingsFrom('tokenizer train', tokenizerSettings, tokenizerPresets, flags);
  printSettings(settings);
  if (flags.dryRun) {
    const tokenizer = newTokenizer(settings);
    say(`${tokenizer.parameterCount().toLocaleString('en')} parameters; nothing was trained (--dry-run)`);
    return;
  }
  const out = outOf(flags);
  const { set, broken } = await openData(settings.data, 'train', settings.imageSize);
  sayBroken(broken);
  const { end } = await trainTokenizer(settings, set, out, say);
  process.exitCode = exitCodeOf(end);
}

interface ReconstructFlags {
  tokenizer: string;
  data: string;
  scales: string;
  size: number;
  count: number;
  out: string;
}

async function reconstruct(flags: ReconstructFlags): Promise<void> {
  useMachine({ device: 'cpu', threads: 0 });
  const tokenizer = loadTokenizer(flags.tokenizer);
  const { set, broken } = await openData(flags.data, 'test', flags.size);
  sayBroken(broken);
  const scales = flags.scales.split(',').map(wholeNumber('--scales'));
  const report = await reconstructionReport(tokenizer, set, scales, Math.min(flags.count, imageCount(set)));
  writeFileAtomic(flags.out, report.grid.data);
  for (const { scale, psnr, usage } of report.scales)
    console.log(
      `scale ${scaleName(scale)}: PSNR ${psnr.toFixed(2)} dB, ${(100 * usage).toFixed(1)} % of the codes used`,
    );
  console.log(`${report.images} images; the picture is ${flags.out}`);
}

export function registerTokenizer(program: Command): void {
  const group = program.command('tokenizer').description('train a tokenizer, or look at what it keeps of images');
  withTrainingFlags(group.command('train'), tokenizerPresets)
    .description('train a tokenizer: images to codes at every scale, and back')
    .addHelpText('after', '\nExample:\n  scalewise tokenizer train --preset fashion-mnist --out runs/tokenizer\n')
    .action(train);
  group
    .command('reconstruct')
    .description('held-out images through the tokenizer and back, from every scale: a picture, PSNR, codes in use')
    .requiredOption('-t, --tokenizer <path>', 'a run folder or a tokenizer.safetensors')
    .requiredOption('-d, --data <name>', 'a packaged data set or a folder of images')
    .option('--scales <list>', 'sides of the scales', '1,2,3,4,6,8')
    .option('--size <pixels>', 'side of the images', wholeNumber('--size'), 32)
    .option('-n, --count <n>', 'images to measure', wholeNumber('--count'), 1000)
    .option('-o, --out <file>', 'where the picture goes', 'reconstructions.png')
    .addHelpText(
      'after',
      '\nExample:\n  scalewise tokenizer reconstruct --tokenizer runs/tokenizer --data fashion-mnist --out reconstructions.png\n',
    )
    .action(reconstruct);
}
