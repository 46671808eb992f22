// Explanations of SAR by an image: one of the model's data, one that the studio made, or one that is sent.
import { z } from 'zod';
import {
  type ExplanationRequest,
  explanation,
  explanationRequest,
  heldOutImages,
  limits,
  modelId,
} from '../api/index.js';
import { bytesOf, imageOf } from '../canvas.js';
import { classText, labelOf } from '../classes.js';
import { madeImage } from '../editSource.js';
import { refuse } from '../errors.js';
import type { KnownModel } from '../models.js';
import { errors, usualErrors } from '../server/answers.js';
import { clientOf, leaving } from '../server/client.js';
import type { Resource, Studio } from '../server/studio.js';
import { tokenCount } from '../../tokenizers/scales.js';
import type { Explained } from '../worker/explain.js';
import type { ExplainTask } from '../worker/messages.js';

const tags = ['explanations'];

/** The image of a request, and its label where that is known. */
async function sourceOf(
  { image }: ExplanationRequest,
  { details }: KnownModel,
  { scheduler }: Studio,
): Promise<Pick<ExplainTask, 'image' | 'label'>> {
  if (typeof image !== 'string' && 'data' in image) return { image: image.data, label: undefined };
  const made = typeof image === 'string' ? undefined : madeImage(image, scheduler.kept, 'image');
  const canvas = await imageOf(made?.png ?? bytesOf(image as string), details.scales, details.stride);
  const { pixels, height, width } = canvas;
  return { image: { pixels, height, width }, label: typeof made?.class === 'number' ? made.class : null };
}

async function taskOf(body: ExplanationRequest, model: KnownModel, studio: Studio): Promise<ExplainTask> {
  const { details, source } = model;
  const tokens = tokenCount(details.scales);
  const most = Math.min(studio.options.images.tokens, limits.explained);
  if (tokens > most) throw refuse('model', `model: an image of ${model.id} has ${tokens} tokens, and of more than ${most} none is explained; choose a model of smaller images`); // prettier-ignore
  const given = typeof body.class === 'string' || typeof body.class === 'number' ? labelOf(body.class, details.classes, 'class') : body.class; // prettier-ignore
  const { image, label } = await sourceOf(body, model, studio);
  const { seed, choice, topK, topP, cfg } = body;
  const rollout = { choice, topK, topP, guidance: cfg };
  return { source, scales: details.scales, image, label: given === undefined ? label : given, seed, rollout };
}

/** Adds `/api/explanations`. */
export const addExplanations: Resource = (app, studio) => {
  const { gate, scheduler } = studio;
  app.post(
    '/api/explanations',
    {
      bodyLimit: limits.imageBody,
      schema: {
        summary: 'SAR’s two passes over an image: inputs, predictions, where they differ, losses.',
        tags,
        body: explanationRequest,
        response: { 200: explanation, ...usualErrors, ...errors(404, 409, 413, 415, 504) },
      },
    },
    async (request, reply) => {
      const model = studio.models.find(request.body.model, 'model');
      const found = await gate.pass(clientOf(request), leaving(reply), async (given) =>
        scheduler.task('explain', await taskOf(request.body, model, studio), given),
      );
      const { label, ...explained } = found as Explained;
      return { ...explained, model: model.id, class: { label, name: classText(label, model.details.classes) } };
    },
  );
  app.get(
    '/api/explanations/images',
    {
      schema: {
        summary: 'Held-out images of the data that a model was trained on.',
        tags,
        querystring: z.strictObject({ model: modelId.optional() }),
        response: { 200: heldOutImages, ...usualErrors, ...errors(404, 409, 504) },
      },
    },
    async (request, reply) => {
      const { source } = studio.models.find(request.query.model, 'model');
      const found = await gate.pass(clientOf(request), leaving(reply), (given) =>
        scheduler.task('heldOutImages', source, given),
      );
      return found as z.infer<typeof heldOutImages>;
    },
  );
};
