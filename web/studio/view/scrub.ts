// A strip of columns, one a scale, that is scrubbed as a slider: by pointer, by tapping, by keys.
import { useEffect, useRef } from 'preact/hooks';

/** What the strip's element takes; its columns carry `data-scale`, their number. */
export function useScrub(count: number, selected: number, onSelect: (index: number) => void) {
  const strip = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const box = strip.current;
    const column = box?.querySelector<HTMLElement>(`[data-scale="${selected}"]`);
    if (!box || !column || box.scrollWidth <= box.clientWidth) return;
    box.scrollTo({ left: column.offsetLeft - (box.clientWidth - column.offsetWidth) / 2, behavior: 'smooth' });
  }, [selected]);

  const selectAt = (event: MouseEvent) => {
    const column = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-scale]');
    if (column && strip.current?.contains(column)) onSelect(Number(column.dataset['scale']));
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || event.pointerType === 'touch') return; // a finger moves the strip, and taps
    strip.current?.setPointerCapture(event.pointerId);
    selectAt(event);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (strip.current?.hasPointerCapture(event.pointerId)) selectAt(event);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = count - 1;
    const places: Record<string, number> = {
      ArrowLeft: selected - 1, ArrowDown: selected - 1, ArrowRight: selected + 1, ArrowUp: selected + 1,
      PageDown: selected - 3, PageUp: selected + 3, Home: 0, End: last,
    }; // prettier-ignore
    const to = places[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onSelect(Math.min(Math.max(to, 0), last));
  };
  return {
    ref: strip,
    role: 'slider' as const,
    tabIndex: 0,
    'aria-valuemin': 1,
    'aria-valuemax': count,
    'aria-valuenow': selected + 1,
    onPointerDown,
    onPointerMove,
    onClick: selectAt,
    onKeyDown,
  };
}
