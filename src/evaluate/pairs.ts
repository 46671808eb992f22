// What comparisons of images with images take: two batches of one shape, as the 8-bit pictures they would be saved as.
import type { Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** Refuses all but two batches uint8 [B, 3, H, W] of one shape whose sides have at least `smallest` pixels. */
export function checkPairs(what: string, a: Tensor, b: Tensor, smallest = 1): void {
  const describe = (one: Tensor) => `${one.dtype} [${one.shape.join(', ')}]`;
  const [, channels, height = 0, width = 0] = a.shape;
  if (a.dtype !== 'uint8' || channels !== 3 || a.shape.length !== 4 || describe(a) !== describe(b))
    throw new TypeError(`${what}: expected two batches uint8 [B, 3, H, W] of one shape, got ${describe(a)} and ${describe(b)}`); // prettier-ignore
  if (Math.min(height, width) < smallest)
    throw new UsageError(
      `${what}: expected images of at least ${smallest} × ${smallest} pixels, got ${height} × ${width}`,
    );
}
