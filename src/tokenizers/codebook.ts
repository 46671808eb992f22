// The codebook of unit vectors: the nearest code by cosine, and codes by index. All of it in float32.
// Legend: B batch, C code width, V codes, h and w latent sides, N = h·w.
import { Embedding, inFloat32, Module, unitLength } from '../nn/index.js';
import { ops, straightThrough, type Tensor } from '../torch/index.js';

/** What quantising a latent gives in training. */
export interface Quantised {
  /** [B, N], int64 */
  indices_BN: Tensor;
  /** The codes going forward, the gradient of the latent going back [B, C, h, w]. */
  codes_BChw: Tensor;
  /** ‖code − sg[latent]‖², mean over elements: moves the codes. */
  codebookLoss: Tensor;
  /** ‖sg[code] − latent‖², mean over elements: keeps the encoder near the codes. */
  commitmentLoss: Tensor;
}

/** V unit vectors; their raw parameters are normalised at every use. */
export class Codebook extends Module {
  readonly embedding: Embedding;

  constructor(
    readonly size: number,
    readonly width: number,
  ) {
    super();
    this.embedding = this.add('embedding', new Embedding(size, width));
  }

  /** The unit codes [V, C]. */
  codes(): Tensor {
    return unitLength(this.embedding.weight_VD, 1);
  }

  /** Index [B, N] of the nearest code by cosine at each position of a latent [B, C, h, w]. */
  nearest(latent_BChw: Tensor): Tensor {
    return inFloat32(latent_BChw.device, () => {
      const rows_BNC = latent_BChw.to('float32').flatten(2).transpose(1, 2);
      return unitLength(rows_BNC, 2).matmul(this.codes().t()).argmax(2);
    });
  }

  /** The unit codes of indices [B, side²] as a map [B, C, side, side]. */
  lookUp(indices_BN: Tensor, side: number): Tensor {
    return inFloat32(indices_BN.device, () => {
      const rows_BNC = ops.embedding(this.codes(), indices_BN);
      return rows_BNC.transpose(1, 2).reshape([indices_BN.size(0), this.width, side, side]);
    });
  }

  /** Quantises a latent [B, C, side, side] with what training needs. */
  quantise(latent_BChw: Tensor): Quantised {
    return inFloat32(latent_BChw.device, () => {
      const unit_BChw = unitLength(latent_BChw.to('float32'), 1);
      const indices_BN = this.nearest(unit_BChw.detach());
      const codes_BChw = this.lookUp(indices_BN, latent_BChw.size(2));
      return {
        indices_BN,
        codes_BChw: straightThrough(codes_BChw, unit_BChw),
        codebookLoss: ops.mseLoss(codes_BChw, unit_BChw.detach()),
        commitmentLoss: ops.mseLoss(unit_BChw, codes_BChw.detach()),
      };
    });
  }
}
