// Refinements: what may be started, started, watched and stopped.
import { resolve } from 'node:path';
import { z } from 'zod';
import {
  opaqueId,
  type Refinement,
  refinement,
  refinementAccepted,
  refinementList,
  type RefinementOptions,
  refinementOptions,
  refinementRequest,
} from '../api/index.js';
import { refuse, StudioError } from '../errors.js';
import { assignmentsOf, openOptions, planRefinement, refuseOthers } from '../refinementPlan.js';
import { Refinements, type StartedRefinement } from '../refinements.js';
import { idOfRun, RunShelf } from '../runShelf.js';
import { isLoopback } from '../server/access.js';
import { errors, usualErrors } from '../server/answers.js';
import { clientOf, leaving } from '../server/client.js';
import type { Resource, Studio } from '../server/studio.js';

const tags = ['refinements'];

/** What a worker says of settings, at the field that it is about. */
function atField(error: unknown): unknown {
  if (!(error instanceof StudioError) || error.type !== 'invalid_request_error') return error;
  const { message } = error;
  const [, unknown] = /^refine: unknown setting '([\w.]+)'/.exec(message) ?? [];
  if (unknown !== undefined) return refuse(`set.${unknown}`, message.replace('refine:', 'set:'));
  const [all, path] = /^refine: '([\w.]+)':/.exec(message) ?? [];
  if (path !== undefined) return refuse(`set.${path}`, message.replace(all!, `set.${path}:`));
  const [, assigned, sentence] = /^set ([\w.]+)=[^]*?: (expected [^]*)$/.exec(message) ?? [];
  if (assigned !== undefined) return refuse(`set.${assigned}`, `set.${assigned}: ${sentence}`);
  return refuse(message.split(':')[0]!, message);
}

/** Presets and settings, asked of a worker once. */
class Choices {
  #known: Promise<Pick<RefinementOptions, 'presets' | 'fields'>> | undefined;

  constructor(readonly studio: Studio) {}

  get(): Promise<Pick<RefinementOptions, 'presets' | 'fields'>> {
    this.#known ??= (this.studio.scheduler.task('refinementChoices', null) as Promise<Pick<RefinementOptions, 'presets' | 'fields'>>).catch((error: unknown) => { this.#known = undefined; throw error; }); // prettier-ignore
    return this.#known;
  }
}

/** Adds what begins and ends them. */
function addJobs(refinements: Refinements, choices: Choices, runs: RunShelf, ...[app, studio]: Parameters<Resource>) {
  const { root, refinements: settings, token, host } = studio.options;
  const described = (about: StartedRefinement): Refinement => ({ ...about, progress: progressOf(runs, about.run) });
  app.post(
    '/api/refinements',
    {
      schema: {
        summary: 'Starts a refinement, or goes on with the one that the same request started before.',
        tags,
        body: refinementRequest,
        response: { 202: refinementAccepted, ...usualErrors, ...errors(404, 409, 413, 415, 504) },
      },
    },
    async (request, reply) => {
      const { body } = request;
      if (token === undefined && !isLoopback(host))
        throw new StudioError('permission_error', 'refinements: a server that others can reach starts none without a token; start it with --token'); // prettier-ignore
      const { closed } = openOptions(root, settings);
      if (closed !== null || root === undefined) throw new StudioError('conflict', `refinements: ${closed}`, { code: 'refinements_closed' }); // prettier-ignore
      const plan = planRefinement(body, settings, root, { models: studio.models, runs });
      const ask = { preset: body.preset, set: assignmentsOf(body) };
      const check = (given: AbortSignal) => studio.scheduler.task('checkRefinement', ask, given);
      await studio.gate.pass(clientOf(request), leaving(reply), check).catch((error: unknown) => { throw atField(error); }); // prettier-ignore
      refuseOthers(body, (await choices.get()).fields);
      const run = idOfRun(resolve(root), plan.out);
      refinements.start(run, body, plan);
      return reply.code(202).send({ run });
    },
  );
  app.delete(
    '/api/refinements/:run',
    {
      schema: {
        summary: 'Tells a refinement to save and to leave. One that is over stays as it is.',
        tags,
        params: z.object({ run: opaqueId }),
        response: { 200: refinement, ...usualErrors, ...errors(404) },
      },
    },
    ({ params }) => described(refinements.stop(params.run)),
  );
  app.get(
    '/api/refinements',
    {
      schema: {
        summary: 'The refinements that were started here, by this server or those before it.',
        tags,
        response: { 200: refinementList, ...usualErrors },
      },
    },
    () => ({ refinements: refinements.all().map(described) }),
  );
}

function progressOf(runs: RunShelf, id: string): Refinement['progress'] {
  try {
    const { imagesSeen, images, loss } = runs.describe(runs.find(id));
    return { imagesSeen, images, loss };
  } catch (error) {
    if (error instanceof StudioError) return null; // it has written nothing yet
    throw error;
  }
}

/** Adds `/api/refinements`. */
export const addRefinements: Resource = (app, studio) => {
  const { root, refinements: settings } = studio.options;
  const refinements = new Refinements(root === undefined ? undefined : resolve(root), settings.most);
  const choices = new Choices(studio);
  studio.enders.add(() => refinements.close());
  addJobs(refinements, choices, new RunShelf(root), app, studio);
  app.get(
    '/api/refinements/options',
    {
      schema: {
        summary: 'Presets, settings and images to choose from.',
        tags,
        response: { 200: refinementOptions, ...usualErrors, ...errors(504) },
      },
    },
    async () => ({ ...(await choices.get()), ...openOptions(root, settings) }),
  );
};
