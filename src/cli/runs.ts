// `scalewise runs list|show|compare|prune`: what trainings there are, how they went, which is better, and what of them can be deleted.
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { megabytes } from '../hub/index.js';
import { curveOf, writeCharts } from '../recipes/index.js';
import { verifyCheckpoint } from '../train/checkpointFiles.js';
import { metricsSideBySide, type MetricTable, settingsThatDiffer } from '../train/compareRuns.js';
import { planPruning, prune, type Pruning } from '../train/prune.js';
import { findRuns, readRun, type RunSummary } from '../train/runs.js';
import { UsageError } from '../util/errors.js';
import { positive, say, wholeNumber } from './settingsOptions.js';
import { tableLines } from './table.js';

const json = (value: unknown) => {
  console.log(JSON.stringify(value, undefined, 2));
};
const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
const whole = (value: number) => value.toLocaleString('en');
const figure = (value: number | undefined) => (typeof value === 'number' ? String(Number(value.toPrecision(5))) : '–');
const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value) || '–');

/** A time of this machine, to the minute. */
const time = (date: Date) => {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
};

/** A run without its records. */
function brief({ records, config, checkpoints, last, ...rest }: RunSummary) {
  const loss = last?.['loss'];
  return { ...rest, data: config['data'], loss, records: records.length, checkpoints: checkpoints.length };
}

/** What `read` makes of each path; the sentence of one that cannot be read is told, and it is left out. */
function readable<T>(paths: readonly string[], read: (path: string) => T): { found: T[]; broken: string[] } {
  const [found, broken]: [T[], string[]] = [[], []];
  for (const path of paths)
    try {
      found.push(read(path));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      broken.push(error.message);
      say(`left out: ${error.message}`);
    }
  return { found, broken };
}

function list(folder: string, flags: { json?: boolean }): void {
  const { found, broken } = readable(findRuns(folder), readRun);
  if (flags.json) {
    json({ runs: found.map(brief), broken });
    return;
  }
  if (!found.length) {
    console.log(`${folder}: there is no run in it`);
    return;
  }
  const rows = found.map(({ path, kind, family, config, imagesSeen, images, last, state, written, bytes }) => [
    path, kind, family ?? '–', text(config['data']), `${whole(imagesSeen)} / ${whole(images)}`, figure(last?.['loss']), state, time(written), megabytes(bytes),
  ]); // prettier-ignore
  const heading = ['run', 'kind', 'family', 'data', 'images', 'loss', 'state', 'written', 'size'];
  for (const line of tableLines([heading, ...rows], new Set([4, 5, 8]))) console.log(line);
  for (const { problems } of found) for (const sentence of problems) console.log(sentence);
}

/** What reading every byte of the checkpoints tells: what is wrong, one sentence a damaged one. */
function damage({ checkpoints }: RunSummary): string[] {
  return checkpoints.flatMap(({ path }) => {
    try {
      verifyCheckpoint(path);
      return [];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return [error.message];
    }
  });
}

function show(path: string, flags: { json?: boolean; verify?: boolean }): void {
  const run = readRun(path);
  const glanced = run.checkpoints.flatMap(({ problem }) => problem ?? []);
  const ofMetrics = run.problems.filter((sentence) => !glanced.includes(sentence));
  const wrong = [...ofMetrics, ...(flags.verify ? damage(run) : glanced)];
  if (wrong.length) process.exitCode = 1;
  const { config, last, checkpoints } = run;
  if (flags.json) {
    json({ ...brief(run), config, last, checkpoints, damaged: wrong });
    return;
  }
  const { state, host, imagesSeen, imagesSaved, images, written, bytes } = run;
  console.log(`${path}: ${run.kind}, ${state}${host !== undefined ? `, written by ${host}` : ''}, ${time(written)}, ${megabytes(bytes)}`); // prettier-ignore
  console.log(`${whole(imagesSeen)} of ${whole(images)} images seen, ${whole(imagesSaved)} of them in the newest whole checkpoint`); // prettier-ignore
  const yaml = { settings: config, last: last ?? {} };
  console.log(stringify(yaml, { flowCollectionPadding: false, lineWidth: 110 }).trimEnd());
  for (const { path: one, clock, bytes: size, kept } of checkpoints)
    console.log(`${one}: ${clock ? `${whole(clock.imagesSeen)} images, ` : ''}${megabytes(size)}${kept ? ', kept for good' : ''}`); // prettier-ignore
  if (flags.verify && !wrong.length) console.log(`${plural(checkpoints.length, 'checkpoint')}: every file has the sum that its manifest names`); // prettier-ignore
  for (const sentence of wrong) console.log(sentence);
}

interface CompareFlags {
  json?: boolean;
  metric: string[];
  points: number;
  chart?: string;
}

function metricLines({ metric, rows }: MetricTable, names: readonly string[]): string[] {
  const cells = rows.map(({ imagesSeen, values }) => [whole(imagesSeen), ...values.map(figure)]);
  return tableLines([[metric, ...names], ...cells], new Set(cells[0]!.keys()));
}

async function compare(paths: string[], { json: asJson, metric, points, chart }: CompareFlags): Promise<void> {
  if (paths.length < 2) throw new UsageError('runs compare: give two runs or more');
  const runs = paths.map(readRun);
  const settings = settingsThatDiffer(runs);
  const metrics = metricsSideBySide(runs, points, metric.length ? metric : undefined);
  if (asJson) json({ runs: runs.map(brief), settings, metrics });
  else {
    const rows = settings.map(({ setting, values }) => [setting, ...values.map(text)]);
    for (const line of tableLines([['setting', ...paths], ...rows])) console.log(line);
    for (const table of metrics) console.log(['', ...metricLines(table, paths)].join('\n'));
  }
  if (chart === undefined) return;
  const charts = metrics.map(({ metric: name }) => ({
    title: name,
    xName: 'images seen',
    yName: name,
    curves: paths.map((path) => curveOf(path, name, path)),
  }));
  await writeCharts(chart, charts);
  say(`curves: ${chart}.svg, ${chart}.png`);
}

interface PruneFlags {
  keep: number;
  keepEvery?: number;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** What a plan says, before and after it is done. */
function planText({ run, kept, deleted, leftovers }: Pruning, done: boolean): string {
  const size = megabytes(deleted.reduce((sum, { bytes }) => sum + bytes, 0));
  const aside = leftovers.length ? ` and ${plural(leftovers.length, 'left-over')} of interrupted saves` : '';
  return `${run}: ${done ? 'deleted' : 'would delete'} ${plural(deleted.length, 'checkpoint')} (${size})${aside}, ${done ? 'kept' : 'keep'} ${kept.length}`;
}

function pruneAll(paths: string[], { keep, keepEvery, dryRun = false, yes = false, json: asJson }: PruneFlags): void {
  if (dryRun && yes) throw new UsageError('runs prune: --dry-run and --yes exclude each other');
  const { found: plans, broken } = readable(paths, (path) =>
    planPruning(path, { keep, ...(keepEvery !== undefined && { keepEvery }) }),
  );
  if (broken.length) process.exitCode = 1;
  if (yes) plans.forEach(prune);
  if (asJson) json({ deleted: yes, plans, broken });
  for (const plan of asJson ? [] : plans) {
    console.log(planText(plan, yes));
    for (const { path } of plan.deleted) console.log(`  ${path}`);
  }
  const isWork = plans.some(({ deleted, leftovers }) => deleted.length + leftovers.length > 0);
  if (!yes && !dryRun && isWork) throw new UsageError('runs prune: nothing was deleted; add --yes to delete this');
}

const collect = (value: string, all: string[]) => [...all, value];

/** Adds the command `runs`. */
export function registerRuns(program: Command): void {
  const group = program.command('runs').description('list, compare and prune trainings');
  group
    .command('list')
    .description('the trainings in a folder: how far, how well, whole or damaged, and how large')
    .argument('[folder]', 'where to look, four levels deep', 'runs')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  scalewise runs list\n')
    .action(list);
  group
    .command('show')
    .description('one training: settings, the last recorded numbers, checkpoints; exit code 1 where one is damaged')
    .argument('<run>', 'a run folder')
    .option('--verify', 'read every byte of the checkpoints and compare the SHA-256 sums')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  scalewise runs show runs/sar --verify\n')
    .action(show);
  group
    .command('compare')
    .description('settings that differ, and metrics side by side at equal numbers of images seen')
    .argument('<runs...>', 'two run folders or more')
    .option('-m, --metric <name>', 'a metric to compare; repeatable; all that they share by default', collect, [])
    .option('--points <n>', 'rows a metric; between two records a value lies on the line', positive('--points'), 8)
    .option('--chart <path>', 'also write the curves to <path>.svg and <path>.png')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  scalewise runs compare runs/sar runs/control --metric loss\n')
    .action(compare);
  group
    .command('prune')
    .description('delete checkpoints: all but the newest whole ones and those kept for good')
    .argument('<runs...>', 'run folders')
    .option('--keep <n>', 'how many of the newest stay', positive('--keep'), 1)
    .option(
      '--keep-every <images>',
      'one stays for every so many images; 0 for none of those kept for good',
      wholeNumber('--keep-every'),
    ) // prettier-ignore
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'delete it')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  scalewise runs prune runs/* --keep-every 1000000 --dry-run\n')
    .action(pruneAll);
}
