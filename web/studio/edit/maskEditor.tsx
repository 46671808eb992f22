// A mask drawn over an image, by pointer or by keys: brush, eraser and box; a cursor of one token for the keyboard.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Choice } from '../settings/fields.js';
import { emptyMask, inverted, isMarked, type Mask, type Point, tokensMarked, withBox, withStroke } from './mask.js';
import type { Source } from './source.js';

type Tool = 'brush' | 'eraser' | 'box';

interface Props {
  source: Source;
  mask: Mask;
  /** Pixels a token, along each side. */
  stride: number;
  onChange: (mask: Mask) => void;
  /** Told when a stroke begins and when it is over. */
  onStroke: (going: boolean) => void;
}

/** A mask as translucent pixels. */
function Overlay({ mask, class: name }: { mask: Mask; class: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const pixels = context.createImageData(mask.width, mask.height);
    mask.bits.forEach((bit, i) => bit && pixels.data.set([12, 160, 168, 255], 4 * i));
    context.putImageData(pixels, 0, 0);
  }, [mask]);
  return <canvas ref={canvas} class={`pixels ${name}`} width={mask.width} height={mask.height} aria-hidden />;
}

const share = (part: number, all: number) => `${(100 * part) / all}%`;

/** The editor, with its tools above it. */
export function MaskEditor({ source, mask, stride, onChange, onStroke }: Props) {
  const [tool, setTool] = useState<Tool>('brush');
  const [size, setSize] = useState(() => Math.max(2, Math.round(source.width / 8)));
  const [before, setBefore] = useState<Mask[]>([]);
  const [hover, setHover] = useState<Point>();
  const [cursor, setCursor] = useState<Point>(); // of the keyboard, in tokens
  const stroke = useRef<{ start: Point; last: Point; base: Mask }>(undefined);
  const board = useRef<HTMLDivElement>(null);
  const { width, height } = mask;
  const tokens = tokensMarked(mask, stride);
  const marked = tokens.bits.reduce((sum, bit) => sum + bit, 0);
  useEffect(() => setBefore([]), [source]);
  const cursorMark = useRef<HTMLElement>(null);
  useLayoutEffect(() => cursorMark.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [cursor]);

  const commit = (next: Mask, base = mask) => {
    setBefore((all) => [...all.slice(-49), base]);
    onChange(next);
  };
  const undo = () => {
    const last = before.at(-1);
    if (!last) return;
    setBefore(before.slice(0, -1));
    onChange(last);
  };

  const pointOf = (event: PointerEvent): Point => {
    const box = board.current!.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * width,
      y: ((event.clientY - box.top) / box.height) * height,
    };
  };
  const drawn = (base: Mask, from: Point, to: Point): Mask =>
    tool === 'box' ? withBox(base, from, to, 1) : withStroke(base, from, to, size, tool === 'brush' ? 1 : 0);
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    board.current!.setPointerCapture(event.pointerId);
    const at = pointOf(event);
    stroke.current = { start: at, last: at, base: mask };
    setCursor(undefined);
    onStroke(true);
    commit(drawn(mask, at, at));
  };
  const onPointerMove = (event: PointerEvent) => {
    const at = pointOf(event);
    setHover(at);
    const now = stroke.current;
    if (!now) return;
    onChange(tool === 'box' ? drawn(now.base, now.start, at) : drawn(mask, now.last, at));
    now.last = at;
  };
  const onPointerUp = () => {
    if (stroke.current) onStroke(false);
    stroke.current = undefined;
  };

  /** Marks the token at a place, or takes the mark away. */
  const setToken = ({ x, y }: Point, value: 0 | 1) => {
    const corner = { x: x * stride, y: y * stride };
    commit(withBox(mask, corner, { x: corner.x + stride - 1, y: corner.y + stride - 1 }, value));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }; // prettier-ignore
    const step = steps[event.key];
    const value = tool === 'eraser' ? 0 : 1;
    const at = cursor ?? { x: 0, y: 0 };
    if (step) {
      const bound = (next: number, count: number) => Math.min(count - 1, Math.max(0, next));
      const to = cursor ? { x: bound(at.x + step[0], tokens.width), y: bound(at.y + step[1], tokens.height) } : at;
      setCursor(to);
      if (event.shiftKey) setToken(to, value);
    } else if (event.key === ' ') setToken(at, tokens.bits[at.y * tokens.width + at.x] ? 0 : 1);
    else if (event.key === 'Delete' || event.key === 'Backspace') setToken(at, 0);
    else if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) undo();
    else return;
    event.preventDefault();
  };
  const place = cursor && `row ${cursor.y + 1}, column ${cursor.x + 1}, ${tokens.bits[cursor.y * tokens.width + cursor.x] ? 'made anew' : 'kept'}`; // prettier-ignore

  return (
    <div class="mask-editor">
      <div class="tools" role="group" aria-label="Tools of the mask">
        <Choice
          label="Tool"
          value={tool}
          options={[
            { value: 'brush', label: 'Brush' },
            { value: 'eraser', label: 'Eraser' },
            { value: 'box', label: 'Box' },
          ]}
          onChange={setTool}
        />
        <label class="brush-size">
          <span class="small">Width</span>
          <input
            type="range"
            min="1"
            max={Math.max(4, Math.round(width / 2))}
            value={size}
            disabled={tool === 'box'}
            onInput={(event) => setSize(Number(event.currentTarget.value))}
          />
        </label>
        <button type="button" onClick={undo} disabled={!before.length}>
          Undo
        </button>
        <button type="button" onClick={() => commit(inverted(mask))}>
          Invert
        </button>
        <button type="button" onClick={() => commit(emptyMask(width, height))} disabled={!isMarked(mask)}>
          Clear
        </button>
      </div>
      <div
        class="board"
        ref={board}
        role="application"
        tabIndex={0}
        aria-label={`Mask over ${source.name}`}
        aria-describedby="mask-keys"
        style={{ aspectRatio: `${width} / ${height}` }}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerUp}
        onPointerLeave={() => setHover(undefined)}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && setCursor(cursor ?? { x: 0, y: 0 })}
        onBlur={() => setCursor(undefined)}
        onKeyDown={onKeyDown}
      >
        <img src={source.url} alt="" class={width <= 256 ? 'pixels' : ''} draggable={false} />
        <i
          class="grid"
          style={{ backgroundSize: `${share(1, tokens.width)} ${share(1, tokens.height)}` }}
          aria-hidden="true"
        />
        <Overlay mask={tokens} class="touched" />
        <Overlay mask={mask} class="marked" />
        {hover && tool !== 'box' && (
          <i
            class="brush"
            style={{
              left: share(hover.x - size / 2, width),
              top: share(hover.y - size / 2, height),
              width: share(size, width),
              height: share(size, height),
            }}
          />
        )}
        {cursor && (
          <i
            class="cursor"
            ref={cursorMark}
            style={{
              left: share(cursor.x * stride, width),
              top: share(cursor.y * stride, height),
              width: share(stride, width),
              height: share(stride, height),
            }}
          />
        )}
      </div>
      <p class="readout figure" aria-live="polite">
        {place && `${place}; `}
        {marked} of {tokens.bits.length} tokens are made anew
      </p>
      <p class="soft small" id="mask-keys">
        By pointer, or by keys: arrows move by a token, Space marks it or takes the mark away, Shift with arrows marks
        on the way, Ctrl+Z undoes.
      </p>
    </div>
  );
}
