// What the routes work with: models, jobs, metrics, and the ends of what goes on until the server stops.
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TaskGate } from '../jobs/gate.js';
import { Scheduler } from '../jobs/scheduler.js';
import { ModelRegistry } from '../models.js';
import type { Health } from '../api/index.js';
import type { Described } from '../worker/messages.js';
import type { StudioOptions } from './options.js';

/** The app, whose routes are typed by their schemas. */
export type StudioServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** A resource: adds its routes. */
export type Resource = (app: StudioServer, studio: Studio) => void;

/** The state of a server. */
export class Studio {
  readonly scheduler: Scheduler;
  /** What clients ask of workers besides images goes through it. */
  readonly gate: TaskGate;
  readonly models: ModelRegistry;
  /** Called when the server stops: ends streams that would go on. */
  readonly closers = new Set<() => void>();
  /** Called when the server stops, and waited for: ends what must not be cut off. */
  readonly enders = new Set<() => Promise<void>>();
  /** Method and path of every route. */
  readonly routes: [method: string, url: string][] = [];
  #isOpen = false;

  constructor(readonly options: StudioOptions) {
    this.scheduler = new Scheduler({ ...options.jobs, start: options.start });
    const { queue, waitTime } = options.jobs;
    this.gate = new TaskGate({ tasks: queue.jobs, perClient: queue.perClient, waitTime });
    this.models = new ModelRegistry((source) => this.scheduler.task('describe', source) as Promise<Described>);
  }

  get status(): Health['status'] {
    if (this.scheduler.isStopping) return 'stopping';
    if (this.scheduler.problem) return 'failing';
    return this.#isOpen && this.scheduler.readyWorkers > 0 ? 'ok' : 'starting';
  }

  /** Loads the models. @throws StudioError where one cannot be loaded */
  async open(): Promise<void> {
    for (const source of this.options.models) await this.models.add(source);
    this.#isOpen = true;
  }

  /** Ends the jobs, in the time that they have for it, the streams and the workers. */
  async stop(): Promise<void> {
    await Promise.all([this.scheduler.stop(this.options.drain), ...Array.from(this.enders, (end) => end())]);
    for (const close of this.closers) close();
  }
}
