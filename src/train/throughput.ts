// How fast training goes: images and operations a second, the share of time that steps waited for data, MFU, memory.
// Times are of a clock that only goes forward: a machine whose date is set anew keeps its rates.
import { deviceMemory } from '../torch/index.js';

/** What the rates are of. */
export interface ThroughputOptions {
  /** Processes that train together, each on its share of the images. */
  ranks?: number;
  /** Operations a second of one process's device at best (`devicePeak`, or the user's word); without it there is no MFU. */
  peak?: number | undefined;
  /** Where this process computes. */
  device?: string;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
}

/** Adds up what was done since numbers were last taken. */
export class Throughput {
  readonly #ranks: number;
  readonly #peak: number | undefined;
  readonly #device: string;
  readonly #now: () => number;
  #began: number;
  #images = 0;
  #flops = 0;
  #waited = 0;
  #aside = 0;

  constructor({ ranks = 1, peak, device = 'cpu', now = () => performance.now() }: ThroughputOptions = {}) {
    this.#ranks = ranks;
    this.#peak = peak;
    this.#device = device;
    this.#now = now;
    this.#began = now();
  }

  /** Gets data for a step: its time counts as waiting. */
  async waiting<T>(get: () => T | Promise<T>): Promise<T> {
    const began = this.#now();
    try {
      return await get();
    } finally {
      this.#waited += this.#now() - began;
    }
  }

  /** Does what is no training, e.g. draws sample pictures: its time counts for nothing. */
  async aside<T>(work: () => T | Promise<T>): Promise<T> {
    const began = this.#now();
    try {
      return await work();
    } finally {
      this.#aside += this.#now() - began;
    }
  }

  /**
   * A step of this process is done.
   * @param flops the model's operations in it (`stepFlops`); 0 where nobody counts them
   */
  step(images: number, flops = 0): void {
    this.#images += images;
    this.#flops += flops;
  }

  /**
   * Numbers to record, of the time since they were last taken: `images_per_second` of all processes, `data_wait` (share of this one's time),
   * `tflops_per_second` and `mfu` of this one's device (where operations were counted, where its peak is known), `memory_peak` (bytes that
   * the process has held in RAM at most), `device_memory_peak` (bytes that tensors have held of a GPU's at most, with PyTorch 2.9 or later).
   */
  take(): Record<string, number> {
    const now = this.#now();
    const seconds = Math.max((now - this.#began - this.#aside) / 1000, 1e-9);
    const rate = this.#flops / seconds;
    const memory = deviceMemory(this.#device);
    const numbers = {
      images_per_second: (this.#images * this.#ranks) / seconds,
      data_wait: this.#waited / 1000 / seconds,
      ...(this.#flops > 0 && { tflops_per_second: rate / 1e12 }),
      ...(this.#flops > 0 && this.#peak !== undefined && { mfu: rate / this.#peak }),
      memory_peak: process.resourceUsage().maxRSS * 1024,
      ...(memory && { device_memory_peak: memory.allocatedPeak }),
    };
    [this.#began, this.#images, this.#flops, this.#waited, this.#aside] = [now, 0, 0, 0, 0];
    return numbers;
  }
}
