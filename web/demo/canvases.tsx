// Pictures on canvases, pixel by pixel; the page's style enlarges them.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Picture } from './steps.js';

/** A picture [3, H, W] in [−1, 1] as pixels. */
function pixelsOf({ height, width, values }: Picture): ImageData {
  const pixels = new ImageData(width, height);
  const area = height * width;
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++)
      pixels.data[4 * i + channel] = Math.round((values[channel * area + i]! + 1) * 127.5);
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}

interface PixelsProps {
  pixels: ImageData;
  label: string;
  kind: string;
}

function Pixels({ pixels, label, kind }: PixelsProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current!.getContext('2d')!.putImageData(pixels, 0, 0);
  }, [pixels]);
  const { width, height } = pixels;
  const shared = { width, height, role: 'img', 'aria-label': label } as const;
  return <canvas ref={canvas} class={`pixels ${kind}`} {...shared} />;
}

/** The picture after a scale. */
export function PictureCanvas({ picture, label, kind = '' }: { picture: Picture; label: string; kind?: string }) {
  return <Pixels pixels={useMemo(() => pixelsOf(picture), [picture])} label={label} kind={kind} />;
}

/** A picture as a PNG. */
export function pngOf(picture: Picture): Promise<Blob | null> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext('2d')!.putImageData(pixelsOf(picture), 0, 0);
  return new Promise((done) => {
    canvas.toBlob(done, 'image/png');
  });
}
