// Images to indices, the same ones whatever company an image is in: kernels round otherwise for other batch sizes, so the tokenizer is always
// given portions of one size, the last filled up with empty rows.
// Legend: B images, C code width, h and w latent sides, N tokens of a scale, X any further sizes.
import { createHash } from 'node:crypto';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { autocast, noGrad, ops, scope, type Tensor, zeros } from '../torch/index.js';
import type { Precision } from './machine.js';

/** Where and how images are encoded; another precision is another rounding, and now and then another index. */
export interface Encoding {
  device: string;
  precision: Precision;
}

/** Pixels of a portion: enough to keep a device busy, few enough that filling up costs little. */
const portionPixels = { cpu: 2 ** 13, cuda: 2 ** 19 };

function portionOf(device: string, pixels: number): number {
  return Math.max(1, Math.floor(portionPixels[device.startsWith('cuda') ? 'cuda' : 'cpu'] / pixels));
}

/** Runs `body` over portions of `size` rows; its results, row for row, in one piece each. */
function inPortions(rows_BX: Tensor, size: number, body: (portion_BX: Tensor) => Tensor[]): Tensor[] {
  const portions = rows_BX.split(size, 0).map((some_BX) =>
    scope(() => {
      const lacking = size - some_BX.size(0);
      const { dtype, device } = rows_BX;
      const empty = () => zeros([lacking, ...rows_BX.shape.slice(1)], { dtype, device });
      const results = body(lacking ? ops.cat([some_BX, empty()], 0) : some_BX.contiguous());
      return results.map((one) => one.narrow(0, 0, some_BX.size(0)));
    }),
  );
  return portions[0]!.map((_, i) => ops.cat(portions.map((results) => results[i]!), 0)); // prettier-ignore
}

/** Images [B, 3, H, W] → continuous latents [B, C, h, w] (float32) on the device. */
export function encodeLatents(tokenizer: Tokenizer, image_B3HW: Tensor, { device, precision }: Encoding): Tensor {
  const size = portionOf(device, image_B3HW.size(2) * image_B3HW.size(3));
  const encode = (portion_B3HW: Tensor) =>
    autocast({ device, dtype: precision }, () => tokenizer.encode(portion_B3HW).to('float32').contiguous());
  return noGrad(() => scope(() => inPortions(image_B3HW.to({ device }), size, (portion) => [encode(portion)])[0]!));
}

/** Continuous latents [B, C, h, w] → indices [B, N] (int64) of every scale. */
export function quantiseLatents(tokenizer: Tokenizer, latent_BChw: Tensor, scales: Scales): Tensor[] {
  const size = portionOf(latent_BChw.device, latent_BChw.size(2) * latent_BChw.size(3) * tokenizer.stride ** 2);
  return noGrad(() => scope(() => inPortions(latent_BChw, size, (portion) => tokenizer.quantise(portion, scales))));
}

/** Images [B, 3, H, W] → indices [B, N] (int64) of every scale of every list, list after list, on the device. */
export function encodeIndices(
  tokenizer: Tokenizer,
  image_B3HW: Tensor,
  lists: readonly Scales[],
  encoding: Encoding,
): Tensor[] {
  const indicesOf = (one_B3HW: Tensor, wanted: readonly Scales[]) => {
    const latent_BChw = encodeLatents(tokenizer, one_B3HW, encoding);
    return wanted.flatMap((scales) => quantiseLatents(tokenizer, latent_BChw, scales));
  };
  return noGrad(() =>
    scope(() => {
      if (!tokenizer.latentPerScale) return indicesOf(image_B3HW, lists);
      const views = tokenizer.views(image_B3HW.to({ device: encoding.device }), lists.flat());
      return views.flatMap((view) => indicesOf(view.image_B3HW, [view.scales]));
    }),
  );
}

/** A hash of what makes indices: with another encoder, other codes or another pyramid, stored ones would mean something else. */
export function encodingFingerprint(tokenizer: Tokenizer): string {
  const hash = createHash('sha256');
  if (tokenizer.latentPerScale) hash.update('a latent of every scale');
  for (const [name, weight] of tokenizer.stateDict())
    if (!/^(decoder|post_quant_conv)\./.test(name)) hash.update(name).update(weight.bytes());
  return hash.digest('hex').slice(0, 16);
}
