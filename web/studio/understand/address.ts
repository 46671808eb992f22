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
}

const whole = (text: string | null): number | undefined => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined); // prettier-ignore

function imageOf(query: URLSearchParams): ImageChoice | undefined {
  const [index, drawn, of, number] = ['data', 'drawn', 'of', 'kept'].map((name) => whole(query.get(name)));
  if (index !== undefined) return { kind: 'data', index };
  const by = query.get('by');
  if (drawn !== undefined && of !== undefined && by !== null) return { kind: 'drawn', model: by, label: of, seed: drawn }; // prettier-ignore
  return number === undefined ? undefined : { kind: 'kept', number };
}

/** Reads an address; what is no value counts as not said. */
export function addressOf(text: string, models: Models, steps: number): Address {
  const query = new URLSearchParams(text);
  const asked = models.find(({ id }) => id === query.get('model')) ?? models[0];
  const label = whole(query.get('class'));
  const gamma = Number(query.get('gamma') ?? NaN);
  return {
    image: imageOf(query),
    model: asked.id,
    label: query.get('class') === 'none' ? null : label !== undefined && label < asked.scalewise.classes.length ? label : undefined, // prettier-ignore
    seed: whole(query.get('seed')) ?? 0,
    choice: query.get('tokens') === 'probable' ? 'argmax' : 'sample',
    step: Math.min(Math.max(whole(query.get('step')) ?? 1, 1), steps),
    scale: whole(query.get('scale')),
    gamma: gamma >= 0 && gamma <= 1 ? gamma : undefined,
  };
}

function imageQuery(image: ImageChoice | undefined): Record<string, string> {
  if (!image) return {};
  if (image.kind === 'data') return { data: `${image.index}` };
  if (image.kind === 'kept') return { kept: `${image.number}` };
  return { drawn: `${image.seed}`, of: `${image.label}`, by: image.model };
}

/** The address that says it. */
export function hrefOf({ image, model, label, seed, choice, step, scale, gamma }: Address): string {
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
