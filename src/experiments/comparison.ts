// What the arms of one ground amount to beside their control: each sampled in the way that serves it best, and in the way that serves the control best.
import type { Assessor, Figures } from '../recipes/index.js';
import type { ArmResult, Measurement } from './arms.js';
import { type Draw, sameDraw } from './draw.js';
import type { Stability } from './stability.js';
import { relativeDifferences, type Summary, summarise } from './summary.js';

/** One arm over its seeds. */
export interface ArmSummary {
  arm: string;
  seeds: number;
  /** Seeds that were measured; `toControl` counts those of them that the control was measured with too. */
  measured: number;
  /** Seeds whose training diverged. */
  diverged: number;
  /** The way of sampling with which its mean distance is least; undefined where no seed was measured. */
  best: Draw | undefined;
  /** Figures with a way of sampling, over seeds. */
  at: (draw: Draw) => Readonly<Record<string, Summary>>;
  /** Distance relative to the control's in per cent, paired by the seeds of both: both sampled in their own best way, and both in the control's. */
  toControl?: {
    atBest: Summary;
    atSame: Summary;
    /** Both sampled in one way. */
    at: (draw: Draw) => Summary;
    /** Recall relative to the control's in per cent, both sampled in the control's best way. */
    recall: Summary | undefined;
    /** Seeds whose distance, sampled in the arm's best way, is more than twice the control's at its own. */
    collapsed: number;
  };
  stability?: Readonly<Record<keyof Stability, Summary>>;
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

function figuresAt(measurements: readonly Measurement[], draw: Draw): Figures {
  return measurements.find((one) => sameDraw(one, draw))!.figures;
}

function stabilityOver(results: readonly ArmResult[]): ArmSummary['stability'] {
  const all = results.flatMap(({ training }) => training?.stability ?? []);
  if (!all.length) return undefined;
  const keys = Object.keys(all[0]!) as (keyof Stability)[];
  return Object.fromEntries(
    keys.map((key) => [key, summarise(all.map((one) => one[key]))]),
  ) as Required<ArmSummary>['stability'];
}

/** Summarises the arms of one ground in the order of the results; the control is the arm of that name. */
export function compareArms(
  results: readonly ArmResult[],
  control: string,
  { headline, columns }: Pick<Assessor, 'headline' | 'columns'>,
): ArmSummary[] {
  const measuredOf = (arm: string) => results.filter((one) => one.arm === arm && one.measurements.length);
  const bestOf = (arm: string): Draw | undefined => {
    const group = measuredOf(arm);
    const draws = group[0]?.measurements.map(({ cfg, temperature }) => ({ cfg, temperature })) ?? [];
    const meanAt = (draw: Draw) => {
      const { mean } = summarise(group.map((one) => figuresAt(one.measurements, draw)[headline.key]!));
      return Number.isFinite(mean) ? mean : Infinity; // what has no distance is no best
    };
    return draws.length ? draws.reduce((a, b) => (meanAt(b) < meanAt(a) ? b : a)) : undefined;
  };
  const controls = new Map(measuredOf(control).map((one) => [one.seed, one]));
  const controlBest = bestOf(control);
  return distinct(results.map(({ arm }) => arm)).map((arm) => {
    const all = results.filter((one) => one.arm === arm);
    const group = measuredOf(arm);
    const best = bestOf(arm);
    const paired = group.filter(({ seed }) => controls.has(seed));
    const relative = (own: Draw, others: Draw, key = headline.key) =>
      relativeDifferences(
        paired.map((one) => figuresAt(one.measurements, own)[key]!),
        paired.map(({ seed }) => figuresAt(controls.get(seed)!.measurements, others)[key]!),
      );
    const differences = (own: Draw, others: Draw, key?: string) => summarise(relative(own, others, key));
    const hasRecall = columns.some(({ key }) => key === 'recall');
    const compares = arm !== control && arm !== 'before' && paired.length > 0;
    const stability = arm === 'before' ? undefined : stabilityOver(all);
    return {
      arm,
      seeds: all.length,
      measured: group.length,
      diverged: all.filter((one) => one.training?.diverged !== undefined).length,
      best,
      at: (draw) =>
        Object.fromEntries(
          columns.map(({ key }) => [key, summarise(group.map((one) => figuresAt(one.measurements, draw)[key]!))]),
        ),
      ...(compares && {
        toControl: {
          atBest: differences(best!, controlBest!),
          atSame: differences(controlBest!, controlBest!),
          at: (draw) => differences(draw, draw),
          recall: hasRecall ? differences(controlBest!, controlBest!, 'recall') : undefined,
          collapsed: relative(best!, controlBest!).filter((one) => one > 100).length,
        },
      }),
      ...(stability && { stability }),
    };
  });
}
