// `scalewise edit`: parts of an image made anew, images made larger or finer, and images between classes, all without training.
import { type Command, Option } from 'commander';
import { join } from 'node:path';
import { type Cell, cellPng, gridPng } from '../evaluate/index.js';
import {
  type Canvas,
  canvasCell,
  canvasSize,
  interpolatedCells,
  maskByBox,
  maskByFile,
  maskCell,
  type Models,
  paintedCells,
  readCanvas,
  readExtended,
  refinedCells,
  type SamplingSettings,
  scalesWithin,
} from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { writeFileAtomic } from '../util/files.js';
import { classIndices, prepareSampling, type SamplingFlags, withSamplingFlags } from './samplingOptions.js';
import { positive, wholeNumber } from './settingsOptions.js';

interface EditFlags extends SamplingFlags {
  image: string;
  class?: string;
  count: number;
  out: string;
  files?: string;
}
interface PaintFlags extends EditFlags {
  paste?: boolean;
  feather: number;
}
interface MaskFlags extends PaintFlags {
  mask?: string;
  box?: [number, number, number, number];
}
interface OutpaintFlags extends PaintFlags {
  left: number;
  right: number;
  up: number;
  down: number;
}
interface RefineFlags extends EditFlags {
  keepScales?: number;
}
interface InterpolateFlags extends SamplingFlags {
  class: string[];
  images: number;
  count: number;
  out: string;
  files?: string;
}

/** `x,y,width,height`. */
function boxOf(text: string): number[] {
  const numbers = text.split(',').map(wholeNumber('--box'));
  if (numbers.length !== 4) throw new UsageError(`--box: expected x,y,width,height, got '${text}'`);
  return numbers;
}

function seedsOf({ seed, count }: { seed: number; count: number }): number[] {
  return Array.from({ length: count }, (_, i) => seed + i);
}

/** The class asked for; the null class where none is. */
function labelOf(name: string | undefined, { card, generator }: Models): number {
  return name === undefined ? generator.nullClass : classIndices([name], card.classes)[0]!;
}

/** The results as files of their own, where those are asked for, and beside what they came from in one picture. */
async function show(
  flags: { out: string; files?: string },
  before: Readonly<Record<string, Cell>>,
  results: readonly Cell[],
  seeds: readonly number[],
): Promise<void> {
  if (flags.files !== undefined)
    for (const [i, cell] of results.entries())
      writeFileAtomic(join(flags.files, `seed-${seeds[i]}.png`), await cellPng(cell));
  const cells = [...Object.values(before), ...results];
  const columnLabels = [...Object.keys(before), ...seeds.map((seed) => `seed ${seed}`)];
  const grid = await gridPng(cells, { columns: cells.length, columnLabels, cellSize: 96 });
  writeFileAtomic(flags.out, grid.data);
  console.log(flags.out);
}

async function paint(flags: PaintFlags, models: Models, canvas: Canvas, settings: SamplingSettings): Promise<void> {
  const seeds = seedsOf(flags);
  const feather = flags.paste ? flags.feather : undefined;
  const results = paintedCells(models, canvas, labelOf(flags.class, models), seeds, settings, feather);
  await show(flags, { image: canvasCell(canvas), mask: maskCell(canvas) }, results, seeds);
}

async function paintMasked(flags: MaskFlags): Promise<void> {
  const { mask, box } = flags;
  if ((mask === undefined) === (box === undefined))
    throw new UsageError('edit: expected either --mask or --box, which say what is to be made anew');
  const { models, settings } = prepareSampling(flags);
  const image = await readCanvas(flags.image, canvasSize(models.tokenizer, settings.scales));
  await paint(flags, models, box ? maskByBox(image, box) : await maskByFile(image, mask!), settings);
}

async function outpaint(flags: OutpaintFlags): Promise<void> {
  const { models, settings } = prepareSampling(flags);
  const size = canvasSize(models.tokenizer, settings.scales);
  await paint(flags, models, await readExtended(flags.image, size, flags), settings);
}

async function refine(flags: RefineFlags): Promise<void> {
  const { models, settings } = prepareSampling(flags);
  const { scales } = settings;
  const canvas = await readCanvas(flags.image, canvasSize(models.tokenizer, scales));
  const { file } = canvas;
  const kept = flags.keepScales ?? scalesWithin(models.tokenizer, scales, file.height, file.width);
  if (kept < 1 || kept > scales.length)
    throw new UsageError(`--keep-scales: expected 1 to ${scales.length}, the number of scales, got ${kept}`);
  const seeds = seedsOf(flags);
  const { start, cells } = refinedCells(models, canvas, kept, labelOf(flags.class, models), seeds, settings);
  await show(flags, { image: canvasCell(canvas), [`${kept} of ${scales.length}`]: start }, cells, seeds);
}

async function interpolate(flags: InterpolateFlags): Promise<void> {
  const { models, settings } = prepareSampling(flags);
  const { images } = flags;
  const seeds = seedsOf(flags);
  const classes = classIndices(flags.class, models.card.classes);
  const cells = interpolatedCells(models, classes, images, seeds, settings);
  if (flags.files !== undefined)
    for (const [i, cell] of cells.entries())
      writeFileAtomic(
        join(flags.files, `seed-${seeds[Math.floor(i / images)]}-image-${i % images}.png`),
        await cellPng(cell),
      );
  const rowLabels = seeds.map((seed) => `seed ${seed}`);
  writeFileAtomic(flags.out, (await gridPng(cells, { columns: images, rowLabels, cellSize: 64 })).data);
  console.log(flags.out);
}

function withOutput(command: Command, out: string): Command {
  return command
    .option('-n, --count <n>', 'variants, each of a seed of its own', positive('--count'), 4)
    .option('-o, --out <file>', 'one picture of all', out)
    .option('--files <folder>', 'the results as PNG files of their own, too');
}

function withImage(command: Command, out: string): Command {
  return withOutput(withSamplingFlags(command), out).requiredOption(
    '-i, --image <file>',
    "the image; resized to cover the model's size, the centre cut out",
  );
}

function withPaste(command: Command): Command {
  return command
    .option('--paste', "put the image's own pixels back where they stay")
    .addOption(
      new Option('--feather <pixels>', 'width of the passage between the two; implies --paste')
        .argParser(wholeNumber('--feather'))
        .default(2)
        .implies({ paste: true }),
    );
}

function withMask(command: Command): Command {
  return withPaste(command)
    .option('--mask <file>', 'an image of the same shape; its white is made anew')
    .option('--box <x,y,w,h>', 'instead of a mask: a box in pixels of the image', boxOf);
}

const classFlag = ['--class <name>', 'a class by name or number; none by default'] as const;
const example = (text: string) => `\nExample:\n  scalewise edit ${text}\n`;

export function registerEdit(program: Command): void {
  const group = program.command('edit').description('edit images without training: paint, extend, refine, interpolate');
  withMask(withImage(group.command('inpaint'), 'inpainted.png'))
    .description('make a part of an image anew, to fit the rest')
    .option(...classFlag)
    .addHelpText('after', example('inpaint --image shirt.png --box 8,12,16,12 --out inpainted.png'))
    .action(paintMasked);
  withMask(withImage(group.command('class'), 'class.png'))
    .description('make a part of an image anew as another class')
    .requiredOption('--class <name>', 'a class by name or number')
    .addHelpText('after', example('class --image shirt.png --box 0,0,32,16 --class Coat --out coat.png'))
    .action(paintMasked);
  withPaste(withImage(group.command('outpaint'), 'outpainted.png'))
    .description('go on beyond the edges of an image')
    .option('--left <pixels>', 'room on the canvas left of the image', wholeNumber('--left'), 0)
    .option('--right <pixels>', 'right of it', wholeNumber('--right'), 0)
    .option('--up <pixels>', 'above it', wholeNumber('--up'), 0)
    .option('--down <pixels>', 'below it', wholeNumber('--down'), 0)
    .option(...classFlag)
    .addHelpText('after', example('outpaint --image shirt.png --down 16 --class Dress --out dress.png'))
    .action(outpaint);
  withImage(group.command('refine'), 'refined.png')
    .description('keep the coarse scales of an image, such as a small one enlarged, and sample the finer ones')
    .option(
      '--keep-scales <n>',
      'scales that are kept; by default those that the file has pixels for, at most all but the last',
      wholeNumber('--keep-scales'),
    )
    .option(...classFlag)
    .addHelpText('after', example('refine --image small.png --class Pullover --out refined.png'))
    .action(refine);
  withOutput(withSamplingFlags(group.command('interpolate')), 'interpolated.png')
    .description('images on the way from one class to the next, a row a seed')
    .requiredOption('--class <name...>', 'two classes or more, in their order')
    .option('--images <n>', 'images on the way, both ends included', positive('--images'), 8)
    .addHelpText('after', example('interpolate --class Pullover Dress --images 8 --out interpolated.png'))
    .action(interpolate);
}
