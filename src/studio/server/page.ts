// The page: the files that Vite built, and its one HTML document for every address of the page's own.
import fastifyStatic from '@fastify/static';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { StudioError } from '../errors.js';
import type { StudioServer } from './studio.js';

const missing =
  'The studio’s page is not built: run `npm run build` in the folder of Scalewise, and load this again.\n';

/** Serves the page of a folder. Names with an ending are files; all others are addresses within the page. */
export async function servePage(app: StudioServer, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    index: false,
    dotfiles: 'ignore',
    cacheControl: false,
  });
  app.get<{ Params: { '*': string } }>(
    '/*',
    { config: { open: true }, schema: { hide: true } },
    async (request, reply) => {
      const path = request.params['*'];
      if (/^(api|v1)(\/|$)/.test(path) || path.includes('\0'))
        throw new StudioError('not_found', 'there is no such route; /openapi.json lists what there is');
      if (extname(path) !== '') {
        // Vite puts a hash of the content into these names
        reply.header('cache-control', path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
        return reply.sendFile(path);
      }
      reply.header('cache-control', 'no-cache');
      if (existsSync(join(folder, 'index.html'))) return reply.sendFile('index.html');
      return reply.code(503).type('text/plain; charset=utf-8').send(missing);
    },
  );
}
