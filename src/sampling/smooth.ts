// Mixtures of codes in place of single ones: VAR's `more_smooth`, for pictures to look at and never for figures.
// Legend: B images, N tokens, V codes, K candidates, C code width.
import { inFloat32 } from '../nn/index.js';
import { ops, type Tensor } from '../torch/index.js';
import type { Candidates } from './filter.js';

/**
 * A mixture of the candidates' codes at every position [B, N, C]: a Gumbel softmax whose temperature falls, and whose logits grow, with the
 * place of the scale.
 * @param uniform_BNV noise in (0, 1), one number a code
 * @param place of the scale among all, from 0 to 1
 */
export function mixCodes(
  { indices_BNK, kept_BNK }: Candidates,
  logits_BNV: Tensor,
  uniform_BNV: Tensor,
  codes_VC: Tensor,
  place: number,
): Tensor {
  const temperature = Math.max(0.27 * (1 - 0.95 * place), 0.005);
  return inFloat32(logits_BNV.device, () => {
    const gumbel_BNV = uniform_BNV.log().neg().log().neg();
    const scores_BNK = logits_BNV
      .mul(1 + place)
      .add(gumbel_BNV)
      .gather(-1, indices_BNK)
      .maskedFill(kept_BNK.logicalNot(), -Infinity);
    const shares_BNK = scores_BNK.div(temperature).softmax(-1);
    return ops.zerosLike(logits_BNV).scatter(-1, indices_BNK, shares_BNK).matmul(codes_VC);
  });
}
