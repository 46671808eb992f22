// What compares models: figures of their samples with a distance that ranks them, whichever network the features come from.
import type { Pair, SamplingSettings } from './pictures.js';

/** A figure and how tables show it. */
export interface Column {
  key: string;
  name: string;
  digits: number;
}

/** Figures of one model by key. */
export type Figures = Readonly<Record<string, number>>;

/** How a model is judged. */
export interface JudgeOptions {
  /** Samples in all, the classes in equal shares. */
  count: number;
  batchSize: number;
  /** Sample i has a seed made of this and i: models judged with the same seed draw the same random numbers. */
  seed: number;
}

/** What figures are by: enough to read what was measured before. */
export interface Measure {
  /** The distance that models are ranked by: lower is nearer to the reference. */
  headline: Column;
  /** All figures, the headline first. */
  columns: readonly Column[];
  /** What is compared with, e.g. `fashion-mnist test (10000 images)`. */
  reference: string;
  /** Tells network and reference from others: figures of another one are no figures of this. */
  fingerprint: string;
}

/** Measures samples of a generator: what sweeps and experiments compare models by. */
export interface Assessor extends Measure {
  /** Samples a model, class after class in turn, and measures every image as the 8-bit picture it would be saved as. */
  assess(pair: Pair, how: SamplingSettings, options: JudgeOptions): Figures;
}
