// The page: the files that Vite built, and its one HTML document for every address of the page's own.
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { StudioError } from '../errors.js';
import type { StudioServer } from './studio.js';

const missing =
  'The studio’s page is not built: run `npm run build` in the folder of Scalewise, and load this again.\n';

/** Types of files that become smaller by compression. */
const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/** Names of files below the folder; no other could lead out of it. */
const plainName = /^(?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)+$/;

/** Files as Brotli makes them, kept for as long as they stay the same. */
class CompressedFiles {
  readonly #files = new Map<string, { written: number; data: Buffer }>();

  constructor(readonly folder: string) {}

  /** A file of a plain name; undefined where there is none. */
  find(name: string): Buffer | undefined {
    const path = join(this.folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) return undefined;
    const kept = this.#files.get(name);
    if (kept?.written === found.mtimeMs) return kept.data;
    const data = brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
    this.#files.set(name, { written: found.mtimeMs, data });
    return data;
  }
}

function sendFile(files: CompressedFiles, name: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const type = types[extname(name)];
  const takes = /\bbr\b/.test(request.headers['accept-encoding'] ?? '');
  const data = type !== undefined && takes ? files.find(name) : undefined;
  if (!data) return reply.sendFile(name);
  reply.header('content-encoding', 'br').header('vary', 'accept-encoding').type(`${type}; charset=utf-8`);
  return reply.send(data);
}

/** Serves the page of a folder. Names with an ending are files; all others are addresses within the page. */
export async function servePage(app: StudioServer, folder: string): Promise<void> {
  const plugin = { root: folder, serve: false, index: false, dotfiles: 'ignore', cacheControl: false } as const;
  await app.register(fastifyStatic, plugin);
  const files = new CompressedFiles(folder);
  const route = { config: { open: true }, schema: { hide: true } };
  app.get<{ Params: { '*': string } }>('/*', route, async (request, reply) => {
    const path = request.params['*'];
    if (/^(api|v1)(\/|$)/.test(path) || path.includes('\0'))
      throw new StudioError('not_found', 'there is no such route; /openapi.json lists what there is');
    if (extname(path) !== '') {
      if (!plainName.test(path)) throw new StudioError('not_found', 'there is no such file');
      // Vite puts a hash of the content into these names; what is not there may come with the next build
      const stays = path.startsWith('assets/') && existsSync(join(folder, path));
      reply.header('cache-control', stays ? 'public, max-age=31536000, immutable' : 'no-cache');
      return sendFile(files, path, request, reply);
    }
    reply.header('cache-control', 'no-cache');
    if (existsSync(join(folder, 'index.html'))) return sendFile(files, 'index.html', request, reply);
    return reply.code(503).type('text/plain; charset=utf-8').send(missing);
  });
}
