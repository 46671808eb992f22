// The image tower of CLIP (Radford et al., arXiv 2103.00020): its embeddings are the features of FD-CLIP (Kynkäänniemi et al., arXiv 2203.06026).
// Legend: B images, L tokens, P patches, C width, E embedding.
import { inTurn, Linear, Module, parameter } from '../../nn/index.js';
import { noGrad, ops, scope, type Tensor } from '../../torch/index.js';
import type { Witness } from '../witness.js';
import { LayerNorm, type LayerNames, type TransformerSizes, VisionLayer, watched } from './layers.js';
import { type Normalisation, normalise, resizeAndCrop } from './pixels.js';

const epsilon = 1e-5;
const colours: Normalisation = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
};

const names: LayerNames = {
  norms: ['layer_norm1', 'layer_norm2'],
  queries: 'self_attn.q_proj',
  keys: 'self_attn.k_proj',
  values: 'self_attn.v_proj',
  output: 'self_attn.out_proj',
};

/** Sizes of a tower. */
export interface ClipSizes extends TransformerSizes {
  /** Pixels of a patch's side. */
  patch: number;
  /** Patches of a side: images are always of this size. */
  grid: number;
  /** Width of the space that images and texts share. */
  embedding: number;
}

/** The tower, its parameters named as in Hugging Face's `CLIPVisionModelWithProjection` and `CLIPModel`. */
export class ClipImageTower extends Module {
  readonly classToken_C: Tensor;
  readonly patchWeight_C3KK: Tensor;
  readonly positions_LC: Tensor;
  readonly before: LayerNorm;
  readonly layers: VisionLayer[];
  readonly after: LayerNorm;
  readonly projection: Linear;

  constructor(readonly sizes: ClipSizes) {
    super();
    const { width, patch, grid, layers, embedding } = sizes;
    const part = (name: string) => `vision_model.${name}`;
    this.classToken_C = this.add(part('embeddings.class_embedding'), parameter([width]));
    this.patchWeight_C3KK = this.add(part('embeddings.patch_embedding.weight'), parameter([width, 3, patch, patch]));
    this.positions_LC = this.add(part('embeddings.position_embedding.weight'), parameter([1 + grid ** 2, width]));
    this.before = this.add(part('pre_layrnorm'), new LayerNorm(width, epsilon)); // spelled so in every published file
    this.layers = this.addList(
      part('encoder.layers'),
      Array.from({ length: layers }, () => new VisionLayer(sizes, names, epsilon)),
    );
    this.after = this.add(part('post_layernorm'), new LayerNorm(width, epsilon));
    this.projection = this.add('visual_projection', new Linear(width, embedding, { bias: false }));
  }

  #embed(image_B3HW: Tensor): Tensor {
    const { width, patch } = this.sizes;
    const map_BCPP = ops.conv2d(image_B3HW, this.patchWeight_C3KK, null, [patch, patch]);
    const first_B1C = this.classToken_C.expand([image_B3HW.size(0), 1, width]);
    const token_BLC = ops.cat([first_B1C, map_BCPP.flatten(2).transpose(1, 2)], 1).add(this.positions_LC);
    return this.before.forward(token_BLC);
  }

  /**
   * The embeddings [B, E] of images [B, 3, H, W] of bytes of any size, float32, not normalised to unit length, without gradients. The shorter
   * side is resized to the tower's, and the square in the middle is taken.
   */
  features(bytes_B3HW: Tensor, witness?: Witness): Tensor {
    const { patch, grid } = this.sizes;
    return noGrad(() =>
      scope(() => {
        const image_B3HW = normalise(resizeAndCrop(bytes_B3HW, patch * grid), colours);
        const token_BLC = this.#embed(image_B3HW);
        witness?.('input', image_B3HW);
        witness?.('embedded', token_BLC);
        const last_BLC = inTurn(watched(this.layers, witness), token_BLC);
        return this.projection.forward(this.after.forward(last_BLC.select(1, 0)));
      }),
    );
  }
}
