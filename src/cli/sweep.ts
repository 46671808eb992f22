// `scalewise sweep`: a grid of sampling settings over several models, drawn and compared at each model's own best and at the same settings.
import { type Command, Option } from 'commander';
import { join } from 'node:path';
import { bestOf, bestTable, type Confirmation, confirmationTable, confirmationTasks, type Grid, gridPoints, type Measured, parseValues, PointStore, runSweep, type Sweep, type SweepAccount, type SweepEnd, sweepWarnings, writeSweep } from '../experiments/index.js'; // prettier-ignore
import { UsageError } from '../util/errors.js';
import { shellLine } from '../util/shell.js';
import type { SamplingFlags } from './samplingOptions.js';
import { exitCodeOf, positive, say, wholeNumber } from './settingsOptions.js';
import { type JudgeFlags, sweepJudge } from './sweepJudge.js';
import { sweptModels } from './sweepModels.js';
import { tableLines } from './table.js';

type Kept = 'tokenizer' | 'guidance' | 'cfgInterval' | 'fullAbove' | 'greedy' | 'seed' | 'device' | 'threads' | 'precision' | 'weights'; // prettier-ignore

interface Flags extends Pick<SamplingFlags, Kept>, Omit<JudgeFlags, 'device'> {
  cfg: string;
  topK: string;
  topP: string;
  temperature: string;
  count: number;
  confirm: number;
  json?: boolean;
}

function gridOf(flags: Flags): Grid {
  const axis = (flag: string, text: string, expected: string, fits: (value: number) => boolean) => {
    const values = parseValues(flag, text);
    const misfit = values.find((value) => !fits(value));
    if (misfit === undefined) return values;
    throw new UsageError(`${flag}: expected ${expected}, got ${misfit}`);
  };
  return {
    cfg: axis('--cfg', flags.cfg, 'numbers of at least 0', () => true),
    topK: axis('--top-k', flags.topK, 'whole numbers', Number.isInteger),
    topP: axis('--top-p', flags.topP, 'numbers from 0 to 1', (value) => value <= 1),
    temperature: axis('--temperature', flags.temperature, 'numbers above 0', (value) => value > 0),
  };
}

/** The command as it could be given again, what is usual left out. */
function commandOf(paths: readonly string[], flags: Flags): string {
  const { out, cfg, topK, topP, temperature, guidance, cfgInterval, fullAbove, greedy, data, reference, classifier, inception, features, tokenizer, count, batch, seed, confirm, device, precision, weights } = flags; // prettier-ignore
  const said = { data, reference, classifier, inception, features, tokenizer, cfg, 'top-k': topK, 'top-p': topP, temperature, guidance, 'cfg-interval': cfgInterval, 'full-above': fullAbove, greedy, count, batch, seed, confirm, device, precision, weights, out }; // prettier-ignore
  const usual: Partial<Record<string, string | number>> = { 'top-k': '0', 'top-p': '0', temperature: '1', guidance: 'ramp', batch: 100, confirm: 0, device: 'cpu', precision: 'auto', weights: 'float32' }; // prettier-ignore
  const shown = Object.entries(said).filter(([name, value]) => value !== undefined && value !== usual[name]);
  return shellLine(['scalewise', 'sweep', ...paths, ...shown.flatMap(([name, value]) => [`--${name}`, ...(value === true ? [] : [String(value)])])]); // prettier-ignore
}

function print(account: SweepAccount, out: string, json: boolean): void {
  const { sweep, judge, count, seed, total, confirmation } = account;
  const warnings = sweepWarnings(account);
  if (json) {
    const plain = ({ model, point, seed, figures }: Measured) => ({ model: model.name, ...point, seed, figures });
    const points = sweep.points.map(plain);
    const confirmed = confirmation?.points.map(plain);
    const best = sweep.models.map((model) => ({ model: model.name, ...bestOf(sweep, model)?.point }));
    const { reference, headline } = judge;
    console.log(
      JSON.stringify({ out, count, seed, reference, distance: headline.key, total, best, warnings, points, confirmed }),
    );
    return;
  }
  const { header, rows } = bestTable(account);
  for (const line of tableLines([header, ...rows])) console.log(line);
  if (confirmation) {
    const again = confirmationTable(sweep, confirmation, judge.headline);
    console.log('measured again:');
    for (const line of tableLines([again.header, ...again.rows])) console.log(line);
  }
  for (const warning of warnings) console.log(`warning: ${warning}`);
  console.log(`${join(out, 'report.html')} shows all ${sweep.points.length} points`);
}

/** The best points with other seeds, and how that ended. */
async function confirm(
  sweep: Sweep,
  store: PointStore,
  { seed, confirm: repeats }: Flags,
): Promise<{ confirmation?: Confirmation; end: SweepEnd }> {
  if (!repeats) return { end: 'done' };
  const tasks = confirmationTasks(sweep, seed, repeats);
  const { points, end } = await runSweep(tasks, store, (line) => {
    say(`best points again: ${line}`);
  });
  return { confirmation: { points, repeats, total: tasks.length }, end };
}

async function run(paths: readonly string[], flags: Flags): Promise<void> {
  const { out, count, batch, seed, json = false } = flags;
  const grid = gridOf(flags);
  const at = gridPoints(grid);
  const sampling = { ...flags, cfg: grid.cfg.at(-1)!, topK: 0, topP: 0, temperature: 1 };
  const models = sweptModels(paths, sampling);
  const { classes } = models[0]!;
  if (count < classes) throw new UsageError(`--count: expected at least one image a class (${classes}), got ${count}`);
  using judge = await sweepJudge(flags, sampling, models);
  const store = new PointStore(out, judge, { count, batchSize: batch });
  const tasks = models.flatMap((model) => at.map((point) => ({ model, point, seed })));
  const { points, end } = await runSweep(tasks, store, say);
  process.exitCode = exitCodeOf(end);
  if (!points.length) return;
  const sweep = { models, grid, key: judge.headline.key, points };
  const again = end === 'done' ? await confirm(sweep, store, flags) : { end };
  process.exitCode = exitCodeOf(again.end);
  const account = { sweep, judge, count, seed, total: tasks.length, command: commandOf(paths, flags), ...again }; // prettier-ignore
  await writeSweep(out, account);
  print(account, out, json);
}

export function registerSweep(program: Command): void {
  program
    .command('sweep')
    .description('measure models over a grid of sampling settings; the same command goes on, or adds points')
    .argument('<models...>', 'run folders, files or pulled names of generators; differences are to the first one')
    .optionsGroup('Grid (numbers and ranges FROM:TO:STEP, with commas between them):')
    .option('--cfg <values>', 'strengths of guidance; 0 for none (1 where it is constant)', '0:4:0.5')
    .option('--top-k <values>', 'draw from the k most probable codes; 0 for all', '0')
    .option('--top-p <values>', 'draw from the most probable codes of this mass; 0 for all', '0')
    .option('--temperature <values>', 'divides the logits', '1')
    .optionsGroup('At every point:')
    .addOption(
      new Option('--guidance <shape>', 'from none at the first scale to --cfg at the last, or the same at all')
        .choices(['ramp', 'constant'])
        .default('ramp'),
    )
    .option('--cfg-interval <from:to>', 'guide these scales only, counted from 1')
    .option(
      '--full-above <side>',
      "a ramp's scales above this side get all of --cfg; the family's own limit by default",
      wholeNumber('--full-above'),
    )
    .option(
      '--greedy <scales>',
      "take the most probable token at these scales, or `published`: where the family's sampler does",
    )
    .option(
      '--confirm <n>',
      'measure the best points again with so many other seeds: the lowest of many figures is partly luck',
      wholeNumber('--confirm'),
      0,
    )
    .option('-n, --count <n>', 'samples a point, the classes in equal shares', positive('--count'), 2000)
    .option('--seed <n>', 'seed of the samples, the same at every point and for every model', wholeNumber('--seed'), 0)
    .option('-t, --tokenizer <path>', 'the tokenizer of all models; the one beside each by default')
    .optionsGroup('Measured by:')
    .option(
      '-d, --data <name>',
      'a packaged data set or a folder, whose held-out images count; what the models were trained on by default',
    )
    .option(
      '-r, --reference <what>',
      'instead: statistics or images as .npz, a folder of images, or a data set as NAME:train',
    )
    .option(
      '--classifier <file>',
      'a classifier of the data, the default; trained and kept in the cache where it is missing',
    )
    .addOption(
      new Option(
        '--inception [file]',
        'Inception-v3, for FID: the published weights, in the cache by default',
      ).conflicts(['classifier', 'features']),
    )
    .addOption(new Option('--features <file>', 'another network').conflicts(['classifier', 'inception'])) // prettier-ignore
    .optionsGroup('Options:')
    .option('-o, --out <folder>', 'where points, pictures and the report go', 'sweep')
    .option('-b, --batch <n>', 'images at once', positive('--batch'), 100)
    .option('--device <name>', 'cpu, cuda or cuda:N', 'cpu')
    .option('--threads <n>', 'threads of an operator; 0 for one a core', wholeNumber('--threads'), 0)
    .option('--precision <name>', 'what is computed in: auto, float32 or bfloat16', 'auto')
    .option('--weights <name>', 'what the generators’ weights are held in: float32 or bfloat16', 'float32')
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      '\nExample:\n  scalewise sweep runs/generator runs/sar --cfg 1:4:0.25 --top-k 0,900 --top-p 0,0.95 --out runs/sweep\n',
    )
    .action(run);
}
