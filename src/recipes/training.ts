// What the trainings of tokenizers and of generators have in common: the run folder, the loop's settings, averages of the weights, batches in parts.
import { join } from 'node:path';
import {
  type ImageSet,
  type ImageSource,
  type LoadedBatch,
  type Loader,
  openLoader,
  type Span,
} from '../data/index.js';
import type { Module } from '../nn/index.js';
import type { Others } from '../tokenizers/index.js';
import { type CheckpointParts, devicePeak, type LoopOptions, PowerEma, RunFolder, Throughput, type World } from '../train/index.js'; // prettier-ignore
import { settlePrecision } from './machine.js';
import { chanceAmong } from './readings.js';
import type { TrainingSettings } from './settings.js';

/** What a training is given besides its settings. */
export interface Surroundings {
  /** The processes that train together. */
  world: World;
  say: (line: string) => void;
}

/** The run folder of a training; only the first process writes to it. */
export function runFolderOf(
  kind: string,
  settings: TrainingSettings,
  { world, say }: Surroundings,
  out: string,
): RunFolder {
  const { images, metricsFolder, device } = settings;
  const precision = settlePrecision(settings.precision, device);
  const config = { ...settings, precision, device: device.replace(/:\d+$/, '') }; // which of several GPUs makes no difference
  return new RunFolder(out, kind, config, { images, writes: world.isFirst, metricsFolder, say });
}

/** What the loop takes straight from settings. */
export function loopSettings(
  label: string,
  settings: TrainingSettings,
  { world, say }: Surroundings,
  run: RunFolder,
): Omit<LoopOptions<never>, 'parts' | 'data' | 'step'> {
  const { images, batchSize, every, keepCheckpoints, maxSkipped, device, peakTflops } = settings;
  const peak = peakTflops === undefined ? devicePeak(device, settlePrecision(settings.precision, device)) : peakTflops * 1e12; // prettier-ignore
  const throughput = new Throughput({ ranks: world.size, peak, device });
  return { label, world, run, images, batchSize, every, keepCheckpoints, maxSkipped, throughput, say };
}

/** The averages of a model's weights that the settings ask for, if any. */
export class Averages {
  readonly #ema: PowerEma | undefined;

  constructor(
    model: Module,
    { ema }: TrainingSettings,
    readonly out: string,
    readonly metadata: () => Record<string, string>,
  ) {
    this.#ema = ema.length ? new PowerEma(model, ema) : undefined;
  }
  get parts(): CheckpointParts {
    return this.#ema ? { ema: this.#ema.part } : {};
  }
  /** Takes the weights in; once after every update. */
  update(): void {
    this.#ema?.update();
  }
  /** Writes them to `ema/` of the run. */
  snapshot(): void {
    this.#ema?.snapshot(join(this.out, 'ema'), this.metadata());
  }
  dispose(): void {
    this.#ema?.dispose();
  }
}

/** The other processes of a world, as those who add something up ask for them. */
export function othersOf(world: World): Others | undefined {
  const { rank, size, group } = world;
  if (!group) return undefined;
  return {
    rank,
    size,
    sum: (tensor) => {
      try {
        group.allReduce([tensor], 'sum');
      } catch (error) {
        throw world.explain(error);
      }
    },
  };
}

/** Opens a loader over images as the settings have them read. */
export function loaderFor(settings: TrainingSettings, images: ImageSet | ImageSource): Loader {
  const { imageSize: side, seed, flip, crop, crops, workers } = settings;
  const chance = crops && { chance: chanceAmong(crops, seed) };
  return openLoader(images, { side, seed, flip, crop, ...chance, ...(workers > 0 && { workers }) });
}

/** The parts of a step's batch, in order; what `following` asks for is decoded meanwhile. */
export async function loadAll(
  loader: Loader,
  spans: readonly Span[],
  following: readonly Span[],
): Promise<LoadedBatch[]> {
  const batches: LoadedBatch[] = [];
  for (const [i, span] of spans.entries()) batches.push(await loader.next(span, [...spans.slice(i + 1), ...following]));
  return batches;
}
