// DINOv2 (Oquab et al., arXiv 2304.07193), whose class tokens FD-DINOv2 compares (Stein et al., arXiv 2306.04675).
// Legend: B images, L tokens, P patches, C width.
import { Conv2d, inTurn, Module, parameter } from '../../nn/index.js';
import { noGrad, ops, scope, type Tensor } from '../../torch/index.js';
import type { Witness } from '../witness.js';
import { LayerNorm, type LayerNames, type TransformerSizes, VisionLayer, watched } from './layers.js';
import { type Normalisation, normalise, resizeLikePillow } from './pixels.js';

const side = 224;
const epsilon = 1e-6;
const imageNet: Normalisation = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

const names: LayerNames = {
  norms: ['norm1', 'norm2'],
  queries: 'attention.attention.query',
  keys: 'attention.attention.key',
  values: 'attention.attention.value',
  output: 'attention.output.dense',
  scales: ['layer_scale1.lambda1', 'layer_scale2.lambda1'],
};

/** Sizes of a DINOv2. */
export interface DinoV2Sizes extends TransformerSizes {
  /** Pixels of a patch's side. */
  patch: number;
  /** Patches of a side, of the images that the position embeddings were trained on. */
  grid: number;
}

/** The network, its parameters named as in Hugging Face's `Dinov2Model`. */
export class DinoV2 extends Module {
  readonly patches: Conv2d;
  readonly classToken_11C: Tensor;
  readonly positions_1LC: Tensor;
  readonly layers: VisionLayer[];
  readonly norm: LayerNorm;

  constructor(readonly sizes: DinoV2Sizes) {
    super();
    const { width, patch, grid, layers } = sizes;
    this.classToken_11C = this.add('embeddings.cls_token', parameter([1, 1, width]));
    this.positions_1LC = this.add('embeddings.position_embeddings', parameter([1, 1 + grid ** 2, width]));
    this.patches = this.add('embeddings.patch_embeddings.projection', new Conv2d(3, width, patch, { stride: patch }));
    this.layers = this.addList(
      'encoder.layer',
      Array.from({ length: layers }, () => new VisionLayer(sizes, names, epsilon)),
    );
    this.norm = this.add('layernorm', new LayerNorm(width, epsilon));
  }

  /**
   * The position embeddings of 16 × 16 patches (or how many there are), bicubic as the authors' code has them: it stretches by
   * (16 + 0.1) / 37, not by 16 / 37, and published distances were computed with it.
   */
  #positions(wanted: number): Tensor {
    const { grid, width } = this.sizes;
    if (wanted === grid) return this.positions_1LC;
    const scale = (wanted + 0.1) / grid;
    const map_1CGG = this.positions_1LC.narrow(1, 1, grid ** 2).view([1, grid, grid, width]).permute([0, 3, 1, 2]); // prettier-ignore
    const found_1CPP = map_1CGG.upsampleBicubic2d([wanted, wanted], false, scale, scale);
    return ops.cat([this.positions_1LC.narrow(1, 0, 1), found_1CPP.flatten(2).transpose(1, 2)], 1);
  }

  #embed(image_B3HW: Tensor): Tensor {
    const map_BCPP = this.patches.forward(image_B3HW);
    const first_B1C = this.classToken_11C.expand([image_B3HW.size(0), 1, this.sizes.width]);
    const token_BLC = ops.cat([first_B1C, map_BCPP.flatten(2).transpose(1, 2)], 1);
    return token_BLC.add(this.#positions(map_BCPP.size(2)));
  }

  /** The class token after the last normalisation [B, C], float32, of images [B, 3, H, W] of bytes of any size, without gradients. */
  features(bytes_B3HW: Tensor, witness?: Witness): Tensor {
    return noGrad(() =>
      scope(() => {
        const image_B3HW = normalise(resizeLikePillow(bytes_B3HW, [side, side]), imageNet);
        const token_BLC = this.#embed(image_B3HW);
        witness?.('input', image_B3HW);
        witness?.('embedded', token_BLC);
        return this.norm.forward(inTurn(watched(this.layers, witness), token_BLC).select(1, 0));
      }),
    );
  }
}
