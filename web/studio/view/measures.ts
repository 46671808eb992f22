// What is read off the scales of a generation.
import type { ScaleEvent } from '../../../src/studio/api/index.js';
import { amountColour, type Colour } from '../../common/colours.js';
import type { Growing } from '../generation/state.js';

/** Mean of some numbers; 0 of none. */
export const mean = (values: readonly number[]): number =>
  values.length ? values.reduce((sum, one) => sum + one, 0) / values.length : 0;

/** The largest entropy of any token, which the colours are measured by; at least one bit. */
export function mostEntropy({ images }: Growing): number {
  let most = 1;
  for (const { scales } of images) for (const one of scales) for (const bits of one?.entropy ?? []) most = Math.max(most, bits); // prettier-ignore
  return most;
}

/** A colour for bits, bright at `most`. */
export const entropyColour =
  (most: number): ((bits: number) => Colour) =>
  (bits) =>
    amountColour(bits / most);

/** How many different codes a scale has. */
export const distinctCodes = ({ tokens }: ScaleEvent): number => new Set(tokens).size;

/** A number with two digits after the point. */
export const two = (value: number): string => value.toFixed(2);

/** `1 token`, `2 tokens`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
