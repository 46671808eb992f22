// The colours and dashes of lines: of a hue each, readable on light and dark. The canvas of a chart takes them as the browser settled them.
import { useEffect, useState } from 'preact/hooks';

/** How a line looks. */
export interface Stroke {
  /** As CSS has it. */
  colour: string;
  /** Lengths of dashes and gaps; none for a whole line. */
  dash: readonly number[];
}

const ofHue = (hue: number) => `light-dark(oklch(0.52 0.13 ${hue}), oklch(0.79 0.12 ${hue}))`;

/** Far apart, for runs. */
const hues = [200, 45, 305, 145, 15, 255, 95, 345];
const dashes = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [14, 4], [2, 6], [8, 2, 2, 2, 2, 2]];

/** Runs that may be looked at together. */
export const mostRuns = hues.length;

/** The line of a run among others. */
export const runStroke = (index: number): Stroke => ({
  colour: ofHue(hues[index % mostRuns]!),
  dash: dashes[index % mostRuns]!,
});

/** The line of one metric of several: hues in a row, as of scales from coarse to fine. */
export const metricStroke = (index: number, count: number): Stroke => ({
  colour: ofHue(200 + Math.round((210 * index) / Math.max(1, count - 1))),
  dash: [],
});

/** A colour as a canvas takes it. */
export function settled(beside: Element, colour: string): string {
  const probe = document.createElement('i');
  probe.style.color = colour;
  beside.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Changes whenever the page's colours do. */
export function useThemeTurn(): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const change = () => setTurn((before) => before + 1);
    const system = matchMedia('(prefers-color-scheme: dark)');
    const chosen = new MutationObserver(change);
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    system.addEventListener('change', change);
    return () => {
      chosen.disconnect();
      system.removeEventListener('change', change);
    };
  }, []);
  return turn;
}
