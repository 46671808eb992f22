// The models of the server, asked for by each page that needs them.
import type { Model } from '../../../src/studio/api/index.js';
import { getModels } from '../api.js';
import { useAsked } from '../asked.js';

/** At least one model, the first being the server's default. */
export type Models = readonly [Model, ...Model[]];

/** Where the question stands. */
export interface ModelsHandle {
  models: Models | undefined;
  error: unknown;
  retry: () => void;
}

async function askModels(): Promise<Models> {
  const {
    data: [first, ...rest],
  } = await getModels();
  if (first) return [first, ...rest];
  throw new Error('The studio has no model: start it with `scalewise studio -g GENERATOR`.');
}

/** Asks for the models. */
export function useModels(): ModelsHandle {
  const { value: models, error, retry } = useAsked(askModels);
  return { models, error, retry };
}
