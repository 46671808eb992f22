// `sweep.csv` of a guidance sweep: a row a measured point.
import { UsageError } from '../../util/errors.js';
import type { ExperimentResults, SweepPoint } from '../api/index.js';
import { metricOf, orNull } from './numbers.js';

/** The cells of a line of comma-separated values; a quoted one may hold commas and doubled quotes. */
function cellsOf(line: string): string[] {
  return Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );
}

const settled = ['model', 'path', 'weights', 'cfg', 'topK', 'topP', 'temperature', 'count', 'seed'];

function seedOf(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(`expected whole numbers as seed, found ${value}`);
}

/** Reads the file. @throws UsageError where it is none of a sweep */
export function readSweep(text: string): { results: ExperimentResults; said: string } {
  const [header = [], ...rows] = text.split('\n').filter(Boolean).map(cellsOf); // prettier-ignore
  if (settled.some((name, i) => header[i] !== name)) throw new UsageError('expected the points of a sweep, found other columns'); // prettier-ignore
  const keys = header.slice(settled.length);
  const points = rows.map((cells): SweepPoint => {
    const at = (name: string) => cells[header.indexOf(name)] ?? '';
    const numberAt = (name: string) => {
      const value = Number(at(name));
      if (at(name) !== '' && Number.isFinite(value)) return value;
      throw new UsageError(`expected numbers, found '${at(name)}' as ${name}`);
    };
    const figure = (key: string) => (at(key) === '' ? null : orNull(Number(at(key))));
    return {
      model: at('model'),
      cfg: numberAt('cfg'),
      topK: numberAt('topK'),
      topP: numberAt('topP'),
      temperature: numberAt('temperature'),
      seed: seedOf(numberAt('seed')),
      figures: Object.fromEntries(keys.map((key) => [key, figure(key)])),
    };
  });
  const models = [...new Set(points.map(({ model }) => model))];
  const metrics = keys.filter((key) => key !== 'images').map(metricOf);
  return { results: { kind: 'sweep', metrics, points }, said: `${models.join(', ')}: ${points.length} points` };
}
