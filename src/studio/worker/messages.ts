// What the server and a worker say to each other. Only types: the server's side of the wall between it and libtorch.
import type { ModelDetails, Scale, Scales, SettledRequest } from '../api/index.js';

/** Where a model's weights lie. */
export interface ModelSource {
  /** A run folder, a checkpoint, a file or a pulled name. */
  generator: string;
  /** The tokenizer beside it without this. */
  tokenizer?: string | undefined;
  /** What its files were when a worker looked at them: with any others it is another model. */
  seen?: SeenFiles | undefined;
}

/** What tells the files of a model, by their paths, from others that take their places. */
export interface SeenFiles {
  /** The model's name for people, since paths are told to nobody. */
  name: string;
  generator: FileStamp;
  tokenizer: FileStamp;
  marks: Described['marks'];
}

/** Which file lies at a path. */
export interface FileStamp {
  bytes: number;
  /** When it was written, in milliseconds since 1970. */
  written: number;
}

/** How a worker computes. */
export interface WorkerSettings {
  device: string;
  /** Threads of an operator; 0 for one a core. */
  threads: number;
  /** Models that it keeps in memory, at most. */
  keep: number;
}

/** What a worker finds out about a model. */
export interface Described {
  /** The very files that it was found to be: a run folder may have a newer checkpoint soon. */
  source: ModelSource;
  details: ModelDetails;
  /** When its file was written, in seconds since 1970. */
  created: number;
  /** Hashes that tell its weights, and its tokenizer's codes, from others. */
  marks: { weights: string; tokenizer: string };
}

/** What every image of a batch shares. */
export interface BatchSettings {
  source: ModelSource;
  scales: Scales;
  sampling: Pick<SettledRequest, 'cfg' | 'guidance' | 'topK' | 'topP' | 'temperature' | 'greedy' | 'smooth'>;
  edit?: CanvasEdit | undefined;
}

/** An image at the size that the scales make, and what of it stays; as recipes' `Canvas`. */
export interface CanvasEdit {
  canvas: {
    height: number;
    width: number;
    pixels: Uint8Array;
    keep: Uint8Array;
    file: { height: number; width: number };
  };
  /** Puts the canvas's own pixels back where they stay. */
  feather?: number | undefined;
}

/** One image of a batch. */
export interface Member {
  /** A number that the server knows it by. */
  member: number;
  /** A class, classes with weights, or null for none. */
  label: SettledRequest['class'];
  seed: number;
  /** Whether the pictures after the scales before the last are wanted. */
  frames: boolean;
}

/** A piece of work that is asked of a worker by its name in the worker's list of tasks, and answered once. */
export interface Task {
  type: 'task';
  task: number;
  name: string;
  input: unknown;
}

/** What the task `explain` is given. */
export interface ExplainTask {
  source: ModelSource;
  scales: Scales;
  /** Pixels [3, H, W] at the size that the scales make, or the number of a held-out image. */
  image: Pick<CanvasEdit['canvas'], 'height' | 'width' | 'pixels'> | number;
  /** undefined: what is known of a held-out image. */
  label: number | null | undefined;
  seed: number;
  /** How tokens are chosen, in the names of SAR's settings. */
  rollout: { choice: 'sample' | 'argmax'; topK: number; topP: number; guidance: number | null };
}

/** Images of equal settings, sampled scale by scale at the same time, each computed by itself. */
export interface Batch {
  type: 'batch';
  batch: number;
  settings: BatchSettings;
  members: readonly Member[];
}

export type ToWorker =
  | Task
  | Batch
  /** These images are not wanted any more. */
  | { type: 'drop'; members: readonly number[] };

/** One scale of one image. */
export interface ScaleMade {
  type: 'scale';
  member: number;
  index: number;
  scale: Scale;
  /** Of guidance. */
  weight: number;
  /** Codes, row by row. */
  tokens: Uint32Array;
  /** Bits. */
  entropy: Float32Array;
  /** The picture of all scales so far, where it is wanted. */
  png?: Uint8Array | undefined;
}

/** Why something was not done; `usage`: the one who asked can mend it. */
export interface Refusal {
  message: string;
  usage: boolean;
  /** The model's files are not those any more that it was described by. */
  changed?: boolean;
}

export type FromWorker =
  | { type: 'ready' }
  /** It cannot begin, and ends. */
  | { type: 'broken'; why: string }
  | { type: 'answer'; task: number; output: unknown }
  | { type: 'refused'; task: number; why: Refusal }
  | ScaleMade
  /** The batch is over: all of its images are there, dropped, or will not come. */
  | { type: 'finished'; batch: number; why?: Refusal | undefined };
