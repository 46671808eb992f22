// What the arms of one ground amount to beside their control: at each arm's own best guidance, and at the control's.
import type { Assessor, Figures } from '../recipes/index.js';
import type { ArmResult, Measurement } from './arms.js';
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
  /** Strength of guidance at which its mean distance is least; undefined where no seed was measured. */
  best: number | undefined;
  /** Figures at a strength of guidance, over seeds. */
  at: (cfg: number) => Readonly<Record<string, Summary>>;
  /** Distance relative to the control's in per cent, paired by the seeds of both: both at their own best guidance, and both at the control's. */
  toControl?: {
    atBest: Summary;
    atSame: Summary;
    /** Both at one strength of guidance. */
    at: (cfg: number) => Summary;
    /** Recall relative to the control's in per cent, both at the control's guidance. */
    recall: Summary | undefined;
    /** Seeds whose distance, at the arm's best guidance, is more than twice the control's at its own. */
    collapsed: number;
  };
  stability?: Readonly<Record<keyof Stability, Summary>>;
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

function figuresAt(measurements: readonly Measurement[], cfg: number): Figures {
  return measurements.find((one) => one.cfg === cfg)!.figures;
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
  const bestOf = (arm: string): number | undefined => {
    const group = measuredOf(arm);
    const cfgs = group[0]?.measurements.map(({ cfg }) => cfg) ?? [];
    const meanAt = (cfg: number) => {
      const { mean } = summarise(group.map((one) => figuresAt(one.measurements, cfg)[headline.key]!));
      return Number.isFinite(mean) ? mean : Infinity; // what has no distance is no best
    };
    return cfgs.length ? cfgs.reduce((a, b) => (meanAt(b) < meanAt(a) ? b : a)) : undefined;
  };
  const controls = new Map(measuredOf(control).map((one) => [one.seed, one]));
  const controlBest = bestOf(control);
  return distinct(results.map(({ arm }) => arm)).map((arm) => {
    const all = results.filter((one) => one.arm === arm);
    const group = measuredOf(arm);
    const best = bestOf(arm);
    const paired = group.filter(({ seed }) => controls.has(seed));
    const relative = (own: number, others: number, key = headline.key) =>
      relativeDifferences(
        paired.map((one) => figuresAt(one.measurements, own)[key]!),
        paired.map(({ seed }) => figuresAt(controls.get(seed)!.measurements, others)[key]!),
      );
    const differences = (own: number, others: number, key?: string) => summarise(relative(own, others, key));
    const hasRecall = columns.some(({ key }) => key === 'recall');
    const compares = arm !== control && arm !== 'before' && paired.length > 0;
    const stability = arm === 'before' ? undefined : stabilityOver(all);
    return {
      arm,
      seeds: all.length,
      measured: group.length,
      diverged: all.filter((one) => one.training?.diverged !== undefined).length,
      best,
      at: (cfg) =>
        Object.fromEntries(
          columns.map(({ key }) => [key, summarise(group.map((one) => figuresAt(one.measurements, cfg)[key]!))]),
        ),
      ...(compares && {
        toControl: {
          atBest: differences(best!, controlBest!),
          atSame: differences(controlBest!, controlBest!),
          at: (cfg: number) => differences(cfg, cfg),
          recall: hasRecall ? differences(controlBest!, controlBest!, 'recall') : undefined,
          collapsed: relative(best!, controlBest!).filter((one) => one > 100).length,
        },
      }),
      ...(stability && { stability }),
    };
  });
}
