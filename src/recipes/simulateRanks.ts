// What a training would do on any number of processes, without any of them: which images each rank gets at each step, and the rates of the steps.
// All steps are really dealt out, and the order of the images is walked over as many whole epochs as are a few million images.
import { batchIndices } from '../data/index.js';
import { ratesOf } from './optimization.js';
import type { TrainingSettings } from './settings.js';
import { dealOut, type Spans } from './spans.js';

/** The share of one rank. */
export interface RankShare {
  rank: number;
  /** Images in the whole training. */
  images: number;
  /** Its first images, as numbers in the set, in its order. */
  first: number[];
}

/** What was found for one number of processes. */
export interface WorldSimulation {
  ranks: number;
  /** Images that a rank computes at once, and how many times in a step. */
  microBatch: number;
  microBatches: number;
  shares: RankShare[];
}

/** What was found for all of them. */
export interface RanksReport {
  /** Images of the set, which is one epoch, and of the whole training. */
  count: number;
  images: number;
  batchSize: number;
  /** Optimiser steps in all, and in an epoch (no whole number where the batch does not divide the set). */
  steps: number;
  stepsAnEpoch: number;
  /** Images whose order was walked. */
  walked: number;
  rates: { step: number; learningRate: number; weightDecay: number }[];
  worlds: WorldSimulation[];
}

/** Images whose order is walked at most, but for a larger set's one epoch. */
const mostWalked = 3_000_000;
const shownImages = 6;

/** Walks the order of the first images: each image of the set must come once an epoch. */
function walkOrder(count: number, seed: number, batchSize: number, steps: number): void {
  const epochOf = new Int32Array(count).fill(-1); // in which each image came last
  for (let step = 0; step < steps; step++)
    batchIndices(count, seed, step * batchSize, batchSize).forEach((index, i) => {
      const epoch = Math.floor((step * batchSize + i) / count);
      if (epochOf[index] === epoch) throw new Error(`internal: image ${index} comes twice in epoch ${epoch}`);
      epochOf[index] = epoch;
    });
}

/** Walks the steps of a world, rank after rank: the images must be the step's own, all of them, in their order. */
function walkDeal(ranks: readonly Spans[], batchSize: number, steps: number): void {
  for (let step = 0; step < steps; step++) {
    let next = step * batchSize;
    for (const spans of ranks)
      for (const { first, size } of spans(step * batchSize)) {
        if (first !== next) throw new Error(`internal: image ${next} of the training is no rank's, or two ranks'`);
        next += size;
      }
    if (next !== (step + 1) * batchSize) throw new Error(`internal: step ${step} ends at image ${next}`);
  }
}

/** Steps whose rates are worth a look: both ends, the end of the warm-up, and quarters. */
function chosenSteps(steps: number, warmup: number): number[] {
  const all = [0, Math.round(warmup * steps), ...[0.25, 0.5, 0.75].map((part) => Math.round(part * steps)), steps - 1];
  return [...new Set(all.filter((step) => step < steps))].sort((a, b) => a - b);
}

/**
 * Plays a training through for several numbers of processes.
 * @param count images of the set
 * @throws UsageError where the batch cannot be dealt out evenly to one of them
 */
export function simulateRanks(settings: TrainingSettings, count: number, worlds: readonly number[]): RanksReport {
  const { seed, batchSize, images } = settings;
  const steps = Math.ceil(images / batchSize);
  const walkedEpochs = Math.max(1, Math.floor(mostWalked / count));
  const walkedSteps = Math.min(steps, Math.ceil((walkedEpochs * count) / batchSize));
  const rates = ratesOf(settings);
  walkOrder(count, seed, batchSize, walkedSteps);
  return {
    ...{ count, images, batchSize, steps, stepsAnEpoch: count / batchSize, walked: walkedSteps * batchSize },
    rates: chosenSteps(steps, settings.optimizer.warmup).map((step) => ({ step, ...rates(step) })),
    worlds: worlds.map((size) => {
      const ranks = Array.from({ length: size }, (_, rank) => dealOut(settings, { rank, size }));
      walkDeal(ranks, batchSize, steps);
      const parts = ranks[0]!(0);
      const shares = ranks.map((spans, rank) => ({
        rank,
        images: steps * (batchSize / size),
        first: batchIndices(count, seed, spans(0)[0]!.first, Math.min(shownImages, batchSize / size)),
      }));
      return { ranks: size, microBatch: parts[0]!.size, microBatches: parts.length, shares };
    }),
  };
}

const many = (n: number) => n.toLocaleString('en');
const plural = (n: number, one: string) => `${many(n)} ${one}${n === 1 ? '' : 's'}`;

function worldText({ ranks, microBatch, microBatches, shares }: WorldSimulation): string[] {
  const most = 8;
  const left = shares.length > most ? shares.length - most : 0;
  const shown = left ? [...shares.slice(0, most - 1), shares.at(-1)!] : shares;
  const rows = shown.map(
    ({ rank, images, first }) => `  rank ${rank}: ${many(images)} images, first ${first.join(' ')}`,
  );
  if (left) rows.splice(most - 1, 0, `  … ${plural(left, 'rank')} more`);
  return [`${plural(ranks, 'rank')}, each ${microBatches} × ${plural(microBatch, 'image')} a step:`, ...rows];
}

/** The report for people, line by line. */
export function ranksText({
  count,
  images,
  batchSize,
  steps,
  stepsAnEpoch,
  walked,
  rates,
  worlds,
}: RanksReport): string[] {
  // prettier-ignore
  const epoch = Number.isInteger(stepsAnEpoch) ? many(stepsAnEpoch) : stepsAnEpoch.toFixed(2);
  return [
    `${many(images)} images of a set of ${many(count)}, ${many(batchSize)} a step: ${plural(steps, 'step')}, ${epoch} an epoch`,
    ...rates.map(
      ({ step, learningRate, weightDecay }) =>
        `  step ${step}: learning rate ${learningRate.toPrecision(6)}, weight decay ${weightDecay.toPrecision(4)}`,
    ),
    `all steps were dealt out to ${worlds.map(({ ranks }) => ranks).join(', ')} ranks: the same images at each, whatever the number`,
    `the order of the first ${many(walked)} images was walked: each image once an epoch, of ${(walked / count).toFixed(2)} epochs`,
    ...worlds.flatMap(worldText),
  ];
}
