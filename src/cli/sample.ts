// `scalewise sample`: images of the classes asked for, as a grid, as files, or growing scale by scale.
import { Option, type Command } from 'commander';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { gridPng } from '../evaluate/index.js';
import { growthStrip, sampleCells } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic } from '../util/files.js';
import { progress } from '../util/progress.js';
import { classIndices, prepareSampling, type SamplingFlags, withSamplingFlags } from './samplingOptions.js';
import { wholeNumber } from './settingsOptions.js';

interface Flags extends SamplingFlags {
  class: string[];
  count: number;
  batch: number;
  out: string;
  files?: string;
  strip?: boolean;
}

async function run(flags: Flags): Promise<void> {
  const { models, settings } = prepareSampling(flags);
  const { classes } = models.card;
  if (flags.count < 1 || flags.batch < 1) throw new UsageError('--count and --batch: expected at least 1');
  const chosen = flags.class.length ? classIndices(flags.class, classes) : classes.map((_, i) => i);
  const labels = chosen.flatMap((label) => Array.from({ length: flags.count }, () => label));
  const seeds = chosen.flatMap(() => Array.from({ length: flags.count }, (_, i) => flags.seed + i));
  if (flags.strip) {
    const first = seeds.slice(0, chosen.length).map((_, i) => flags.seed + i);
    writeFileAtomic(flags.out, (await growthStrip(models, chosen, first, classes, settings)).data);
    console.log(flags.out);
    return;
  }
  const bar = progress({ label: 'sampling', total: labels.length, unit: 'images' });
  const cells = [];
  for (const cell of sampleCells(models, labels, seeds, settings, flags.batch)) {
    cells.push(cell);
    bar.update(cells.length);
    if (flags.files !== undefined) {
      const i = cells.length - 1;
      const { rgb, width, height } = cell;
      const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      explainIo(flags.files, () => mkdirSync(flags.files!, { recursive: true }));
      writeFileAtomic(join(flags.files, `class-${labels[i]}-seed-${seeds[i]}.png`), png);
    }
  }
  bar.stop();
  if (flags.files !== undefined) {
    console.log(`${cells.length} images in ${flags.files}`);
    return;
  }
  const rowLabels = chosen.map((label) => classes[label]!);
  writeFileAtomic(flags.out, (await gridPng(cells, { columns: flags.count, rowLabels, cellSize: 64 })).data);
  console.log(flags.out);
}

export function registerSample(program: Command): void {
  withSamplingFlags(program.command('sample'))
    .description('sample images of the classes asked for; the same seed gives the same image in any batch')
    .option(
      '--class <name>',
      'a class by name or number; repeatable; all classes by default',
      (text, all: string[]) => [...all, text],
      [],
    )
    .option('-n, --count <n>', 'images a class', wholeNumber('--count'), 8)
    .option('-b, --batch <n>', 'images at once', wholeNumber('--batch'), 50)
    .option('-o, --out <file>', 'the picture, a row a class', 'samples.png')
    .addOption(new Option('--files <folder>', 'every image as a PNG of its own instead').conflicts('strip'))
    .option('--strip', 'one image a class, scale by scale, instead')
    .addHelpText(
      'after',
      `
Examples:
  scalewise sample --class Sneaker --class Bag --count 8 --seed 1 --out samples.png
  scalewise sample --generator runs/sar --strip --out scale-by-scale.png
`,
    )
    .action(run);
}
