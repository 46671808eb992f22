// What the steps read off an explanation: pictures and maps as views, shares, means, sums.
import type { Explanation, PassLevel } from '../../../src/studio/api/index.js';
import { amountColour, codeColour, type Colour } from '../../common/colours.js';
import { counted, mean, two } from '../view/measures.js';
import type { View } from './levels.js';

/** A share as people read it. */
export const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

/** Share of a pass's tokens that are the true ones: of one scale, or of all from one on. */
export const shareCorrect = (levels: readonly PassLevel[]): number => mean(levels.flatMap(({ correct }) => correct.map(Number))); // prettier-ignore

const right: Colour = [70, 178, 182];
const wrong: Colour = [62, 70, 74];

export const pictureView = (caption: string, picture: string, told: string): View => ({ caption, picture, told });

/** Codes as colours. */
export const tokensView = (caption: string, tokens: readonly number[]): View => ({
  caption,
  values: tokens,
  colour: codeColour,
  told: `${counted(tokens.length, 'token')}, ${counted(new Set(tokens).size, 'different code')}`,
});

/** Right and wrong tokens. */
export const correctView = (caption: string, { correct }: PassLevel): View => ({
  caption,
  values: correct.map(Number),
  colour: (value) => (value ? right : wrong),
  told: `${correct.filter(Boolean).length} of ${counted(correct.length, 'token')} as in the image`,
});

/** Numbers from 0 to `most`, dark to bright. */
export const amountView = (caption: string, values: readonly number[], most: number, unit: string): View => ({
  caption,
  values,
  colour: (value) => amountColour(value / most),
  told: `${two(mean(values))} ${unit} a token on average, ${two(Math.max(...values))} at most`,
});

/** The largest of some lists of numbers, which colours are measured by; at least `least`. */
export function mostOf(lists: readonly (readonly number[])[], least: number): number {
  let most = least;
  for (const list of lists) for (const one of list) most = Math.max(most, one);
  return most;
}

/** Tokens of all scales, and of those that have a student. */
export function counts({ pyramid, losses }: Explanation): { all: number; student: number } {
  const sizes = pyramid.map(({ tokens }) => tokens.length);
  const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);
  return { all: sum(sizes), student: sum(sizes.filter((_, i) => losses.csf[i] !== null)) };
}

/** Mean of KL over the tokens of the scales that have a student. */
export const meanDifference = ({ difference, losses }: Explanation): number => mean(difference.filter((_, i) => losses.csf[i] !== null).flat()); // prettier-ignore

/** What a scale is fed with, for people: VAR adds up all scales before it, FlexVAR takes the last of them. */
export const feeding = ({ family }: Explanation): string =>
  family === 'var' ? 'all scales before, summed and enlarged' : 'the scale before, enlarged';

/** How many tokens a scale is fed with. */
export function fedTokens({ family, pyramid }: Explanation, scale: number): number {
  const before = pyramid.slice(family === 'var' ? 0 : scale - 1, scale);
  return before.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/** L_SAR for a γ. */
export const total = ({ losses }: Explanation, gamma: number): number => losses.teacherTotal + gamma * (losses.csfTotal ?? 0); // prettier-ignore

/** Each scale's part of L_SAR: its share of the tokens times its mean, for either loss. */
export function partsOf(explanation: Explanation, gamma: number): { teacher: number; csf: number }[] {
  const { all, student } = counts(explanation);
  const { losses, pyramid } = explanation;
  return pyramid.map(({ tokens }, i) => ({
    teacher: (tokens.length / all) * losses.teacher[i]!,
    csf: student ? gamma * (tokens.length / student) * (losses.csf[i] ?? 0) : 0,
  }));
}
