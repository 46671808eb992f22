// What compares models: a judge of samples with a distance that ranks them, whichever network its features come from.
import { createHash } from 'node:crypto';
import type { Judge, JudgeOptions } from './judge.js';
import { judgeModel } from './judge.js';
import type { Pair, SamplingSettings } from './pictures.js';

/** A figure and how tables show it. */
export interface Column {
  key: string;
  name: string;
  digits: number;
}

/** Figures of one model by key. */
export type Figures = Readonly<Record<string, number>>;

/** Measures samples of a generator: what sweeps and experiments compare models by. */
export interface Assessor {
  /** The distance that models are ranked by: lower is nearer to the reference. */
  headline: Column;
  /** All figures, the headline first. */
  columns: readonly Column[];
  /** What is compared with, e.g. `fashion-mnist test (10000 images)`. */
  reference: string;
  /** Tells network and reference from others: figures of another one are no figures of this. */
  fingerprint: string;
  /** Samples a model, the classes in equal shares, and measures. */
  assess(pair: Pair, how: SamplingSettings, options: JudgeOptions): Figures;
}

/** Assesses by a classifier of the same data: FCD, precision, recall, class agreement. */
export function classifierAssessor(judge: Judge): Assessor {
  const hash = createHash('sha256');
  for (const weight of judge.classifier.stateDict().values()) hash.update(weight.bytes());
  const headline = { key: 'fcd', name: 'FCD', digits: 3 };
  const columns = [
    headline,
    { key: 'precision', name: 'precision', digits: 3 },
    { key: 'recall', name: 'recall', digits: 3 },
    { key: 'agreement', name: 'class agreement', digits: 3 },
  ];
  return {
    headline,
    columns,
    reference: judge.reference,
    fingerprint: hash.update(judge.reference).digest('hex').slice(0, 16),
    assess: (pair, how, options) => ({ ...judgeModel(judge, pair, how, options) }),
  };
}
