// `scalewise export`: a generator with its tokenizer for other runtimes: ONNX.
import type { Command } from 'commander';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { megabytes } from '../hub/index.js';
import { type Exported, exportOnnx, samplerFile } from '../onnx/index.js';
import { publishedScales } from '../models/index.js';
import { loadModels, modelName } from '../recipes/index.js';
import { scalesText, type Scales } from '../tokenizers/index.js';
import { scalesFrom } from './samplingOptions.js';
import { wholeNumber } from './settingsOptions.js';
import { shippedWeights } from './shippedWeights.js';
import { version } from './version.js';

interface ExportFlags {
  onnx: string;
  generator?: string;
  tokenizer?: string;
  scales?: string;
  schedule?: number;
  size?: string;
  name?: string;
  force?: boolean;
  json?: boolean;
}

/** Sizes for people: small files in kilobytes. */
const sizeText = (bytes: number) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : megabytes(bytes));

/** Says what lies in the folder. */
function report({ folder, description, models }: Exported, scales: Scales): void {
  const { family, classes, imageSize, generator } = description;
  console.log(`${folder}: ${description.name}, a ${family} generator of ${generator.depth} blocks and ${classes.length} classes; scales ${scalesText(scales)}, ${imageSize.join(' x ')} pixels`); // prettier-ignore
  const what = ['one scale: logits and caches', 'tokens to latent and next input', 'latent to image'];
  const rows = models.map(({ files, bytes }, i) => [files.join(' + '), sizeText(bytes), what[i]!]);
  rows.push([samplerFile, sizeText(statSync(join(folder, samplerFile)).size), 'scales, classes, guidance']);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const [files, size, note] of rows)
    console.log(`  ${files!.padEnd(widths[0]!)}  ${size!.padStart(widths[1]!)}  ${note}`);
  for (const { files, external } of models)
    if (external)
      console.log(`${files[0]}: an ONNX file holds 2 GB at most, so ${megabytes(external)} of weights lie in ${files[1]}; keep the two side by side`); // prettier-ignore
}

function run(flags: ExportFlags): void {
  const models = loadModels(flags.generator ?? shippedWeights(), flags.tokenizer);
  const { card, tokenizer, path } = models;
  const scales = scalesFrom(flags, card.scales, tokenizer.stride);
  const subject = {
    ...models,
    scales,
    classes: card.classes,
    name: flags.name ?? modelName(path),
    trainedOn: card.data,
  };
  const exported = exportOnnx(flags.onnx, subject, { version: version(), force: flags.force ?? false });
  if (!flags.json) {
    report(exported, scales);
    return;
  }
  const { folder, description } = exported;
  const { generator, pyramid, decoder, family, name } = description;
  console.log(JSON.stringify({ folder, name, family, scales, files: { generator, pyramid, decoder } }));
}

/** Adds the command `export`. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .description('write a generator and its tokenizer as ONNX, for browsers and other runtimes (docs/browser.md)')
    .requiredOption(
      '--onnx <folder>',
      'the folder to write: three graphs, and sampler.json with all that a sampler needs',
    )
    .option(
      '-g, --generator <path>',
      'a run folder, a file or a pulled name; the weights that come with Scalewise by default',
    ) // prettier-ignore
    .option('-t, --tokenizer <path>', 'its tokenizer; the one beside it by default')
    .option('--scales <list>', "sides, or height x width, e.g. 1,2,3,4x6,8x12; the generator's own by default")
    .option(
      '--schedule <n>',
      `one of FlexVAR's published lists, of ${Object.keys(publishedScales).join(', ')} scales`,
      wholeNumber('--schedule'),
    )
    .option('--size <pixels>', 'a side, or height x width, e.g. 256x384: the list of scales is stretched to it')
    .option('--name <name>', "what the model is called; its file's name by default")
    .option('--force', 'replace an earlier export')
    .option('--json', 'one line of JSON: the folder and its files')
    .addHelpText(
      'after',
      '\nExamples:\n  scalewise export --onnx shirts\n  scalewise export --onnx wide -g runs/sar --size 32x48 --name "after SAR"\n',
    )
    .action(run);
}
