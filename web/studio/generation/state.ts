// What is known of a generation: its images with their scales so far. Events may come twice, as after a lost connection: they are taken by place.
import type { Generation, GenerationState, Problem, ScaleEvent, Scales } from '../../../src/studio/api/index.js';

/** One image of a model, with the scales that are there. */
export interface GrowingImage {
  model: string;
  image: number;
  seed: number;
  /** By index of the scale; undefined where none has come. */
  scales: (ScaleEvent | undefined)[];
}

/** A generation as far as it is known. */
export interface Growing {
  id: string;
  state: GenerationState;
  /** Generations that are computed before it. */
  position: number;
  models: string[];
  seeds: number[];
  scales: Scales;
  images: GrowingImage[];
  /** Seconds from the first scale to the last, once it is done. */
  seconds?: number;
  error?: Problem;
}

/** What the server says of it, before its events: they are told from the first, and its end is the last of them. */
export function growingFrom({ id, state, position, request, scales, images }: Generation): Growing {
  const { models, count, seed } = request;
  return {
    id,
    state: state === 'waiting' ? state : 'running',
    position,
    models,
    seeds: Array.from({ length: count }, (_, i) => images.find(({ image }) => image === i)?.seed ?? seed + i),
    scales,
    images: models.flatMap((model) =>
      Array.from({ length: count }, (_, image) => ({ model, image, seed: seed + image, scales: [] })),
    ),
  };
}

/** With one scale more. */
export function withScale(growing: Growing, event: ScaleEvent): Growing {
  return {
    ...growing,
    images: growing.images.map((one) => {
      if (one.model !== event.model || one.image !== event.image) return one;
      const scales = [...one.scales];
      scales[event.index] = event;
      return { ...one, seed: event.seed, scales };
    }),
  };
}

/** Whether it has come to an end of any kind. */
export const isOver = ({ state }: Growing): boolean => state === 'done' || state === 'failed' || state === 'cancelled';

/** How many scales of all images are there, and how many there will be. */
export function progressOf({ images, scales }: Growing): { done: number; total: number } {
  const done = images.reduce((sum, one) => sum + one.scales.filter(Boolean).length, 0);
  return { done, total: images.length * scales.length };
}

/** Index of the last scale that all models have of an image; −1 where none is there. */
export function newestScale(growing: Growing, image: number): number {
  const counts = growing.images.filter((one) => one.image === image).map((one) => one.scales.findLastIndex(Boolean));
  return counts.length ? Math.max(...counts) : -1;
}
