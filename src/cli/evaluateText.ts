// How `scalewise evaluate` tells what it found: a table for people, or JSON.
import type { Evaluation, Figure, SubjectResult } from '../recipes/index.js';
import { tableLines } from './table.js';

type Shown = Pick<Figure, 'value' | 'digits' | 'deviation'> & { estimate?: { low: number; high: number } | undefined };

function cell(figure: Shown | undefined): string {
  if (!figure) return '–';
  const { value, digits, estimate, deviation } = figure;
  const show = (one: number) => one.toFixed(digits).replace(/^-(?=[0.]+$)/, '');
  const noise = estimate ? ` (${show(estimate.low)} to ${show(estimate.high)})` : '';
  return `${show(value)}${noise}${deviation === undefined ? '' : ` ± ${show(deviation)}`}`;
}

function rowsOf(columns: readonly SubjectResult[]): string[][] {
  const [first] = columns;
  const value = (figures: readonly Figure[], key: string) => figures.find((one) => one.key === key);
  const rows = first!.figures.map(({ key, name }) => [
    name,
    ...columns.map(({ figures }) => cell(value(figures, key))),
  ]);
  const lines = columns.map(({ figures: [distance] }) => {
    const { line, digits } = distance!;
    return cell(line && { value: line.infinity, digits, estimate: line.interval });
  });
  if (first!.figures[0]!.line) rows.splice(1, 0, [`${first!.figures[0]!.name}, at infinitely many images`, ...lines]);
  return rows;
}

/** Distances of fewer images, as far as the line to infinitely many goes through them: five of its points. */
function countsLine({ name, figures: [distance] }: SubjectResult): string[] {
  const { line, digits } = distance!;
  if (!line) return [];
  const { points } = line;
  const shown = [0, 1, 2, 3, 4].map((i) => points[Math.round((i * (points.length - 1)) / 4)]!);
  const each = [...new Set(shown)].map(({ count, value }) => `${value.toFixed(digits)} of ${count}`);
  return [`${distance!.name} by the number of images, ${name}: ${each.join(', ')}`];
}

/** The result in lines. */
export function evaluationText(
  { protocol, accuracy, results, real, comparisons, warnings }: Evaluation,
  notes: readonly string[],
): string[] {
  // prettier-ignore
  const columns = [...results, ...(real ? [real] : [])];
  const header = ['', ...columns.map((one) => (one === real ? `real: ${one.name}` : one.name))];
  const counts = ['images', ...columns.map(({ count }) => String(count))];
  const { network, reference, noise, partSize, batchSize, device, threads, versions } = protocol;
  return [
    `against ${reference.name}`,
    ...tableLines([header, counts, ...rowsOf(columns)]),
    ...results.flatMap(countsLine),
    ...comparisons.flatMap(({ figures }) => figures.map(({ sentence }) => sentence)),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...notes,
    ...(accuracy === undefined ? [] : [`The classifier finds the class of ${(100 * accuracy).toFixed(1)} % of the reference's images.`]), // prettier-ignore
    ...(noise.replicates ? [`In brackets: ${100 * noise.level} % intervals of the noise at this count, by bootstrap (${noise.replicates} replicates of the distance). After ±: the deviation over splits or subsets.`] : []), // prettier-ignore
    `protocol: network ${network.name} ${network.sha256.slice(0, 16)}, seed ${noise.seed}, batches of ${batchSize} in parts of ${partSize}, ${device}, threads ${threads.join(' and ')}, scalewise ${versions.scalewise}, libtorch ${versions.libtorch}`, // prettier-ignore
  ];
}

const interval = ({ estimate }: Figure) =>
  estimate && { low: estimate.low, high: estimate.high, level: estimate.level, deviation: estimate.deviation, bias: estimate.bias, replicates: estimate.replicates }; // prettier-ignore

/** One subject's figures by key, as JSON has them. */
function modelJson({ name, count, figures, identity }: SubjectResult): Record<string, unknown> {
  const byKey = (one: (figure: Figure) => unknown) =>
    Object.fromEntries(figures.flatMap((figure) => { const found = one(figure); return found === undefined ? [] : [[figure.key, found] as const]; })); // prettier-ignore
  return {
    name,
    images: count,
    distance: figures[0]!.name,
    figures: byKey(({ value }) => value),
    deviations: byKey(({ deviation }) => deviation),
    intervals: byKey(interval),
    ...(figures[0]!.line && { extrapolation: figures[0]!.line }),
    identity,
  };
}

/** The result as one object. */
export function evaluationJson({ protocol, accuracy, results, real, comparisons, warnings }: Evaluation): object {
  return {
    protocol,
    ...(accuracy !== undefined && { classifierAccuracy: accuracy }),
    models: results.map(modelJson),
    ...(real && { real: modelJson(real) }),
    comparisons,
    warnings,
  };
}
