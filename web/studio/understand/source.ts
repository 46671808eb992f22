// The image that an address names, as a request says it: a held-out image by its number, one drawn anew from its seed, or the file that this tab keeps.
import type { ExplanationInput, Model } from '../../../src/studio/api/index.js';
import { drawImage } from '../api.js';
import { sourceOfFile } from '../edit/source.js';
import { sizeOf } from '../settings/scalesField.js';
import type { ImageChoice } from './address.js';

/** An image with what is known of it. */
export interface Source {
  image: ExplanationInput['image'];
  /** For people. */
  name: string;
  /** Label of its class where that is not the server's to know. */
  label: number | undefined;
}

const key = 'scalewise-understand-';

interface Kept {
  name: string;
  url: string;
}

/** Keeps a text in this tab, in the place of all others where there is no room beside them. */
function keep(number: number, text: string): void {
  try {
    sessionStorage.setItem(`${key}${number}`, text);
  } catch {
    for (const one of Object.keys(sessionStorage)) if (one.startsWith(key)) sessionStorage.removeItem(one);
    sessionStorage.setItem(`${key}${number}`, text);
  }
}

/** Takes a picture in: cut to what the model draws, and kept in this tab. @throws Error with a sentence for people */
export async function keepPicture(
  file: Blob & { name?: string },
  { scalewise: { scales, stride } }: Model,
): Promise<ImageChoice> {
  const { url, name } = await sourceOfFile(file, sizeOf(scales, stride));
  const number = Date.now();
  try {
    keep(number, JSON.stringify({ name, url } satisfies Kept));
  } catch {
    throw new Error('This browser keeps nothing for the page: allow it storage, or take another image.');
  }
  return { kind: 'kept', number };
}

function keptPicture(number: number): Kept {
  try {
    const text = sessionStorage.getItem(`${key}${number}`);
    if (text !== null) return JSON.parse(text) as Kept;
  } catch {
    // storage is forbidden
  }
  throw new Error('The picture that this address speaks of is kept in another tab: choose it again.');
}

/** The image of a choice. @throws Error with a sentence for people, or ApiError */
export async function sourceOf(choice: ImageChoice, classes: readonly string[]): Promise<Source> {
  if (choice.kind === 'data') return { image: { data: choice.index }, name: `held-out image ${choice.index}`, label: undefined }; // prettier-ignore
  if (choice.kind === 'kept') {
    const { url, name } = keptPicture(choice.number);
    return { image: url, name, label: undefined };
  }
  const { model, label, seed } = choice;
  const { data } = await drawImage({ model, prompt: `${label}`, x_seed: seed });
  const name = `${classes[label] ?? label}, drawn by ${model} from seed ${seed}`;
  return { image: `data:image/png;base64,${data[0]!.b64_json}`, name, label };
}
