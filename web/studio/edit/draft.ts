// What is being edited, kept in this tab, so that a reload finds it again.
import type { Mask } from './mask.js';
import type { Margins } from './marginEditor.js';
import type { Source } from './source.js';
import type { Settings } from '../settings/settings.js';
import type { Models } from '../settings/useModels.js';

/** What is done to the image. */
export type Task = 'inpaint' | 'outpaint' | 'class';

export interface Draft {
  task: Task;
  source: Source;
  mask: Mask;
  margins: Margins;
  /** Width of the passage between the image's own pixels and new ones; undefined where all go through the tokenizer. */
  feather: number | undefined;
  settings: Settings;
}

const key = 'scalewise-edit-2'; // another number where drafts of before cannot be read

/** Keeps a draft; a full storage keeps none. */
export function keepDraft(draft: Draft, query: string): void {
  const { width, height, bits } = draft.mask;
  try {
    sessionStorage.setItem(key, JSON.stringify({ ...draft, mask: { width, height, bits: bits.join('') }, query }));
  } catch {
    sessionStorage.removeItem(key);
  }
}

/** The draft that was kept of this address, for models that are still there. */
export function keptDraft(query: string, models: Models): Draft | undefined {
  try {
    const text = sessionStorage.getItem(key);
    if (text === null) return undefined;
    const kept = JSON.parse(text) as Omit<Draft, 'mask'> & { query: string; mask: Omit<Mask, 'bits'> & { bits: string } }; // prettier-ignore
    if (kept.query !== query) return undefined;
    if (!kept.settings.models.every((id) => models.some((one) => one.id === id))) return undefined;
    return { ...kept, mask: { ...kept.mask, bits: Uint8Array.from(kept.mask.bits, Number) } };
  } catch {
    return undefined; // of another version, or storage is forbidden
  }
}
