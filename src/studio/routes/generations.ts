// Generations: asked for, watched, cancelled, and their pictures.
import { z } from 'zod';
import { generation, generationAccepted, generationRequest, limits, modelId, opaqueId } from '../api/index.js';
import { canvasOf } from '../canvas.js';
import { editBytes } from '../editSource.js';
import { notFound } from '../errors.js';
import type { Job } from '../jobs/job.js';
import { parametersOf, written } from '../pictures.js';
import { content, errors, usualErrors } from '../server/answers.js';
import { clientOf } from '../server/client.js';
import { resumption, streamLog } from '../server/sse.js';
import type { Resource, Studio } from '../server/studio.js';
import { jobOf, settle } from '../settle.js';

const tags = ['generations'];
const byId = z.object({ id: opaqueId });
const picture = z.object({
  id: opaqueId,
  model: modelId,
  image: z.coerce
    .number()
    .int()
    .min(0)
    .max(limits.images - 1),
  file: z
    .string()
    .regex(/^\d{1,2}\.(png|webp)$/, 'expected the number of a scale with .png or .webp')
    .meta({ description: 'The number of a scale with .png or .webp.', example: '0.png' }),
});

function find(studio: Studio, id: string): Job {
  const job = studio.scheduler.kept.find(id);
  if (job) return job;
  throw notFound('generation', id);
}

/** Adds what begins and ends generations. */
function addJobs(...[app, studio]: Parameters<Resource>): void {
  app.post(
    '/api/generations',
    {
      bodyLimit: limits.editBody,
      schema: {
        summary: 'Asks for images of one class.',
        tags,
        body: generationRequest,
        response: { 202: generationAccepted, ...usualErrors, ...errors(404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const models = body.models?.map((id) => studio.models.find(id, 'models')) ?? [studio.models.find(undefined, 'models')]; // prettier-ignore
      const settled = settle(body, models, studio.options.images);
      const { stride } = models[0]!.details;
      const canvas = body.edit && (await canvasOf(editBytes(body.edit, studio.scheduler.kept), settled.scales, stride));
      const job = jobOf(settled, models, { client: clientOf(request), frames: true, isKept: true, canvas });
      studio.scheduler.add(job);
      return reply.code(202).send({ id: job.id, position: Math.max(0, job.position) });
    },
  );
  app.get(
    '/api/generations/:id',
    {
      schema: {
        summary: 'Where a generation stands.',
        tags,
        params: byId,
        response: { 200: generation, ...usualErrors, ...errors(404) },
      },
    },
    ({ params }) => find(studio, params.id).describe(),
  );
  app.delete(
    '/api/generations/:id',
    {
      schema: {
        summary: 'Cancels a generation: it stops at the next scale. One that is over stays as it is.',
        tags,
        params: byId,
        response: { 200: generation, ...usualErrors, ...errors(404) },
      },
    },
    ({ params }) => {
      const job = find(studio, params.id);
      studio.scheduler.cancel(job);
      return job.describe();
    },
  );
}

/** Adds what shows how they go. */
function addViews(...[app, studio]: Parameters<Resource>): void {
  app.get(
    '/api/generations/:id/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'What happens to a generation, as server-sent events: all of it, or what came after Last-Event-ID.',
        tags,
        params: byId,
        headers: resumption,
        response: {
          200: content('text/event-stream', z.string(), 'Events state, scale, done, failed, cancelled.'),
          ...usualErrors,
          ...errors(404),
        },
      },
    },
    (request, reply) => {
      const { log } = find(studio, request.params.id);
      streamLog(studio, request, reply, log);
    },
  );
  app.get(
    '/api/generations/:id/frames/:model/:image/:file',
    {
      schema: {
        summary: 'The picture of an image after one of its scales; after the last one it is the image.',
        tags,
        params: picture,
        response: {
          200: {
            description: 'The picture, with what made it in the text `parameters` (PNG) or in its EXIF description.',
            content: { 'image/png': { schema: z.string() }, 'image/webp': { schema: z.string() } },
          },
          ...usualErrors,
          ...errors(404),
        },
      },
    },
    async ({ params }, reply) => {
      const job = find(studio, params.id);
      const [index, type] = params.file.split('.') as [string, 'png' | 'webp'];
      const unit = job.units.find(({ model, image }) => model === params.model && image === params.image);
      const frame = unit && job.frame(unit.model, unit.image, Number(index));
      if (!frame) throw notFound('picture', params.file);
      const parameters = parametersOf(job, unit, frame, studio.models.find(unit.model, 'model'));
      reply.header('cache-control', 'private, max-age=3600, immutable').type(`image/${type}`);
      return reply.send((await written(frame.png, parameters, { type })) as never);
    },
  );
}

/** Adds `/api/generations`. */
export const addGenerations: Resource = (app, studio) => {
  addJobs(app, studio);
  addViews(app, studio);
};
