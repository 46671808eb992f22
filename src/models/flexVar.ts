// The FlexVAR generator: any list of scales. A position is read off one learned map, resized to the scale (FlexVAR, section 3.3).
// Legend: C width, S side of the map, h and w sides of a scale, N = h·w.
import { z } from 'zod';
import { areaResize, parameter } from '../nn/index.js';
import { ops, scope, type Tensor, tensor } from '../torch/index.js';
import { type Scale, type Scales, sizeOf, toRows } from '../tokenizers/index.js';
import {
  followDepth,
  type MakePositions,
  type PositionTerm,
  type SamplingHabits,
  ScaleTransformer,
  transformerFields,
} from './transformer.js';

const size = z.int().positive();

/** Sizes of a FlexVAR generator; width, heads and stochastic depth follow the depth unless they are given. */
export const flexVarConfig = z
  .strictObject({
    ...transformerFields,
    vocabularySize: size.default(8912),
    /** Side of the learned position map. */
    positionSide: size.default(32),
  })
  .transform(followDepth);
export type FlexVarConfig = z.output<typeof flexVarConfig>;

/** Names that published checkpoints carry and that are rebuilt or zero. */
export const flexVarBuffers = /(^|\.)(attn_bias_for_masking|zero_k_bias)$/;

/** FlexVAR's position map [1, C, S, S]: even channels sin(y ω), odd channels cos(x ω), ω = 10000^(−2c/C) for the c-th pair. */
export function sineCosineMap(width: number, side: number): Tensor {
  const map = new Float32Array(width * side * side);
  for (let channel = 0; channel < width; channel++) {
    const frequency = 10000 ** ((-2 * Math.floor(channel / 2)) / width);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        map[(channel * side + y) * side + x] = channel % 2 ? Math.cos(x * frequency) : Math.sin(y * frequency);
  }
  return tensor(map, { shape: [1, width, side, side] });
}

/** A learned map of positions, resized by area to each scale. */
class PositionMap implements PositionTerm {
  constructor(readonly map_1CSS: Tensor) {}

  of(scales: Scales, indices: readonly number[]): Tensor {
    return ops.cat(
      indices.map((i) => toRows(areaResize(this.map_1CSS, sizeOf(scales[i]!)))),
      1,
    );
  }

  initialise(): void {
    const [, width, side] = this.map_1CSS.shape as [number, number, number];
    scope(() => this.map_1CSS.copy_(sineCosineMap(width, side)));
  }
}

function mapOf({ width, positionSide }: FlexVarConfig): MakePositions {
  return (add) => {
    const map_1CSS = parameter([1, width, positionSide, positionSide]);
    add('pos_1LC', map_1CSS);
    return new PositionMap(map_1CSS);
  };
}

/** Sides at which FlexVAR's sampler draws tokens; at all others it takes the most probable ones. */
const drawnSides = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16];

/** The generator; its state dict has the published names. */
export class FlexVar extends ScaleTransformer {
  readonly family = 'flexvar';
  readonly habits: SamplingHabits = {
    rampSteps: 9,
    rampSide: 16,
    draws: (scale: Scale) => sizeOf(scale).every((side) => drawnSides.includes(side)),
  };

  constructor(override readonly config: FlexVarConfig) {
    super(config, mapOf(config));
  }
}
