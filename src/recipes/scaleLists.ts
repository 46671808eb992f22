// The lists of scales that a training may ask for, from its settings.
import { UsageError } from '../util/errors.js';
import type { Family } from '../tokenizers/index.js';
import type { GeneratorSettings } from './settings.js';

/** What settings say of scales; a schedule that is not given is fixed. */
export interface ScaleSettings {
  scales: readonly number[];
  scaleSchedule?: GeneratorSettings['scaleSchedule'];
}

/**
 * The lists of scales whose tokens a training needs: the fixed one, or all sides that may be drawn as one list.
 * @throws UsageError where lists are drawn for residuals: each of the many lists would have tokens of its own
 */
export function listsDrawn({ scales, scaleSchedule }: ScaleSettings, family: Family): number[][] {
  if (!scaleSchedule || scaleSchedule.kind === 'fixed') return [[...scales]];
  if (family === 'var')
    throw new UsageError(
      'scaleSchedule: random lists of scales cannot be served from stored tokens of residuals; use a fixed one',
    );
  const { first, groups } = scaleSchedule;
  const ranges = groups.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  return [[...new Set([...scales, ...first, ...ranges])].sort((a, b) => a - b)];
}
