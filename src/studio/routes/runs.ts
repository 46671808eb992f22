// Runs: the trainings below the folder that the studio was opened on, and their records as they come.
import { join } from 'node:path';
import { z } from 'zod';
import { opaqueId, runDetails, runList, runRecord, runSample, settingDifference } from '../api/index.js';
import { StudioError } from '../errors.js';
import { RunShelf, sampleBytes, samplesOf, type ShelvedRun } from '../runShelf.js';
import { isRecord, RunTail } from '../runTail.js';
import { content, errors, usualErrors } from '../server/answers.js';
import { type EventStream, lastHeard, openStream, resumption } from '../server/sse.js';
import type { Resource } from '../server/studio.js';
import { settingsThatDiffer } from '../../train/compareRuns.js';

/** Milliseconds between looks at a run that is watched, and looks between those at all of its folder. */
const [pause, rests] = [500, 6];

const tags = ['runs'];
const byId = z.object({ id: opaqueId });
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
    () => {
      const { runs, problems } = shelf.all();
      return { runs: runs.map((one) => shelf.describe(one)), problems };
    },
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
    ({ params, query }) =>
      shelf.find(params.id).summary.records.filter((one) => isRecord(one) && one.imagesSeen > (query.after ?? -1)),
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
    ({ params }) => settingsThatDiffer([params.id, params.other].map((id) => shelf.find(id).summary)).map(({ setting, values }) => ({ setting, values: values.map((value) => value ?? null) })), // prettier-ignore
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

/** Tells a stream of what changes in a run. @returns what looks once more */
function teller(shelf: RunShelf, { id, summary }: ShelvedRun, stream: EventStream, heard: number): () => void {
  const tail = new RunTail(join(summary.path, 'metrics.jsonl'));
  const told = new Map<string, string>();
  const tell = (name: string, value: unknown) => {
    const data = JSON.stringify(value);
    if (told.get(name) !== data) stream.send(name, data);
    told.set(name, data);
  };
  let looks = 0;
  return () => {
    const news = tail.next(looks === 0 ? heard : 0);
    if (news) stream.send('records', JSON.stringify(news), tail.lines);
    if (looks++ % rests !== 0 && !news) return;
    const run = shelf.find(id);
    tell('state', shelf.describe(run));
    tell('samples', samplesOf(run));
  };
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
      const heard = lastHeard(request);
      const stream = openStream(studio, request, reply, () => {
        clearInterval(timer);
      });
      const look = teller(shelf, run, stream, heard);
      const attempt = () => {
        try {
          look();
        } catch (error) {
          if (!(error instanceof StudioError)) process.stderr.write(`studio: ${request.url}: ${String(error)}\n`);
          stream.end(); // the folder is gone; whoever comes back is told so
        }
      };
      const timer = setInterval(attempt, pause);
      timer.unref();
      if (reply.raw.destroyed) clearInterval(timer);
      else attempt();
    },
  );
}

/** Adds `/api/runs`. */
export const addRuns: Resource = (app, studio) => {
  const shelf = new RunShelf(studio.options.root);
  addReading(shelf, app, studio);
  addSamples(shelf, app, studio);
  addEvents(shelf, app, studio);
};
