// The pictures that recipes show: reconstructions scale by scale, sample grids with a row a class, and one sample scale by scale.
// Legend: B images, H and W their sides.
import { type Cell, cellsOf, gridPng, type Png } from '../evaluate/index.js';
import type { ScaleTransformer } from '../models/index.js';
import { type Label, sample, type SampleOptions } from '../sampling/index.js';
import { picturesOf, scaleName, type Scales, type Tokenizer } from '../tokenizers/index.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';

/** How a recipe samples, but for classes and seeds. */
export type SamplingSettings = Omit<SampleOptions, 'labels' | 'seeds'>;

/** A generator with its tokenizer. */
export interface Pair {
  generator: ScaleTransformer;
  tokenizer: Tokenizer;
}

/** Images [B, 3, H, W] above what is reconstructed of them after every scale, the finest last. */
export async function reconstructionGrid(tokenizer: Tokenizer, image: Tensor, scales: Scales): Promise<Png> {
  const { device } = tokenizer.codebook.embedding.weight_VD;
  const columns = image.size(0);
  const rows = noGrad(() =>
    scope(() => {
      const image_B3HW = image.to({ device });
      const tokens = tokenizer.tokens(image_B3HW, scales);
      return [image_B3HW, ...picturesOf(tokenizer, tokens, scales)].map(cellsOf);
    }),
  );
  const rowLabels = ['image', ...scales.map(scaleName)];
  return gridPng(rows.flat(), { columns, rowLabels, cellSize: 64 });
}

/** The images of some classes and seeds, in batches: one cell each. */
export function* sampleCells(
  pair: Pair,
  labels: readonly Label[],
  seeds: readonly number[],
  settings: SamplingSettings,
  batchSize = 50,
): Generator<Cell> {
  for (let start = 0; start < labels.length; start += batchSize) {
    const part = { labels: labels.slice(start, start + batchSize), seeds: seeds.slice(start, start + batchSize) };
    for (const record of sample(pair.generator, pair.tokenizer, { ...settings, ...part })) {
      if (record.index < settings.scales.length - 1) continue;
      using image_B3HW = record.image();
      yield* cellsOf(image_B3HW);
    }
  }
}

/** A grid with a row a class and a column a seed: the same seeds in every row and for every model. */
export async function classGrid(
  pair: Pair,
  classes: readonly string[],
  settings: SamplingSettings,
  options: { columns?: number; firstSeed?: number; title?: string } = {},
): Promise<Png> {
  const { columns = 8, firstSeed = 0, title } = options;
  const cells = classes.flatMap((_, label) =>
    Array.from({ length: columns }, (_, i) => ({ label, seed: firstSeed + i })),
  );
  const pictures = [...sampleCells(pair, cells.map(({ label }) => label), cells.map(({ seed }) => seed), settings)]; // prettier-ignore
  return gridPng(pictures, { columns, rowLabels: classes, cellSize: 64, ...(title !== undefined && { title }) });
}

/** Two models beside each other: a row a class, the same seeds on the left and on the right. */
export async function pairedGrid(
  pairs: Readonly<Record<string, Pair>>,
  classes: readonly string[],
  settings: SamplingSettings,
  seeds: readonly number[],
): Promise<Png> {
  const labels = classes.flatMap((_, label) => seeds.map(() => label));
  const repeated = classes.flatMap(() => seeds);
  const halves = Object.values(pairs).map((pair) => [...sampleCells(pair, labels, repeated, settings)]);
  const rows = classes.flatMap((_, row) =>
    halves.flatMap((cells) => cells.slice(row * seeds.length, (row + 1) * seeds.length)),
  );
  const columnLabels = Object.keys(pairs).flatMap((name) => seeds.map((seed) => `${name} ${seed}`));
  return gridPng(rows, { columns: columnLabels.length, cellSize: 64, rowLabels: classes, columnLabels });
}

/** Samples of some classes (a row each), decoded after every scale: how the pictures grow. */
export async function growthStrip(
  pair: Pair,
  labels: readonly number[],
  seeds: readonly number[],
  classes: readonly string[],
  settings: SamplingSettings,
): Promise<Png> {
  const columns: Cell[][] = [];
  for (const record of sample(pair.generator, pair.tokenizer, { ...settings, labels, seeds })) {
    using image_B3HW = record.image();
    columns.push(cellsOf(image_B3HW));
  }
  const rows = labels.flatMap((_, row) => columns.map((column) => column[row]!));
  return gridPng(rows, {
    columns: columns.length,
    cellSize: 96,
    rowLabels: labels.map((label) => classes[label] ?? String(label)),
    columnLabels: settings.scales.map(scaleName),
  });
}
