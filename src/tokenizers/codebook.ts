// The codebook: the nearest code to a vector, and codes by index. Which code is near is the metric's to say. All of it in float32.
// Legend: B batch, C code width, V codes, h and w sides of a map, N = h·w.
import { Embedding, inFloat32, Module, unitLength } from '../nn/index.js';
import { ops, type Tensor } from '../torch/index.js';
import { type Scale, sizeOf } from './scales.js';

/** How vectors are compared with codes. */
export interface CodebookMetric {
  /** The codes [V, C] that raw parameters stand for. */
  codes(weight_VC: Tensor): Tensor;
  /** How near each row [… C] is to each code, up to what is the same for all codes: the larger, the nearer [… V]. */
  nearness(rows_C: Tensor, codes_VC: Tensor): Tensor;
}

/** Unit vectors, compared by cosine (FlexVAR). */
export const cosine: CodebookMetric = {
  codes: (weight_VC) => unitLength(weight_VC, 1),
  nearness: (rows_C, codes_VC) => unitLength(rows_C, -1).matmul(codes_VC.t()),
};

/** Codes as they are, compared by squared distance (VAR), which is computed as the published code does: (‖z‖² + ‖e‖²) − 2 z·e. */
export const euclidean: CodebookMetric = {
  codes: (weight_VC) => weight_VC,
  nearness: (rows_C, codes_VC) => {
    const squares = rows_C
      .square()
      .sum([-1], true)
      .add(codes_VC.square().sum([1]));
    return squares.sub(rows_C.matmul(codes_VC.t()).mul(2)).neg();
  },
};

/** V codes of width C. */
export class Codebook extends Module {
  readonly embedding: Embedding;

  constructor(
    readonly size: number,
    readonly width: number,
    readonly metric: CodebookMetric,
  ) {
    super();
    this.embedding = this.add('embedding', new Embedding(size, width));
  }

  /** The codes [V, C]. */
  codes(): Tensor {
    return this.metric.codes(this.embedding.weight_VD);
  }

  /** How near each position of a map [B, C, h, w] is to each code [B, N, V]. */
  nearness(map_BChw: Tensor): Tensor {
    return inFloat32(map_BChw.device, () =>
      this.metric.nearness(map_BChw.to('float32').flatten(2).transpose(1, 2), this.codes()),
    );
  }

  /** Index [B, N] of the nearest code at each position of a map [B, C, h, w]. */
  nearest(map_BChw: Tensor): Tensor {
    return this.nearness(map_BChw).argmax(2);
  }

  /** The codes of indices [B, N] as a map [B, C, h, w]. */
  lookUp(indices_BN: Tensor, scale: Scale): Tensor {
    return inFloat32(indices_BN.device, () => toMap(ops.embedding(this.codes(), indices_BN), scale));
  }
}

/** Rows [B, N, C] as a map [B, C, h, w]. */
export function toMap(rows_BNC: Tensor, scale: Scale): Tensor {
  return rows_BNC.transpose(1, 2).reshape([rows_BNC.size(0), rows_BNC.size(2), ...sizeOf(scale)]);
}

/** A map [B, C, h, w] as rows [B, N, C]. */
export function toRows(map_BChw: Tensor): Tensor {
  return map_BChw.flatten(2).transpose(1, 2);
}
