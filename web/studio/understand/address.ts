// What the address says: image, class, model, how tokens are chosen, step, scale, γ. A reload or a link shows the same.
import type { Models } from '../settings/useModels.js';

/** The image that is explained. */
export type ImageChoice =
  | { kind: 'data'; index: number }
  /** Drawn by a model, as a class, from a seed. */
  | { kind: 'drawn'; model: string; label: number; seed: number }
  /** A picture that this tab keeps, by its number there: a file of one's own, or one that was drawn. */
  | { kind: 'kept'; number: number };

/** All of it. */
export interface Address {
  image: ImageChoice | undefined;
  model: string;
  /** Label of the class, null for none; undefined: what is known of the image. */
  label: number | null | undefined;
  /** Draws the tokens of both passes. */
  seed: number;
  choice: 'sample' | 'argmax';
  /** From 1. */
  step: number;
  /** Number of the scale that is looked at; undefined: the last. */
  scale: number | undefined;
  /** undefined: what the server says is usual. */
  gamma: number | undefined;
  /** What of it could not be had, in sentences. */
  problems: readonly string[];
}

const whole = (text: string | null): number | undefined => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined); // prettier-ignore

function imageOf(query: URLSearchParams): ImageChoice | undefined {
  const [index, drawn, of, number] = ['data', 'drawn', 'of', 'kept'].map((name) => whole(query.get(name)));
  if (index !== undefined) return { kind: 'data', index };
  const by = query.get('by');
  if (drawn !== undefined && of !== undefined && by !== null) return { kind: 'drawn', model: by, label: of, seed: drawn }; // prettier-ignore
  return number === undefined ? undefined : { kind: 'kept', number };
}

/** Reads an address; what is no value counts as not said, and is told of. */
export function addressOf(text: string, models: Models, steps: number): Address {
  const query = new URLSearchParams(text);
  const problems: string[] = [];
  const wanted = query.get('model');
  const found = models.find(({ id }) => id === wanted);
  const asked = found ?? models[0];
  if (wanted !== null && !found) problems.push(`There is no model “${wanted}” here; this is ${asked.id}.`);
  /** A value that is said, or else told of. */
  const take = (name: string, expected: string, isValue: (text: string) => boolean): string | undefined => {
    const said = query.get(name);
    if (said === null || isValue(said)) return said ?? undefined;
    problems.push(`${name}: expected ${expected}, found “${said}”.`);
    return undefined;
  };
  const isWhole = (least: number, most: number) => (said: string) =>
    (whole(said) ?? -1) >= least && whole(said)! <= most;
  const number = (name: string, least: number, most: number, expected: string) =>
    whole(take(name, expected, isWhole(least, most)) ?? null);
  const last = asked.scalewise.classes.length - 1;
  const label = take(
    'class',
    `a class from 0 to ${last}, or none`,
    (said) => said === 'none' || isWhole(0, last)(said),
  );
  const gamma = take('gamma', 'a number from 0 to 1', (said) => Number(said) >= 0 && Number(said) <= 1);
  const choice = take('tokens', 'sample or probable', (said) => said === 'sample' || said === 'probable');
  take('data', 'the number of a held-out image', isWhole(0, 1e15));
  return {
    image: imageOf(query),
    model: asked.id,
    label: label === 'none' ? null : whole(label ?? null),
    seed: number('seed', 0, 1e15, 'a whole number') ?? 0,
    choice: choice === 'probable' ? 'argmax' : 'sample',
    step: number('step', 1, steps, `a whole number from 1 to ${steps}`) ?? 1,
    scale: number('scale', 0, 1e15, 'the number of a scale'),
    gamma: gamma === undefined ? undefined : Number(gamma),
    problems,
  };
}

function imageQuery(image: ImageChoice | undefined): Record<string, string> {
  if (!image) return {};
  if (image.kind === 'data') return { data: `${image.index}` };
  if (image.kind === 'kept') return { kept: `${image.number}` };
  return { drawn: `${image.seed}`, of: `${image.label}`, by: image.model };
}

/** The address that says it. */
export function hrefOf({ image, model, label, seed, choice, step, scale, gamma }: Omit<Address, 'problems'>): string {
  const query = new URLSearchParams({
    ...imageQuery(image),
    ...(label !== undefined && { class: label === null ? 'none' : `${label}` }),
    model,
    ...(seed !== 0 && { seed: `${seed}` }),
    ...(choice === 'argmax' && { tokens: 'probable' }),
    ...(scale !== undefined && { scale: `${scale}` }),
    ...(gamma !== undefined && { gamma: `${gamma}` }),
    step: `${step}`,
  });
  return `/understand?${query}`;
}
