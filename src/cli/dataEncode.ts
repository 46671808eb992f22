// `scalewise data encode`: the tokens of a whole image set, written once for trainings to read.
import { type Command, Option } from 'commander';
import { openTrainingData } from '../data/index.js';
import { type Crops, encodeTokens, generatorPresets, listsDrawn, loadTokenizer, openInOrder, type Precision, refinePresets, type ScaleSettings, settlePrecision, TokenStore, useMachine } from '../recipes/index.js'; // prettier-ignore
import type { Tokenizer } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';
import { sayBroken } from './broken.js';
import { parseScales } from './samplingOptions.js';
import { exitCodeOf, positive, say, wholeNumber } from './settingsOptions.js';

interface Flags {
  data?: string;
  tokenizer: string;
  out: string;
  split: 'train' | 'test';
  preset?: string;
  scales?: number[][];
  size?: number;
  flip?: boolean;
  crops?: number;
  seed: number;
  batch: number;
  precision: 'auto' | Precision;
  device: string;
  threads: number;
  verify?: boolean;
}

/** What a preset says that matters here; all of it can be said by flags too. */
interface Preset extends Partial<ScaleSettings> {
  data?: string;
  imageSize?: number;
  flip?: boolean;
}

function presetOf(name: string | undefined): Preset {
  if (name === undefined) return {};
  const presets: Readonly<Record<string, Preset>> = { ...refinePresets, ...generatorPresets };
  if (Object.hasOwn(presets, name)) return presets[name]!;
  const names = Object.keys(presets);
  throw new UsageError(`--preset: expected one of ${names.join(', ')}, got '${name}'${didYouMean(name, names)}`);
}

/** A list of sides of squares. */
function sides(text: string): number[] {
  const scales = parseScales('--scales', text);
  const oblong = scales.find((scale) => typeof scale !== 'number');
  if (oblong) throw new UsageError(`--scales: expected sides of squares, such as 1,2,3,4, got '${text}'`);
  return scales as number[];
}

function listsOf({ scales }: Flags, preset: Preset, tokenizer: Tokenizer): number[][] {
  if (scales) return scales;
  if (preset.scales) return listsDrawn({ ...preset, scales: preset.scales }, tokenizer.family);
  throw new UsageError('--scales: give the sides of the scales, e.g. --scales 1,2,3,5,8, or a --preset that has them');
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Opens what was written, as a training would, and tells of it. */
function tell(folder: string): void {
  using store = new TokenStore(folder);
  const { images, readings, tokens, bytes, files } = store.sizes;
  console.log(
    `${folder}: ${images} images, ${readings} ${readings === 1 ? 'reading' : 'readings'} of ${tokens} tokens each, ${mebibytes(bytes)} in ${files} ${files === 1 ? 'file' : 'files'}`,
  );
}

async function encode(flags: Flags): Promise<void> {
  const { out, split, device, threads, batch: batchSize, seed, verify = false } = flags;
  const preset = presetOf(flags.preset);
  const data = flags.data ?? preset.data;
  if (data === undefined) throw new UsageError('--data: give a packaged data set or a folder of images');
  useMachine({ device, threads });
  const tokenizer = loadTokenizer(flags.tokenizer, device);
  const lists = listsOf(flags, preset, tokenizer);
  const imageSize = flags.size ?? preset.imageSize ?? Math.max(...lists.flat()) * tokenizer.stride;
  const crops: Crops | undefined = flags.crops === undefined ? undefined : { count: flags.crops, seed };
  const { images, broken } = await openTrainingData(data, { imageSize, crop: crops !== undefined }, say, split);
  sayBroken(broken);
  const inOrder = openInOrder(images, { side: imageSize, crops });
  const choice = { data, imageSize, lists, flip: flags.flip ?? preset.flip ?? false, crops };
  const precision = settlePrecision(flags.precision, device);
  const end = await encodeTokens(tokenizer, inOrder, out, choice, { batchSize, device, precision, verify, say }).finally(() => inOrder.close()); // prettier-ignore
  process.exitCode = exitCodeOf(end);
  if (end === 'done') tell(out);
}

/** Adds the command `encode` to `data`. */
export function registerDataEncode(data: Command): void {
  data
    .command('encode')
    .description('write the tokens of a whole image set, so that training need not encode; the same command goes on')
    .option('-d, --data <name>', 'a packaged data set, a folder of images, a list, tar shards or Parquet files')
    .requiredOption('-t, --tokenizer <path>', 'a run folder, a tokenizer.safetensors or a published name')
    .requiredOption('-o, --out <folder>', 'where the tokens go; an interrupted encoding is continued')
    .addOption(new Option('--split <name>', 'which images').choices(['train', 'test']).default('train'))
    .option('-p, --preset <name>', 'the data, size, scales and flips of a preset of `train` or `refine`')
    .option(
      '--scales <list>',
      'sides of the scales, e.g. 1,2,3,5,8; repeat it for several lists',
      (text, all: number[][] | undefined) => [...(all ?? []), sides(text)],
    )
    .option('--size <pixels>', 'side of the images (default: the largest scale times the stride)', positive('--size'))
    .option('--flip', 'also every image mirrored')
    .option('--crops <n>', 'so many random crops of each image, instead of the centre', positive('--crops'))
    .option('--seed <n>', 'seed of the crops', wholeNumber('--seed'), 0)
    .option('-b, --batch <n>', 'images at once', positive('--batch'), 32)
    .addOption(
      new Option('--precision <name>', 'what is computed in; as in training, for the same tokens')
        .choices(['auto', 'float32', 'bfloat16'])
        .default('auto'),
    )
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .option('--verify', 'compare the content of what is there with its hashes, and encode again what is damaged')
    .addHelpText(
      'after',
      '\nExample:\n  scalewise data encode --data fashion-mnist --tokenizer runs/tokenizer --scales 1,2,3,5,8 --out tokens\n',
    )
    .action(encode);
}
