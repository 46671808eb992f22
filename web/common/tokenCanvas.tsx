// Numbers of a scale's tokens as one pixel each, enlarged by the browser without blurring.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Colour } from './colours.js';

interface Props {
  values: ArrayLike<number>;
  sides: readonly [height: number, width: number];
  colour: (value: number) => Colour;
  /** For a screen reader; none where the map only repeats what stands elsewhere. */
  label?: string | undefined;
  /** More classes of the canvas, for its page's style. */
  kind?: string;
  /** Puts the values into the document, for whoever reads the page with a program. */
  told?: boolean;
}

/** A map of values, row by row. */
export function TokenCanvas({ values, sides, colour, label, kind = '', told = false }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height, width] = sides;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const pixels = context.createImageData(width, height);
    for (let i = 0; i < values.length; i++) pixels.data.set([...colour(values[i]!), 255], 4 * i);
    context.putImageData(pixels, 0, 0);
  }, [values, width, height, colour]);
  const named = label === undefined ? { 'aria-hidden': true as const } : { role: 'img' as const, 'aria-label': label };
  const tokens = told ? Array.from(values).join(' ') : undefined;
  return <canvas ref={canvas} class={`pixels ${kind}`} width={width} height={height} data-tokens={tokens} {...named} />;
}
