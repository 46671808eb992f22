// Figures that are computed once: kept as JSON under a name that stands for all that settles them, so that the same command goes on where it was cut.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differences } from '../../util/differences.js';
import { UsageError } from '../../util/errors.js';
import { explainIo, writeFileAtomic } from '../../util/files.js';
import { hashOf } from '../sweepPoints.js';

/** JSON has no word for infinite and missing numbers; they are written as text, and read as numbers again. */
const words: Record<string, number> = { Infinity: Infinity, '-Infinity': -Infinity, NaN: NaN };
const write = (_: string, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value); // prettier-ignore
const read = (_: string, value: unknown) => (typeof value === 'string' && value in words ? words[value] : value);

/**
 * The figures of `make`, or those that an earlier run of the same settings left in `<folder>/figures`.
 * @param settings all that the figures depend on, as JSON
 * @throws UsageError where the file holds those of other settings
 */
export function kept<T>(folder: string, name: string, settings: Readonly<Record<string, unknown>>, make: () => T): T {
  const wanted = JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
  const path = join(folder, 'figures', `${name}-${hashOf(JSON.stringify(wanted)).slice(0, 8)}.json`);
  if (existsSync(path)) {
    const text = explainIo(path, () => readFileSync(path, 'utf8'));
    const found = parse(path, text);
    const changed = differences(found.settings, wanted);
    if (changed.length)
      throw new UsageError(`${path}: expected figures of the settings that its name says, found others (${changed.join(', ')}); remove it to measure again`); // prettier-ignore
    return found.figures as T;
  }
  const figures = make();
  writeFileAtomic(path, `${JSON.stringify({ settings: wanted, figures }, write, 2)}\n`);
  return figures;
}

function parse(path: string, text: string): { settings: unknown; figures: unknown } {
  try {
    const found = JSON.parse(text, read) as { settings: unknown; figures: unknown };
    if (typeof found === 'object' && 'figures' in found) return found;
  } catch {
    // told below
  }
  throw new UsageError(`${path}: expected figures as JSON, found something else; remove it to measure again`);
}

/** Writes all numbers of an analysis as `<folder>/values.json`. */
export function writeValues(folder: string, values: unknown): void {
  writeFileAtomic(join(folder, 'values.json'), `${JSON.stringify(values, write, 2)}\n`);
}
