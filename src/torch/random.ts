// Random generators whose state can be saved: the same seed gives the same numbers on the same device.
import { wrap } from './boxed.js';
import { native, type Handle } from './native.js';
import type { Tensor } from './tensor.js';

const finaliser = new FinalizationRegistry<Handle>((handle) => {
  native.freeGenerator(handle);
});

/** libtorch's generator of one device (Mersenne Twister on a CPU, Philox on CUDA). */
export class Generator {
  handle: Handle;

  /** @param seed an integer in [0, 2^53) */
  constructor(
    readonly seed: number,
    readonly device = 'cpu',
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
