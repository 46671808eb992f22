// Intervals as charts draw them: a line with a bar where it ends, and an arrowhead where only the frame cuts it.

/** How an item of a custom series is drawn, as far as it is used here. */
export type Item = (
  params: unknown,
  api: { value: (i: number) => number; coord: (point: readonly number[]) => number[] },
) => { type: 'group'; children: object[] };

/** An interval as far as a frame shows it; ends that are cut go on beyond it. */
export interface Cut {
  low: number;
  high: number;
  lowIsCut: boolean;
  highIsCut: boolean;
}

/** Cuts an interval to a frame. Of one that lies beyond it altogether, both ends are the frame's. */
export function cutTo([first, last]: readonly [number, number], low: number, high: number): Cut {
  const within = (value: number) => Math.min(Math.max(value, first), last);
  return { low: within(low), high: within(high), lowIsCut: low < first, highIsCut: high > last };
}

/** An interval as a datum of its series; `place` is where it stands on the other axis. */
export function whiskerDatum(place: number, { low, high, lowIsCut, highIsCut }: Cut): number[] {
  return [place, low, high, Number(lowIsCut), Number(highIsCut)];
}

/** Half the width of a bar or an arrowhead, the length of an arrowhead, and that of an arrow without an interval, in pixels. */
const [half, headLength, arrowLength] = [5, 9, 24];

/** Draws data of `whiskerDatum`, along x where `horizontal`. `shift` moves them aside by pixels. */
export function whiskerItem(color: string, horizontal: boolean, shift = 0): Item {
  const upwards = horizontal ? 1 : -1; // the way in which pixels go where values grow
  const xy = (along: number, across: number) => (horizontal ? [along, across] : [across, along]);
  const line = (from: number[], to: number[]) => ({ type: 'line', shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }, style: { stroke: color } }); // prettier-ignore
  const bar = (along: number, across: number) => line(xy(along, across - half), xy(along, across + half));
  const head = (along: number, across: number, way: number) => {
    const back = along - way * headLength;
    const points = [xy(along, across), xy(back, across - half), xy(back, across + half)];
    return { type: 'polygon', shape: { points }, style: { fill: color } };
  };
  return (_, { value, coord }) => {
    const [place, low, high] = [value(0), value(1), value(2)];
    const [lowIsCut, highIsCut] = [value(3) > 0, value(4) > 0];
    const pixel = (end: number): [along: number, across: number] => {
      const [x, y] = coord(horizontal ? [end, place] : [place, end]) as [number, number];
      return horizontal ? [x, y + shift] : [y, x + shift];
    };
    const [[from, across], [to]] = [pixel(low), pixel(high)];
    const end = (along: number, isCut: boolean, way: number) => (isCut ? head(along, across, way) : bar(along, across));
    if (low === high && lowIsCut !== highIsCut) {
      const way = highIsCut ? upwards : -upwards;
      const tail = xy(from - way * arrowLength, across);
      return { type: 'group', children: [line(tail, xy(from, across)), head(from, across, way)] };
    }
    const ends = [end(from, lowIsCut, -upwards), end(to, highIsCut, upwards)];
    return { type: 'group', children: [line(xy(from, across), xy(to, across)), ...ends] };
  };
}
