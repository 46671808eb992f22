// The report of a sweep: tables of best points, models at the same settings and at the same guidance, warnings, the picture, and a CSV file of all points.
import { join } from 'node:path';
import { type Column, writeSvg } from '../recipes/index.js';
import { scalesText } from '../tokenizers/index.js';
import { writeFileAtomic } from '../util/files.js';
import { shellLine } from '../util/shell.js';
import { type Block, type Table, writePage } from './page.js';
import { type Confirmation, confirmationTable } from './sweepConfirm.js';
import { sweepSvg } from './sweepCharts.js';
import { filtersOf, filterText, pointText, samePoint } from './sweepGrid.js';
import type { SweepJudge, SweepModel } from './sweepPoints.js';
import type { Measured } from './sweepRun.js';
import { bestOf, columnsOf, edgesOf, frontierOf, percentOver, pointAt, pointsOf, type Sweep } from './sweepSummary.js';

/** A sweep with what else its report says. */
export interface SweepAccount {
  sweep: Sweep;
  judge: SweepJudge;
  /** Samples a point, and the seed of all of them. */
  count: number;
  seed: number;
  /** Points that there would be if it were whole. */
  total: number;
  /** The best points with other seeds, where that was asked for. */
  confirmation?: Confirmation | undefined;
  /** The command that makes it. */
  command: string;
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} %`;
const percentText = (value: number | undefined) => (value === undefined ? '–' : signed(value));
const figure = ({ key, digits }: Column, one: Measured | undefined) => one?.figures[key]?.toFixed(digits) ?? '–';

/** A distance with its difference from the first model's. */
function against(headline: Column, one: Measured | undefined, first: Measured | undefined): string {
  const text = figure(headline, one);
  if (one === undefined || one.model === first?.model) return text;
  return `${text} (${percentText(percentOver(one.figures[headline.key], first?.figures[headline.key]))})`;
}

/** Each model at its own best point, the differences from the first model's best. */
export function bestTable({ sweep, judge: { headline } }: SweepAccount): Table {
  const columns = columnsOf(sweep);
  const first = bestOf(sweep, sweep.models[0]!);
  const filters = filtersOf(sweep.grid).length > 1;
  const rows = sweep.models.map((model, i) => {
    const best = bestOf(sweep, model);
    const place = best ? [String(best.point.cfg), ...(filters ? [filterText(best.point)] : [])] : ['–', ...(filters ? ['–'] : [])]; // prettier-ignore
    const difference = i === 0 ? '' : percentText(percentOver(best?.figures[headline.key], first?.figures[headline.key])); // prettier-ignore
    return [model.name, ...place, ...columns.map((column) => figure(column, best)), difference];
  });
  const place = ['best guidance', ...(filters ? ['filter'] : [])];
  const against = sweep.models.length > 1 ? `${headline.name} against ${sweep.models[0]!.name}` : '';
  const header = ['model', ...place, ...columns.map(({ name }) => name), against];
  if (against) return { header, rows };
  return { header: header.slice(0, -1), rows: rows.map((row) => row.slice(0, -1)) };
}

/** All models at the settings that are the best of one of them, or of several. */
export function settingsTable({ sweep, judge: { headline } }: SweepAccount): Table {
  const bests = sweep.models.flatMap((model) => bestOf(sweep, model) ?? []);
  const points = bests.map(({ point }) => point);
  const different = points.filter((point, i) => points.findIndex((other) => samePoint(other, point)) === i);
  const rows = different.map((point) => {
    const owners = bests.filter((best) => samePoint(best.point, point)).map(({ model }) => model.name);
    const there = sweep.models.map((each) => pointAt(sweep, each, point));
    return [`best of ${owners.join(' and ')}: ${pointText(point)}`, ...there.map((one) => against(headline, one, there[0]))]; // prettier-ignore
  });
  return { header: ['settings', ...sweep.models.map(({ name }) => name)], rows };
}

/** All models at every guidance, with the filter that is best for each there. The best of a model is bold. */
export function guidanceTable({ sweep, judge: { headline } }: SweepAccount): Table {
  const frontiers = sweep.models.map((model) => frontierOf(sweep, model));
  const bests = sweep.models.map((model) => bestOf(sweep, model));
  const filters = filtersOf(sweep.grid).length > 1;
  const rows = sweep.grid.cfg.map((cfg) => {
    const there = frontiers.map((points) => points.find(({ point }) => point.cfg === cfg));
    const cells = there.map((one, i) => {
      const text = against(headline, one, there[0]) + (one && filters ? `, ${filterText(one.point)}` : '');
      return one && one === bests[i] ? `**${text}**` : text;
    });
    return [String(cfg), ...cells];
  });
  return { header: ['guidance', ...sweep.models.map(({ name }) => name)], rows };
}

/** What the count of samples and of seeds does not allow to conclude. */
function noiseWarnings({ sweep, judge: { headline, width }, count, confirmation }: SweepAccount): string[] {
  const few = `${headline.name}: ${count} samples cannot fill the ${width} dimensions of its features, and their covariance is singular: the values say little; give a --count above ${width}`; // prettier-ignore
  const single = `differences between models are without an interval, and may be noise; --confirm N with at least 2 other seeds measures the best points again and tells`; // prettier-ignore
  return [
    ...(count <= width ? [few] : []),
    ...(sweep.models.length > 1 && (confirmation?.repeats ?? 0) < 2 ? [single] : []),
  ];
}

/** What stands in the way of trusting the best points: the grid ends there, points are missing, figures are no numbers, or samples are too few. */
export function sweepWarnings(account: SweepAccount): string[] {
  const { sweep, total, confirmation } = account;
  const edges = sweep.models.flatMap((model) => {
    const best = bestOf(sweep, model);
    const ends = best ? edgesOf(best.point, sweep.grid, model.settings.guidance.shape) : [];
    return ends.length ? [`${model.name}: its best point lies at ${ends.join(' and ')}, the edge of the grid; beyond it may be a better one`] : []; // prettier-ignore
  });
  const broken = sweep.models.flatMap((model) => {
    const points = pointsOf(sweep, model).filter(({ figures }) => !Number.isFinite(figures[sweep.key]));
    return points.length ? [`${model.name}: the distance is no number at ${points.map(({ point }) => pointText(point)).join('; ')}`] : []; // prettier-ignore
  });
  const whole = total + (confirmation?.total ?? 0);
  const missing = whole - sweep.points.length - (confirmation?.points.length ?? 0);
  const unfinished = `${missing} of ${whole} points are not measured yet; the same command goes on`;
  return [...(missing ? [unfinished] : []), ...edges, ...broken, ...noiseWarnings(account)];
}

/** All points as a CSV file's text, a row a point; the best ones with other seeds come last. */
export function sweepCsv({ sweep, count, confirmation }: SweepAccount): string {
  const columns = columnsOf(sweep);
  const cell = (value: string | number) =>
    typeof value === 'string' && /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);
  const header = ['model', 'path', 'weights', 'cfg', 'topK', 'topP', 'temperature', 'count', 'seed'];
  const points = [...sweep.points, ...(confirmation?.points ?? [])];
  const rows = points.map(({ model, point: { cfg, topK, topP, temperature }, seed, figures }) => [
    ...[model.name, model.path, model.fingerprint, cfg, topK, topP, temperature, count, seed],
    ...columns.map(({ key }) => figures[key] ?? ''),
  ]);
  return [[...header, ...columns.map(({ key }) => key)], ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** The command that samples a model at its best, with all that the sweep sampled every point with. */
function sampleCommand(
  { path, loading, settings: { guidance, greedyScales } }: SweepModel,
  { point }: Measured,
): string {
  const { cfg, topK, topP, temperature } = point;
  const { shape, interval } = guidance;
  const greedy = typeof greedyScales === 'object' ? scalesText(greedyScales) : greedyScales;
  const said = {
    ...loading,
    cfg,
    guidance: shape === 'ramp' ? undefined : shape,
    'cfg-interval': interval?.map((index) => index + 1).join(':'),
    'full-above': guidance.shape === 'ramp' ? guidance.fullAbove : undefined,
    greedy,
    'top-k': topK || undefined,
    'top-p': topP || undefined,
    temperature: temperature === 1 ? undefined : temperature,
  };
  const flags = Object.entries(said).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])); // prettier-ignore
  return shellLine(['scalewise', 'sample', '--generator', path, ...flags]);
}

function confirmationBlocks({ sweep, judge, confirmation }: SweepAccount): Block[] {
  if (!confirmation) return [];
  const text = `The lowest of many figures is partly luck. These are the best points again, with ${confirmation.repeats} other ${confirmation.repeats === 1 ? 'seed, which' : 'seeds, which'} chose nothing: mean ± standard deviation, differences paired by seed with their 95 % intervals.`;
  return [{ heading: 'Measured again' }, { text }, { table: confirmationTable(sweep, confirmation, judge.headline) }];
}

function blocksOf(account: SweepAccount): Block[] {
  const { sweep, judge, count, seed, command } = account;
  const several = sweep.models.length > 1;
  const warnings = sweepWarnings(account);
  const bests = sweep.models.flatMap((model) => bestOf(sweep, model) ?? []);
  const shapes = [...new Set(sweep.models.map(({ settings }) => settings.guidance.shape))].join(' and ');
  return [
    { text: `${count} samples a point, all with seed ${seed}, against ${judge.reference}; guidance: ${shapes}.` }, // prettier-ignore
    { command },
    ...(warnings.length ? [{ heading: 'Warnings' }, { list: warnings }] : []),
    { heading: several ? 'Each model at its own best' : 'The best point' },
    { table: bestTable(account) },
    ...confirmationBlocks(account),
    ...(several ? [{ heading: 'All models at the same settings' }, { table: settingsTable(account) }] : []),
    { heading: several ? 'All models at the same guidance' : 'Every guidance' },
    { table: guidanceTable(account) },
    { picture: 'sweep', caption: 'Diamonds are the best points, with their guidance beside them.', kind: 'svg' },
    { heading: 'Samples of the best' },
    { command: bests.map((best) => sampleCommand(best.model, best)).join('\n') },
    { text: `All points are in \`sweep.csv\`. ${judge.note}` },
  ];
}

/** Writes `report.md`, `report.html`, `sweep.svg`, `sweep.png` and `sweep.csv` into a folder. */
export async function writeSweep(folder: string, account: SweepAccount): Promise<void> {
  const { sweep } = account;
  await writeSvg(join(folder, 'sweep'), sweepSvg(sweep));
  writeFileAtomic(join(folder, 'sweep.csv'), sweepCsv(account));
  const names = sweep.models.map(({ name }) => name).join(', ');
  writePage(folder, { title: `Guidance sweep of ${names}`, blocks: blocksOf(account) });
}
