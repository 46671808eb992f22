// Runs: the trainings below the folder that the studio was opened on, and their records as they come.
import { join } from 'node:path';
import { z } from 'zod';
import {
  opaqueId,
  runDetails,
  runList,
  runModel,
  type RunRecord,
  runRecord,
  runSample,
  settingDifference,
} from '../api/index.js';
import { readJsonLines } from '../../formats/index.js';
import { StudioError } from '../errors.js';
import { sampleBytes, samplesOf } from '../runSamples.js';
import { RunShelf } from '../runShelf.js';
import { isRecord } from '../runTail.js';
import { RunWatch } from '../runWatch.js';
import { content, errors, usualErrors } from '../server/answers.js';
import { clientOf, leaving } from '../server/client.js';
import { openStream } from '../server/sse.js';
import type { Resource } from '../server/studio.js';

/** Milliseconds between looks at a run that is watched. */
const pause = 500;

const tags = ['runs'];
const byId = z.object({ id: opaqueId });
const resumption = z.object({
  'last-event-id': z.string().max(40).optional().meta({ description: 'Of the last records that were heard.' }),
});
const failures = { ...usualErrors, ...errors(404, 409) };
const after = z.coerce.number().min(0).optional().meta({ description: 'Records beyond so many images seen.' });
const sample = z.object({
  id: opaqueId,
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,104}$/, 'expected the name of a sample, as the list has it'),
});

/** Adds the trainings and what is in them. */
function addReading(shelf: RunShelf, ...[app]: Parameters<Resource>): void {
  const get = { tags, params: byId };
  app.get(
    '/api/runs',
    { schema: { summary: 'The trainings.', tags, response: { 200: runList, ...usualErrors } } },
    () => shelf.all(),
  );
  app.get(
    '/api/runs/:id',
    { schema: { ...get, summary: 'A training, its settings and checkpoints.', response: { 200: runDetails, ...failures } } }, // prettier-ignore
    ({ params }) => shelf.details(shelf.find(params.id)),
  );
  app.get(
    '/api/runs/:id/metrics',
    {
      schema: {
        ...get,
        summary: 'What a training recorded.',
        querystring: z.strictObject({ after }),
        response: { 200: z.array(runRecord), ...failures },
      },
    },
    ({ params, query: { after: least = -1 } }) => {
      const file = join(shelf.find(params.id).glance.path, 'metrics.jsonl');
      return readJsonLines(file, () => undefined).filter((one) => isRecord(one) && one.imagesSeen > least) as RunRecord[]; // prettier-ignore
    },
  );
  app.get(
    '/api/runs/:id/difference/:other',
    {
      schema: {
        summary: 'The settings that two trainings do not share.',
        tags,
        params: byId.extend({ other: opaqueId }),
        response: { 200: z.array(settingDifference), ...failures },
      },
    },
    ({ params }) => shelf.difference([params.id, params.other].map((id) => shelf.find(id))),
  );
}

/** Adds the grids of samples. */
function addSamples(shelf: RunShelf, ...[app]: Parameters<Resource>): void {
  app.get(
    '/api/runs/:id/samples',
    {
      schema: {
        summary: 'The grids of samples that a training wrote, oldest first.',
        tags,
        params: byId,
        response: { 200: z.array(runSample), ...failures },
      },
    },
    ({ params }) => samplesOf(shelf.find(params.id)),
  );
  app.get(
    '/api/runs/:id/samples/:name',
    {
      schema: {
        summary: 'One of them.',
        tags,
        params: sample,
        response: {
          200: {
            description: 'The picture.',
            content: { 'image/png': { schema: z.string() }, 'image/webp': { schema: z.string() } },
          },
          ...failures,
        },
      },
    },
    ({ params }, reply) => {
      const bytes = sampleBytes(shelf.find(params.id), params.name);
      reply.header('cache-control', 'private, no-cache').type(params.name.endsWith('.webp') ? 'image/webp' : 'image/png'); // prettier-ignore
      void reply.send(bytes as never);
    },
  );
}

/** Adds what makes a model of a checkpoint. */
function addModels(shelf: RunShelf, ...[app, studio]: Parameters<Resource>): void {
  app.post(
    '/api/runs/:id/checkpoints/:checkpoint/model',
    {
      schema: {
        summary: 'Makes a checkpoint a model to ask images of; one that is a model already stays the one it is.',
        tags,
        params: byId.extend({ checkpoint: opaqueId }),
        response: { 200: runModel, ...failures, ...errors(504) },
      },
    },
    async (request, reply) => {
      const { id, checkpoint } = request.params;
      const generator = shelf.generatorOf(shelf.find(id), checkpoint);
      try {
        const add = () => studio.models.add({ generator });
        return { id: (await studio.gate.pass(clientOf(request), leaving(reply), add)).id };
      } catch (error) {
        if (!(error instanceof StudioError) || error.type !== 'invalid_request_error') throw error;
        throw new StudioError('conflict', shelf.places.said(error.message), { code: 'not_loaded' });
      }
    },
  );
}

/** Adds what tells of a training as it goes. */
function addEvents(shelf: RunShelf, ...[app, studio]: Parameters<Resource>): void {
  app.get(
    '/api/runs/:id/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'What a training records, as server-sent events: all of it, or what came after Last-Event-ID.',
        tags,
        params: byId,
        headers: resumption,
        response: {
          200: content('text/event-stream', z.string(), 'Events records, state, samples.'),
          ...failures,
        },
      },
    },
    (request, reply) => {
      const run = shelf.find(request.params.id);
      const stream = openStream(studio, request, reply, () => {
        clearInterval(timer);
      });
      const watch = new RunWatch(shelf, run, stream, request.headers['last-event-id']);
      const timer = setInterval(() => { watch.look(); }, pause); // prettier-ignore
      timer.unref();
      if (reply.raw.destroyed) clearInterval(timer);
      else watch.look();
    },
  );
}

/** Adds `/api/runs`. */
export const addRuns: Resource = (app, studio) => {
  const shelf = new RunShelf(studio.options.root);
  addReading(shelf, app, studio);
  addSamples(shelf, app, studio);
  addEvents(shelf, app, studio);
  addModels(shelf, app, studio);
};
