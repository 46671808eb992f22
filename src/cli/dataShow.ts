// `scalewise data show`: counts, sizes, classes and broken files of a data set or a folder, and a contact sheet with a row a class.
import type { Command } from 'commander';
import {
  batch,
  type BrokenFile,
  classCounts,
  type FileFacts,
  heldOutNote,
  imageCount,
  type ImageSet,
  locateData,
  readImageFolder,
  readPackagedData,
  type Split,
} from '../data/index.js';
import { type Cell, cellsOf, gridPng } from '../evaluate/index.js';
import { scope } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { writeFileAtomic } from '../util/files.js';
import { say, wholeNumber } from './settingsOptions.js';

interface ShowFlags {
  split?: string;
  size?: number;
  out: string;
  json?: boolean;
}

/** What was found, of one split or both. */
interface Findings {
  about: string;
  sets: ImageSet[];
  broken: BrokenFile[];
  /** Of a folder's files; a packaged data set has none. */
  files: FileFacts[];
}

const folderSize = 64;
const perClass = 10;
const mostRows = 40;
const longestLabel = 28;

function splitsOf(flag: string | undefined): Split[] {
  if (flag === undefined) return ['train', 'test'];
  if (flag !== 'train' && flag !== 'test') throw new UsageError(`--split: expected train or test, got '${flag}'`);
  return [flag];
}

async function look(name: string, { split, size }: ShowFlags): Promise<Findings> {
  const splits = splitsOf(split);
  const located = locateData(name);
  if (!('folder' in located)) {
    if (size !== undefined) throw new UsageError(`--size: ${name} has a size of its own; --size is for folders`);
    const sets = splits.map((one) => readPackagedData(located, one));
    return { about: located.card, sets, broken: [], files: [] };
  }
  const found = [];
  for (const one of split === undefined ? splits.filter((each) => located.splits[each]) : splits)
    found.push(await readImageFolder(located, one, size ?? folderSize));
  return {
    about: heldOutNote(located) ?? '',
    sets: found.map(({ set }) => set),
    broken: found.flatMap(({ broken }) => broken),
    files: found.flatMap(({ files }) => files),
  };
}

/** How often each text occurs, the most frequent first, equals in alphabetical order. */
function tally(texts: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([text, a], [other, b]) => b - a || (text < other ? -1 : 1)));
}

const sizeOf = ({ width, height }: { width: number; height: number }) => `${width} × ${height}`;
const kindOf = ({ format, colour }: FileFacts) => `${format} ${colour}`;

function printTally(what: string, counts: Record<string, number>): void {
  const all = Object.entries(counts);
  const first = all.slice(0, 8).map(([text, count]) => `${text} (${count})`);
  if (all.length > first.length) first.push(`and ${all.length - first.length} more`);
  if (first.length) console.log(`${what}: ${first.join(', ')}`);
}

function printClasses(sets: readonly ImageSet[]): void {
  const { classes } = sets[0]!;
  const counts = sets.map(classCounts);
  const rows = classes.slice(0, mostRows).map((name, i) => [name, ...counts.map((of) => String(of[i]))]);
  const table = [['class', ...sets.map(({ split }) => split)], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const [name, ...numbers] of table)
    console.log(`  ${name!.padEnd(widths[0]!)}${numbers.map((n, i) => n.padStart(widths[i + 1]! + 3)).join('')}`);
  if (classes.length > mostRows) console.log(`  … and ${classes.length - mostRows} more classes (--json has them all)`);
}

function print(name: string, { about, sets, broken, files }: Findings): void {
  const [first] = sets as [ImageSet];
  const counts = sets.map((set) => `${imageCount(set)} ${set.split}`).join(' and ');
  const size = files.length
    ? `read at ${sizeOf(first)}`
    : `of ${sizeOf(first)}, ${first.channels === 1 ? 'grey' : 'RGB'}`;
  console.log(
    `${name}: ${counts} images ${size}; ${first.classes.length} ${first.classes.length === 1 ? 'class' : 'classes'}`,
  );
  if (about) console.log(about);
  printTally('sizes', tally(files.map(sizeOf)));
  printTally('kinds', tally(files.map(kindOf)));
  printClasses(sets);
  if (broken.length) console.log(`left out, ${broken.length} ${broken.length === 1 ? 'file' : 'files'}:`);
  for (const { path, reason } of broken) console.log(`  ${path}: ${reason}`);
}

function printJson(name: string, { sets, broken, files }: Findings, sheet: string): void {
  const [{ classes, width, height, channels }] = sets as [ImageSet];
  const splits = Object.fromEntries(
    sets.map((set) => [set.split, { images: imageCount(set), perClass: classCounts(set) }]),
  );
  const found = { sizes: tally(files.map(sizeOf)), kinds: tally(files.map(kindOf)), broken };
  console.log(JSON.stringify({ name, width, height, channels, classes, splits, ...found, sheet }, undefined, 2));
}

/** Up to ten images of a class, from all over the set, then blank cells. */
function rowOf(set: ImageSet, members: readonly number[]): Cell[] {
  const count = Math.min(perClass, members.length);
  const picks = Array.from({ length: count }, (_, i) => members[Math.floor((i * members.length) / count)]!);
  const cells = count ? scope(() => cellsOf(batch(set, picks).image_B3HW)) : [];
  const { width, height } = set;
  const blank = { rgb: new Uint8Array(3 * width * height).fill(255), width, height };
  return [...cells, ...Array.from({ length: perClass - count }, () => blank)];
}

/** Class names as they fit beside a row; control characters would break the drawing. */
function rowLabel(name: string): string {
  const plain = name.replace(/\p{C}/gu, '?');
  return plain.length > longestLabel ? `${plain.slice(0, longestLabel - 1)}…` : plain;
}

async function sheetOf(set: ImageSet): Promise<Buffer> {
  const members = set.classes.map((): number[] => []);
  set.labels.forEach((label, i) => members[label]!.push(i));
  const shown = members.slice(0, mostRows);
  const rowLabels = set.classes.slice(0, mostRows).map(rowLabel);
  const cells = shown.flatMap((of) => rowOf(set, of));
  return (await gridPng(cells, { columns: perClass, cellSize: folderSize, rowLabels })).data;
}

async function show(name: string, flags: ShowFlags): Promise<void> {
  const findings = await look(name, flags);
  const [first] = findings.sets as [ImageSet];
  const sheet = await sheetOf(first);
  writeFileAtomic(flags.out, sheet);
  if (flags.json) printJson(name, findings, flags.out);
  else print(name, findings);
  const rows = Math.min(mostRows, first.classes.length);
  say(
    `${flags.out}: the contact sheet, up to ${perClass} ${first.split} images of ${rows} of ${first.classes.length} classes`,
  );
}

/** Adds the command `show` to `data`. */
export function registerDataShow(data: Command): void {
  data
    .command('show')
    .description('look at images: counts, sizes, classes, broken files, and a contact sheet')
    .argument('<data>', 'a packaged data set or a folder of images')
    .option('--split <name>', 'train or test; both by default, and the training images on the sheet')
    .option(
      '--size <pixels>',
      `side at which a folder's images are read (default: ${folderSize})`,
      wholeNumber('--size'),
    )
    .option('-o, --out <file>', 'where the contact sheet goes', 'contact-sheet.png')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  scalewise data show photos --size 128 --out photos.png\n')
    .action(show);
}
