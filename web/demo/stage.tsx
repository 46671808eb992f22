// The image, and beneath it the scales that it grew by.
import { codeColour } from '../common/colours.js';
import { TokenCanvas } from '../common/tokenCanvas.js';
import { PictureCanvas, pngOf } from './canvases.js';
import type { SampledScale } from './sampler.js';

interface Props {
  /** Name of the class. */
  name: string;
  /** Sizes of all scales. */
  sizes: readonly (readonly [height: number, width: number])[];
  /** Those done so far. */
  scales: readonly SampledScale[];
  /** Height by width, for the frame before there is an image. */
  imageSize: readonly [height: number, width: number];
  /** The scale that is looked at. */
  shown: number;
  show: (index: number) => void;
  /** For the file's name. */
  fileName: string;
}

const sizeText = ([height, width]: readonly [number, number]) => `${height} × ${width}`;

async function download(scale: SampledScale, name: string): Promise<void> {
  const blob = await pngOf(scale.image);
  if (!blob) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Strip({ name, sizes, scales, imageSize, shown, show }: Props) {
  return (
    <ol class="strip" aria-label="Scales, coarse to fine">
      {sizes.map((size, index) => {
        const scale = scales[index];
        return (
          <li key={index}>
            <button
              type="button"
              class="cell"
              disabled={!scale}
              aria-pressed={shown === index}
              onClick={() => show(index)}
            >
              <span class="frame" style={{ aspectRatio: `${imageSize[1]} / ${imageSize[0]}` }}>
                {scale && <PictureCanvas picture={scale.image} label={`${name} after the scale ${sizeText(size)}`} />}
              </span>
              <span class="frame" style={{ aspectRatio: `${imageSize[1]} / ${imageSize[0]}` }}>
                {scale && (
                  <TokenCanvas
                    values={scale.tokens}
                    sides={scale.size}
                    colour={codeColour}
                    label={`Its ${scale.tokens.length} tokens, a colour a code`}
                    kind="tokens"
                    told
                  />
                )}
              </span>
              <span class="figure">{sizeText(size)}</span>
              <span class="figure soft">{scale ? `t = ${scale.weight.toFixed(2)}` : '\u00a0'}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

/** The large image with the strip of scales. */
export function Stage(props: Props) {
  const { name, scales, sizes, imageSize, shown, fileName } = props;
  const scale = scales[shown];
  const done = scales.length === sizes.length;
  return (
    <section class="stage panel" aria-label="Image" aria-busy={!done}>
      <div class="row apart">
        <h1>{name}</h1>
        <button type="button" disabled={!done} onClick={() => void download(scales.at(-1)!, fileName)}>
          Save PNG
        </button>
      </div>
      <div class="frame large" style={{ aspectRatio: `${imageSize[1]} / ${imageSize[0]}` }}>
        {scale && <PictureCanvas picture={scale.image} label={`${name}, drawn by the model`} />}
      </div>
      <p class="soft small" role="status">
        {done
          ? `Scale ${shown + 1} of ${sizes.length}: ${sizeText(sizes[shown]!)} tokens`
          : `Drawing scale ${scales.length + 1} of ${sizes.length}…`}
      </p>
      <Strip {...props} />
    </section>
  );
}
