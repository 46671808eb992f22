// The models to choose from.
import { model, modelId, modelList } from '../api/index.js';
import { z } from 'zod';
import { modelAnswer } from '../models.js';
import { errors, usualErrors } from '../server/answers.js';
import type { Resource } from '../server/studio.js';

/** Adds `/v1/models`. */
export const addModels: Resource = (app, studio) => {
  const tags = ['models'];
  app.get(
    '/v1/models',
    { schema: { summary: 'The models.', tags, response: { 200: modelList, ...usualErrors } } },
    () => ({ object: 'list' as const, data: studio.models.all().map(modelAnswer) }),
  );
  app.get(
    '/v1/models/:model',
    {
      schema: {
        summary: 'One model.',
        tags,
        params: z.object({ model: modelId }),
        response: { 200: model, ...usualErrors, ...errors(404) },
      },
    },
    ({ params }) => modelAnswer(studio.models.find(params.model, 'model')),
  );
};
