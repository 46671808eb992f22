// Any number of images in a stream: drawn as planned, or chosen among candidates, with nothing kept in memory and an end at any time.
import { setImmediate } from 'node:timers/promises';
import { type Cell, cellsOf, type Classifier } from '../evaluate/index.js';
import { sample } from '../sampling/index.js';
import { lastImage } from './lastImage.js';
import type { Pair, SamplingSettings } from './pictures.js';
import { type RejectionCounts, type RejectionOptions, RejectionSampler } from './rejection.js';
import type { KeptSettings } from './sampleSink.js';

/** An image that is to be made. */
export interface ImagePlan {
  label: number;
  seed: number;
}

/** An image that was made. */
export interface MadeImage {
  cell: Cell;
  /** Place in the plan. */
  index: number;
  /** What made it: its class, its seed, and which candidate it is where there were several. */
  own: KeptSettings;
}

/** How a stream is made. */
export interface SampleStream {
  /** All images; those before `start` are there already. */
  plan: readonly ImagePlan[];
  start: number;
  settings: SamplingSettings;
  /** Images that are computed at once, where `settings.independent` is false; else each is computed alone, and none waits for others. */
  batchSize: number;
  /** Chooses each image among several candidates. */
  rejection?: { classifier: Classifier; counts: RejectionCounts } & Omit<RejectionOptions, 'batchSize'>;
  /** Ends the stream: at the next scale, or after the candidates at hand. */
  signal?: AbortSignal;
}

/**
 * Refuses settings that a generator cannot follow, by beginning an image: one scale is sampled.
 * @throws UsageError
 */
export function checkSampling({ generator, tokenizer }: Pair, settings: SamplingSettings): void {
  const stream = sample(generator, tokenizer, { ...settings, labels: [generator.nullClass], seeds: [0] });
  stream.next();
  stream.return(undefined);
}

/** The images of a plan from `start` on, in their order. */
export async function* sampleStream(pair: Pair, stream: SampleStream): AsyncGenerator<MadeImage> {
  yield* stream.rejection ? chosen(pair, stream, stream.rejection) : planned(pair, stream);
}

async function* planned({ generator, tokenizer }: Pair, stream: SampleStream): AsyncGenerator<MadeImage> {
  const { plan, start, settings, signal } = stream;
  const size = settings.independent === false ? stream.batchSize : 1;
  // batches begin where they would without interruption: an image's last bits may depend on its neighbours
  for (let first = start - (start % size); first < plan.length; first += size) {
    const part = plan.slice(first, first + size);
    const [labels, seeds] = [part.map(({ label }) => label), part.map(({ seed }) => seed)];
    for (const record of sample(generator, tokenizer, { ...settings, labels, seeds })) {
      await setImmediate(); // lets signals and finalisers in
      if (signal?.aborted) return;
      if (record.index < settings.scales.length - 1) continue;
      using image_B3HW = record.image();
      for (const [i, cell] of cellsOf(image_B3HW).entries())
        if (first + i >= start) yield { cell, index: first + i, own: { ...part[i]! } };
    }
  }
}

async function* chosen(
  pair: Pair,
  { plan, start, settings, batchSize, signal }: SampleStream,
  { classifier, counts, ...options }: NonNullable<SampleStream['rejection']>,
): AsyncGenerator<MadeImage> {
  const rest = plan.slice(start);
  const sampler = new RejectionSampler((labels, seeds) => lastImage(pair, { ...settings, labels, seeds }), classifier, {
    ...options,
    batchSize: settings.independent === false ? batchSize : 1,
  });
  const images = sampler.sample(rest.map(({ label }) => label), rest.map(({ seed }) => seed), signal); // prettier-ignore
  for await (const { index, label, seed, candidate, probability, ...cell } of images) {
    Object.assign(counts, sampler.counts);
    yield { cell, index: start + index, own: { label, seed, candidate, probability } };
  }
}
