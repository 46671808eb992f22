// Where `scalewise sample` puts its images: one picture of them all, a folder of files, or the evaluator's `.npz`.
import { type Cell, gridPng } from '../evaluate/index.js';
import {
  fingerprint,
  type ImageSink,
  type KeptSettings,
  markOf,
  modelName,
  type Models,
  openSampleFolder,
  openSampleNpz,
  type SamplingSettings,
} from '../recipes/index.js';
import { sizeOf } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { writeFileAtomic } from '../util/files.js';
import type { SamplePlan } from './samplePlan.js';

/** The flags that choose it. */
export interface TargetFlags {
  out: string;
  files?: string;
  npz?: string;
}

/** A sink that may take time to finish. */
export interface SampleTarget extends Omit<ImageSink, 'finish'> {
  finish(): void | Promise<void>;
}

/** More images than this are no picture to look at. */
const mostInPicture = 2000;

/** Keeps the images, and writes them as one picture. */
class Picture implements SampleTarget {
  readonly #cells: Cell[] = [];

  constructor(
    readonly path: string,
    readonly plan: SamplePlan,
  ) {
    const { length } = plan.images;
    if (length > mostInPicture)
      throw new UsageError(
        `--out: expected at most ${mostInPicture} images in one picture, got ${length}; choose classes with --class, or write files with --files or --npz`,
      );
  }

  get done(): number {
    return this.#cells.length;
  }

  add(cell: Cell): Promise<void> {
    this.#cells.push(cell);
    return Promise.resolve();
  }

  async finish(): Promise<void> {
    const { columns, rowLabels } = this.plan;
    writeFileAtomic(this.path, (await gridPng(this.#cells, { columns, rowLabels, cellSize: 64 })).data);
  }
}

/** All that settles what the images look like, without paths: what is kept beside them, and compared before going on with them. */
export function keptSettings(models: Models, settings: SamplingSettings, more: KeptSettings): KeptSettings {
  const weights = markOf([models.generator.head.weight_OI]);
  return { generator: modelName(models.path), weights, tokenizer: fingerprint(models.tokenizer), ...settings, ...more };
}

/** Opens the target that the flags ask for. @throws UsageError where it holds samples of other settings */
export function openTarget(
  { out, files, npz }: TargetFlags,
  { tokenizer }: Models,
  { scales }: SamplingSettings,
  plan: SamplePlan,
  kept: KeptSettings,
): SampleTarget {
  if (files !== undefined) return openSampleFolder(files, kept);
  if (npz === undefined) return new Picture(out, plan);
  const [height, width] = sizeOf(scales.at(-1)!).map((side) => side * tokenizer.stride) as [number, number];
  return openSampleNpz(npz, { count: plan.images.length, height, width }, kept);
}
