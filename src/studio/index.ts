// The studio: a server that shows what models do scale by scale. It keeps libtorch out of its own process.
import { UsageError } from '../util/errors.js';
import { studioApp } from './server/app.js';
import type { StudioOptions } from './server/options.js';

export { limits } from './api/index.js';
export { processStarter } from './jobs/process.js';
export { isLoopback } from './server/access.js';
export { studioApp } from './server/app.js';
export { type StudioOptions, studioOptions } from './server/options.js';
export type { ModelSource } from './worker/messages.js';

/** A studio that listens. */
export interface OpenedStudio {
  port: number;
  /** Once the models are loaded; rejected where one cannot be. */
  loaded: Promise<void>;
  /** Ends it, after the jobs that run had their time. */
  stop(): Promise<void>;
}

const listening: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; choose another --port, or 0 for a free one',
  EACCES: 'permission denied; choose a --port above 1023',
  EADDRNOTAVAIL: 'this machine has no such address; choose another --host',
  ENOTFOUND: 'there is no such name; choose another --host',
};

/** Opens a studio. @throws UsageError where it cannot listen */
export async function openStudio(
  options: StudioOptions,
  { host, port }: { host: string; port: number },
): Promise<OpenedStudio> {
  const { app, studio } = await studioApp(options);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const sentence = listening[(error as NodeJS.ErrnoException).code ?? ''];
    if (sentence === undefined) throw error;
    throw new UsageError(`--port: ${host}:${port}: ${sentence}`);
  }
  const stop = async () => {
    await studio.stop(); // while it does, the server still answers: fastify refuses everything once it closes
    await app.close();
  };
  const loaded = studio.open().catch(async (error: unknown) => {
    await stop();
    throw error instanceof Error && error.name === 'StudioError' ? new UsageError(error.message) : error;
  });
  return { port: (app.server.address() as { port: number }).port, loaded, stop };
}
