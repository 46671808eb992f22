// A loader over images that lie in memory at their final size: there is nothing to crop.
// Legend: B images, C channels (1 or 3), H and W the sides.
import { ops, scope, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { imageCount, type ImageSet, pixelsOf, toImages } from './imageSet.js';
import { type LoadedBatch, type Loader, type LoaderOptions, planSpan, type Span } from './loader.js';

/** Opens the loader. */
export function memoryLoader(set: ImageSet, options: LoaderOptions): Loader {
  const { name, channels, height, width } = set;
  if (options.crop)
    throw new UsageError(
      `${name}: images of ${height} × ${width} pixels in memory leave nothing to crop; set crop=false`,
    );
  const size = channels * height * width;
  const count = imageCount(set);
  const next = (span: Span): LoadedBatch => {
    const { indices, chances } = planSpan(count, span, options);
    const bytes = new Uint8Array(indices.length * size);
    indices.forEach((index, i) => {
      bytes.set(pixelsOf(set, index), i * size);
    });
    const flips = chances.map(({ flip }) => Number(options.flip && flip));
    return scope(() => {
      const bytes_BCHW = tensor(bytes, { shape: [indices.length, channels, height, width] });
      const flip_B111 = tensor(flips, { dtype: 'bool' }).view([-1, 1, 1, 1]);
      const image_B3HW = toImages(ops.where(flip_B111, bytes_BCHW.flip([3]), bytes_BCHW));
      const labels_B = tensor(indices.map((index) => set.labels[index]!), { dtype: 'int64' }); // prettier-ignore
      return { image_B3HW, labels_B, indices };
    });
  };
  return {
    count,
    classes: set.classes,
    next: (span) => Promise.resolve(span).then(next),
    close: () => Promise.resolve(),
  };
}
