// Numbers of a scale's tokens as one pixel each, enlarged by the browser without blurring.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Colour } from '../../shared/colours.js';

interface Props {
  values: readonly number[];
  sides: readonly [height: number, width: number];
  colour: (value: number) => Colour;
  /** For a screen reader; none where the map only repeats what stands elsewhere. */
  label?: string | undefined;
}

/** A map of values, row by row. */
export function TokenCanvas({ values, sides, colour, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height, width] = sides;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const pixels = context.createImageData(width, height);
    values.forEach((value, i) => {
      pixels.data.set([...colour(value), 255], 4 * i);
    });
    context.putImageData(pixels, 0, 0);
  }, [values, width, height, colour]);
  const told = label === undefined ? { 'aria-hidden': true as const } : { role: 'img' as const, 'aria-label': label };
  return <canvas ref={canvas} class="pixels" width={width} height={height} {...told} />;
}
