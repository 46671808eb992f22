// Figures for Prometheus.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { z } from 'zod';
import { content } from './answers.js';
import type { Studio, StudioServer } from './studio.js';

/** A gauge, or a counter where its name ends so, whose value is looked up when it is asked for. */
function watched(registry: Registry, name: string, help: string, read: () => number | Record<string, number>): void {
  const set = (value: number, labels: Record<string, string> = {}) => {
    if (metric instanceof Gauge) metric.set(labels, value);
    else metric.inc(labels, value);
  };
  const collect = () => {
    const value = read();
    metric.reset();
    if (typeof value === 'number') set(value);
    else for (const [state, count] of Object.entries(value)) set(count, { state });
  };
  const settings = { name, help, labelNames: ['state'], registers: [registry], collect };
  const metric: Gauge | Counter = name.endsWith('_total') ? new Counter(settings) : new Gauge(settings);
}

/** Counts requests, and adds `/metrics`. */
export function measure(app: StudioServer, studio: Studio): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ['method', 'route', 'status'];
  const registers = [registry];
  const requests = new Counter({ name: 'scalewise_requests_total', help: 'Requests answered.', labelNames, registers });
  const seconds = new Histogram({
    name: 'scalewise_request_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers,
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    requests.inc({ method: request.method, route, status: String(reply.statusCode) });
    seconds.observe({ method: request.method, route }, reply.elapsedTime / 1000);
    done();
  });
  const { scheduler, models } = studio;
  const { counts, queue, kept } = scheduler;
  watched(registry, 'scalewise_images_drawn_total', 'Images computed since the start.', () => counts.images);
  watched(registry, 'scalewise_scales_drawn_total', 'Scales computed since the start.', () => counts.scales);
  watched(registry, 'scalewise_batches_total', 'Batches computed since the start.', () => counts.batches);
  watched(registry, 'scalewise_jobs_ended_total', 'Jobs that are over, by how they ended.', () => counts.ended);
  watched(registry, 'scalewise_queue_jobs', 'Jobs that wait or run.', () => queue.jobs);
  watched(registry, 'scalewise_queue_images', 'Images that are not begun.', () => queue.images);
  watched(registry, 'scalewise_kept_bytes', 'Bytes of results that are kept.', () => kept.bytes);
  watched(registry, 'scalewise_workers_ready', 'Workers that are up.', () => scheduler.readyWorkers);
  watched(
    registry,
    'scalewise_worker_restarts_total',
    'How often workers were started anew.',
    () => scheduler.restarts,
  );
  watched(registry, 'scalewise_models', 'Models to choose from.', () => models.all().length);
  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Figures for Prometheus.',
        tags: ['server'],
        response: { 200: content('text/plain', z.string(), 'In the text format of Prometheus.') },
      },
    },
    async (_request, reply) => reply.type(registry.contentType).send((await registry.metrics()) as never),
  );
}
