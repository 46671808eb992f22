// How tests look into a network for features.
import type { Tensor } from '../torch/index.js';

/** Is shown what the named parts of a network put out, in the order in which they run: for comparing two networks layer by layer. */
export type Witness = (name: string, output: Tensor) => void;
