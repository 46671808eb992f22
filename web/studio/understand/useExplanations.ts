// Explanations of one image by several models: asked for once each, and kept while the page is open.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Explanation } from '../../../src/studio/api/index.js';
import { explain } from '../api.js';
import type { Models } from '../settings/useModels.js';
import type { Address } from './address.js';
import { type Source, sourceOf } from './source.js';

/** What is known so far. */
export interface Explanations {
  source: Source | undefined;
  /** By model. */
  found: Readonly<Record<string, Explanation>>;
  error: unknown;
  retry: () => void;
}

/** Models that can be asked about the same image: those with the classes and image size of one. */
export function alike(models: Models, id: string): string[] {
  const looks = ({ scalewise: { classes, imageSize } }: Models[number]) => JSON.stringify([classes, imageSize]);
  const wanted = looks(models.find((one) => one.id === id)!);
  const same = models.filter((one) => looks(one) === wanted);
  return same.map((one) => one.id);
}

/** Asks for what an address names: of its model first, then of those that can be compared with it. */
export function useExplanations({ image, label, seed, choice, model }: Address, models: Models): Explanations {
  const [known, setKnown] = useState<{ key: string; source?: Source; found: Record<string, Explanation> }>({ key: '', found: {} }); // prettier-ignore
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  const kept = useRef(known);
  kept.current = known;
  const key = JSON.stringify([image, label, seed, choice]);

  useEffect(() => {
    let left = false;
    setError(undefined);
    if (!image) return undefined;
    const before = kept.current.key === key ? kept.current : { key, found: {} };
    const ask = async () => {
      const source = before.source ?? (await sourceOf(image, models[0].scalewise.classes));
      const settled = label === undefined ? source.label : label;
      const settings = { image: source.image, seed, choice, ...(settled !== undefined && { class: settled }) };
      const others = alike(models, model).filter((id) => id !== model);
      for (const id of [model, ...others]) {
        if (left) return;
        if (kept.current.key === key && kept.current.found[id]) continue;
        const found = await explain({ ...settings, model: id });
        if (left) return;
        setKnown((now) => ({ key, source, found: { ...(now.key === key ? now.found : {}), [id]: found } }));
      }
    };
    ask().catch((reason: unknown) => left || setError(reason));
    return () => {
      left = true;
    };
  }, [key, model, attempt]);

  const { source, found } = known.key === key ? known : { source: undefined, found: {} };
  return { source, found, error, retry: () => setAttempt(attempt + 1) };
}
