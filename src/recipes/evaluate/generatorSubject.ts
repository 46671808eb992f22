// Samples of a generator as they are drawn: image i has class i mod classes and a seed made of the command's and i.
import { setImmediate } from 'node:timers/promises';
import { type Span, toBytes } from '../../data/index.js';
import { keep, noGrad, scope, type Tensor } from '../../torch/index.js';
import { seedFor } from '../../util/random.js';
import { lastImage } from '../lastImage.js';
import type { Pair, SamplingSettings } from '../pictures.js';
import { batchesOf, type Subject, type SubjectBatch } from './subject.js';

/** A generator that is loaded when its images are wanted, and disposed of after. */
export interface SampledModel {
  name: string;
  /** Hashes of the weights, and all else that tells it from others. */
  identity: Readonly<Record<string, unknown>>;
  /** Classes that it was trained on. */
  classes: number;
  /** Height and width of its images in pixels. */
  size: readonly [height: number, width: number];
  settings: SamplingSettings;
  open: () => Pair & { close: () => void };
}

/** Settings as a fingerprint has them: without the device's number. */
const settled = ({ device = 'cpu', ...settings }: SamplingSettings) => ({ ...settings, device: device.split(':')[0] });

/** So many samples of a generator with a seed. Those of two generators of as many classes and one seed are drawn with the same random numbers. */
export function generatorSubject(model: SampledModel, { count, seed }: { count: number; seed: number }): Subject {
  const { name, identity, classes, settings } = model;
  const [height, width] = model.size;
  const labels = Array.from({ length: count }, (_, i) => i % classes);
  return {
    name,
    noun: 'samples',
    count,
    height,
    width,
    labels,
    balanced: count % classes === 0,
    identity: { ...identity, settings: settled(settings), count, seed },
    pairing: JSON.stringify([classes, count, seed]),
    read: (parts, batchSize) => draw(model, parts, { batchSize, seed }),
  };
}

/** Which images are drawn: consecutive numbers, of so many classes in turn. */
export interface Drawing extends Span {
  classes: number;
  seed: number;
}

/** Samples of some numbers at once, as the bytes that they would be saved as [B, 3, H, W], on the CPU and kept. */
export function drawSamples(pair: Pair, settings: SamplingSettings, { first, size, classes, seed }: Drawing): Tensor {
  const numbers = Array.from({ length: size }, (_, i) => first + i);
  const labels = numbers.map((i) => i % classes);
  const seeds = numbers.map((i) => seedFor(seed, 'judged', i));
  // a batch at once: the last bits of an image may depend on its neighbours, its random numbers do not
  const how = { ...settings, labels, seeds, independent: false };
  return noGrad(() => scope(() => keep(toBytes(lastImage(pair, how)).to({ device: 'cpu' }))));
}

async function* draw(
  { classes, settings, open }: SampledModel,
  parts: readonly Span[],
  { batchSize, seed }: { batchSize: number; seed: number },
): AsyncGenerator<SubjectBatch> {
  if (!parts.length) return;
  const pair = open();
  try {
    for (const { first, size } of parts.flatMap((part) => batchesOf(part, batchSize))) {
      await setImmediate(); // lets signals in
      yield { first, bytes_B3HW: drawSamples(pair, settings, { first, size, classes, seed }) };
    }
  } finally {
    pair.close();
  }
}
