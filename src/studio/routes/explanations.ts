// Explanations of SAR by an image: one of the model's data, one that the studio made, or one that is sent.
import type { FastifyReply } from 'fastify';
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
import { StudioError } from '../errors.js';
import { TaskGate } from '../jobs/gate.js';
import type { KnownModel } from '../models.js';
import { errors, usualErrors } from '../server/answers.js';
import { clientOf } from '../server/client.js';
import type { Resource, Studio } from '../server/studio.js';
import { checkScales } from '../settle.js';
import type { Explained } from '../worker/explain.js';
import type { ExplainTask } from '../worker/messages.js';

const tags = ['explanations'];

/** Ends a wait when the client has left. */
function leaving(reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  reply.raw.on('close', () => {
    left.abort(new StudioError('cancelled', 'the client has left'));
  });
  return left.signal;
}

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
  const tokens = Math.min(studio.options.images.tokens, limits.explained);
  checkScales(model, details.scales, { ...studio.options.images, tokens });
  const given = typeof body.class === 'string' || typeof body.class === 'number' ? labelOf(body.class, details.classes, 'class') : body.class; // prettier-ignore
  const { image, label } = await sourceOf(body, model, studio);
  const { seed, choice, topK, topP, cfg } = body;
  const rollout = { choice, topK, topP, guidance: cfg };
  return { source, scales: details.scales, image, label: given === undefined ? label : given, seed, rollout };
}

/** Adds `/api/explanations`. */
export const addExplanations: Resource = (app, studio) => {
  const { queue, waitTime } = studio.options.jobs;
  const gate = new TaskGate(studio.scheduler, { tasks: queue.jobs, perClient: queue.perClient, waitTime });
  app.post(
    '/api/explanations',
    {
      bodyLimit: limits.upload,
      schema: {
        summary: 'SAR’s two passes over an image: inputs, predictions, where they differ, losses.',
        tags,
        body: explanationRequest,
        response: { 200: explanation, ...usualErrors, ...errors(404, 409, 413, 415, 504) },
      },
    },
    async (request, reply) => {
      const model = studio.models.find(request.body.model, 'model');
      const task = await taskOf(request.body, model, studio);
      const { label, ...explained } = (await gate.run(clientOf(request), 'explain', task, leaving(reply))) as Explained;
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
      const found = await gate.run(clientOf(request), 'heldOutImages', source, leaving(reply));
      return found as z.infer<typeof heldOutImages>;
    },
  );
};
