// Random generators whose state can be saved: the same seed gives the same numbers on the same device.
import { wrap } from './boxed.js';
import { native, type Handle } from './native.js';
import type { Tensor } from './tensor.js';

const finaliser = new FinalizationRegistry<Handle>((handle) => {
  native.freeGenerator(handle);
});

/** A part of a batch: rows `first` and on of `of` rows. */
export interface Rows {
  first: number;
  of: number;
}

/** libtorch's generator of one device (Mersenne Twister on a CPU, Philox on CUDA). */
export class Generator {
  handle: Handle;

  /**
   * @param seed an integer in [0, 2^53)
   * @param rows where a process or micro-batch has a part of a batch only: `rand` then draws for the whole batch, whose rows are the first
   *   dimension, and gives this part's, so that a batch in parts has the same numbers as in one
   */
  constructor(
    readonly seed: number,
    readonly device = 'cpu',
    readonly rows?: Rows,
  ) {
    this.handle = native.createGenerator(device, seed);
    finaliser.register(this, this.handle, this);
  }
  /** A copy of its state, a uint8 tensor: `setState` continues from there. */
  state(): Tensor {
    return wrap(native.generatorState(this.handle));
  }
  setState(state: Tensor): void {
    native.setGeneratorState(this.handle, state.handle);
  }
  dispose(): void {
    if (this.handle < 0) return;
    finaliser.unregister(this);
    native.freeGenerator(this.handle);
    this.handle = -1;
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
