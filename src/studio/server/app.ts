// The server of the studio, put together: plugins, checks, routes.
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import fastify from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { readFileSync } from 'node:fs';
import { limits } from '../api/index.js';
import { StudioError } from '../errors.js';
import { resources } from '../routes/index.js';
import { guard } from './access.js';
import { answerEarly, answerErrors } from './answers.js';
import { describeApi } from './describe.js';
import { measure } from './metrics.js';
import type { StudioOptions } from './options.js';
import { servePage } from './page.js';
import { Studio, type StudioServer } from './studio.js';
import { validator } from './validation.js';

const version = () =>
  (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** An app that is not yet listening, with what it works with. */
export interface StudioApp {
  app: StudioServer;
  studio: Studio;
}

const [seconds, kilobytes] = [1000, 1024];

function makeServer(): StudioServer {
  return fastify({
    bodyLimit: limits.body,
    requestTimeout: 30 * seconds, // until the whole of a request is there
    keepAliveTimeout: 30 * seconds,
    http: { headersTimeout: 10 * seconds, connectionsCheckingInterval: 2 * seconds, maxHeaderSize: 16 * kilobytes },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    return503OnClosing: true,
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
    logger: false,
    frameworkErrors: answerEarly,
  }).withTypeProvider<ZodTypeProvider>();
}

/** Counts every request of an address, also those without a route or the token: what is registered after this is not reached by more. */
async function limitRate(app: StudioServer, max: number): Promise<void> {
  await app.register(rateLimit, { global: false, max, timeWindow: 60 * seconds });
  const count = app.createRateLimit();
  app.addHook('onRequest', async (request) => {
    if (request.url === '/healthz') return;
    const found = await count(request);
    if (found.isAllowed || !found.isExceeded) return;
    const retryAfter = found.ttlInSeconds;
    throw new StudioError('rate_limit_exceeded', `rate: more than ${max} requests a minute came from your address; wait ${retryAfter} seconds`, { code: 'rate_limit', retryAfter }); // prettier-ignore
  });
}

/** Headers against what pages of others could do with this one, and against what this one could be made to load. */
async function protect(app: StudioServer, { cors: origins, rate, loopDelay }: StudioOptions): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'img-src': ["'self'", 'data:', 'blob:'],
        'object-src': ["'none'"],
        'base-uri': ["'self'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    crossOriginResourcePolicy: { policy: origins.length ? 'cross-origin' : 'same-origin' },
    strictTransportSecurity: false, // it is opened by http where it runs; a proxy before it may say otherwise
    referrerPolicy: { policy: 'no-referrer' },
  });
  if (origins.length)
    await app.register(cors, {
      origin: [...origins],
      methods: ['GET', 'POST', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'last-event-id', 'x-scalewise-client'],
      exposedHeaders: ['retry-after'],
    });
  if (rate > 0) await limitRate(app, rate);
  await app.register(underPressure, {
    maxEventLoopDelay: loopDelay,
    pressureHandler: ({ url }) => {
      if (!/^\/(api|v1)\//.test(url)) return; // the page's own files cost nothing, and half of them are no page
      throw new StudioError('unavailable', 'the server has too much to do; try again in a few seconds', {
        retryAfter: 5,
      });
    },
  });
}

/**
 * The studio's server. Its workers start at once; `studio.open()` loads the models, `app.close()` ends everything, after the jobs that run had
 * their time.
 */
export async function studioApp(options: StudioOptions): Promise<StudioApp> {
  const app = makeServer();
  const studio = new Studio(options);
  app.server.maxConnections = 2048;
  app.setValidatorCompiler(validator);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) studio.routes.push([one, url]);
  });
  answerErrors(app);
  await protect(app, options);
  guard(app, options);
  await app.register(multipart, {
    limits: { fileSize: limits.upload, files: 2, fields: 40, fieldSize: 16 * kilobytes, parts: 42, headerPairs: 50 },
  });
  await describeApi(app, version());
  measure(app, studio);
  for (const add of resources) add(app, studio);
  await servePage(app, options.page);
  app.addHook('preClose', () => studio.stop());
  return { app, studio };
}
