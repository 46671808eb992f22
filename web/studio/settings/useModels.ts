// The models of the server, asked for once and kept while the page is open.
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Model } from '../../../src/studio/api/index.js';
import { getModels } from '../api.js';

/** At least one model, the first being the server's default. */
export type Models = readonly [Model, ...Model[]];

/** Where the question stands. */
export interface ModelsHandle {
  models: Models | undefined;
  error: unknown;
  retry: () => void;
}

/** Asks for the models. */
export function useModels(): ModelsHandle {
  const [models, setModels] = useState<Models>();
  const [error, setError] = useState<unknown>();
  const ask = useCallback(() => {
    setError(undefined);
    getModels().then(({ data: [first, ...rest] }) => {
      if (first) setModels([first, ...rest]);
      else setError(new Error('The studio has no model: start it with `scalewise studio -g GENERATOR`.'));
    }, setError);
  }, []);
  useEffect(ask, [ask]);
  return { models, error, retry: ask };
}
