// What a studio is opened with.
import { fileURLToPath } from 'node:url';
import type { SchedulerOptions } from '../jobs/scheduler.js';
import type { StartWorker } from '../jobs/process.js';
import { limits } from '../api/index.js';
import type { RefinementSettings } from '../refinementPlan.js';
import type { ImageLimits } from '../settle.js';
import type { ModelSource } from '../worker/messages.js';

/** What a studio is opened with; `studioOptions` has the defaults. */
export interface StudioOptions {
  /** The models, the first being the one that is taken where none is named. */
  models: readonly ModelSource[];
  /** The folder that it was opened on: runs and results are looked for below it, and nothing else is read. */
  root: string | undefined;
  /** The folder of the results that come with Scalewise. */
  results: string | undefined;
  /** The address that it listens on, for the check of the header `Host`. */
  host: string;
  /** What `/v1`, `/api`, `/metrics` and `/openapi.json` ask for. */
  token: string | undefined;
  /** Origins whose pages may call it. */
  cors: readonly string[];
  /** Names in the header `Host` besides addresses, `localhost` and `host`. */
  names: readonly string[];
  /** Requests of one address a minute; 0 for no limit. */
  rate: number;
  images: ImageLimits;
  /** How trainings are started. */
  refinements: RefinementSettings;
  jobs: Omit<SchedulerOptions, 'start'>;
  /** Milliseconds that running jobs get when the server is to stop. */
  drain: number;
  /** The folder of the built page. */
  page: string;
  /** Milliseconds between signs of life on streams of events. */
  heartbeat: number;
  /** Milliseconds by which the event loop may be late before requests are put off; 0 for any number. */
  loopDelay: number;
  start: StartWorker;
}

const program = fileURLToPath(new URL('../../../bin/scalewise.mjs', import.meta.url));
const [second, minute] = [1000, 60_000];

/** Options with the defaults for what is not given. */
export function studioOptions(
  given: Partial<StudioOptions> & Pick<StudioOptions, 'models' | 'page' | 'start'>,
): StudioOptions {
  return {
    root: undefined,
    results: undefined,
    host: '127.0.0.1',
    token: undefined,
    cors: [],
    names: [],
    rate: 3000,
    images: { images: limits.images * 2, tokens: limits.tokens, side: limits.side },
    refinements: { program: [process.execPath, program], device: 'cpu', threads: 0, data: [], most: 1 },
    jobs: {
      workers: 1,
      batch: 8,
      jobTime: 2 * minute,
      waitTime: 5 * minute,
      queue: { jobs: 64, images: 1024, perClient: 4 },
      keep: { jobs: 200, bytes: 256 * 2 ** 20, age: 60 * minute },
      supervision: { stall: 2 * minute, firstPause: second / 2, longestPause: 30 * second },
    },
    drain: 20 * second,
    heartbeat: 15 * second,
    loopDelay: 5 * second,
    ...given,
  };
}
