// One cursor over several maps of the same tokens, moved by pointer or arrow keys.
import { useState } from 'preact/hooks';

/** Row and column of a token. */
export type Place = readonly [row: number, column: number];

type Sides = readonly [height: number, width: number];

/** The mark over a map. */
export function Cursor({ sides: [height, width], place }: { sides: Sides; place: Place | undefined }) {
  if (!place) return null;
  const [row, column] = place;
  const share = (part: number, all: number) => `${(100 * part) / all}%`;
  return (
    <i
      class="cursor"
      style={{ top: share(row, height), left: share(column, width), height: share(1, height), width: share(1, width) }}
    />
  );
}

/** Where a pointer stands, as a token's place. */
function placeOf(event: PointerEvent, [height, width]: Sides): Place {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const part = (at: number, size: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((at / size) * count)));
  return [part(event.clientY - box.top, box.height, height), part(event.clientX - box.left, box.width, width)];
}

/** A cursor over maps of these sides: its place, what the frame around the maps listens to, and what each map does. */
export function useCursor(sides: Sides) {
  const [height, width] = sides;
  const [asked, setPlace] = useState<Place>();
  const place = asked && asked[0] < height && asked[1] < width ? asked : undefined;
  const onKeyDown = (pressed: KeyboardEvent) => {
    const steps: Record<string, Place> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }; // prettier-ignore
    const step = steps[pressed.key];
    if (!step) return;
    pressed.preventDefault();
    const [row, column] = place ?? [-step[0], -step[1]];
    const clamp = (at: number, count: number) => Math.min(count - 1, Math.max(0, at));
    setPlace([clamp(row + step[0], height), clamp(column + step[1], width)]);
  };
  return {
    place,
    frame: { onKeyDown, onBlur: () => setPlace(undefined) },
    map: {
      onPointerMove: (moved: PointerEvent) => setPlace(placeOf(moved, sides)),
      onPointerLeave: () => setPlace(undefined),
      style: { aspectRatio: `${width} / ${height}` },
    },
  };
}
