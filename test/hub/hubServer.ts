// A hub on this machine: the calls of the client library, redirections to a second host that knows ranges, and faults on demand.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers a request in another way than the hub would; false lets the hub answer. */
export type Fault = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean;

/** One state of a repository. */
export interface Revision {
  commit: string;
  /** By path. Files called *.json are kept by git, all others as large files. */
  files: Record<string, Buffer>;
}

/** A running hub. */
export interface Hub {
  url: string;
  /** What was asked of the hub and of its content host, in order. */
  requests: { method: string; url: string; range: string | undefined; authorization: string | undefined }[];
  /** By repository: branches and tags. */
  repositories: Record<string, Record<string, Revision>>;
  /** Each answers one request for content. */
  contentFaults: Fault[];
  /** Each answers one request for the hub. */
  hubFaults: Fault[];
  close: () => void;
}

/** The sum that the hub gives of a file. */
export function sumOf(path: string, bytes: Buffer): string {
  if (!path.endsWith('.json')) return createHash('sha256').update(bytes).digest('hex');
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Ends a response with a status. */
export function answer(response: ServerResponse, status: number, headers: Record<string, string> = {}): true {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{"error":"as you wished"}');
  return true;
}

/** Sends the asked range, or all of it. */
export function sendContent(request: IncomingMessage, response: ServerResponse, bytes: Buffer, most = Infinity): true {
  const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(request.headers.range ? 206 : 200, {
    'content-length': bytes.length - from,
    etag: `"${bytes.length}"`,
    ...(request.headers.range && range),
  });
  const part = bytes.subarray(from, from + most);
  if (part.length < bytes.length - from) response.write(part, () => response.destroy());
  else response.end(part);
  return true;
}

/** Cuts the connection after some bytes of the body. */
export const cutAfter =
  (count: number): Fault =>
  (request, response, bytes) =>
    sendContent(request, response, bytes, count);

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => { resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`); }); // prettier-ignore
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Starts a hub on a free port. */
export async function startHub(repositories: Hub['repositories']): Promise<Hub> {
  const hub: Hub = { url: '', requests: [], repositories, contentFaults: [], hubFaults: [], close: () => undefined };
  const note = ({ method, url, headers }: IncomingMessage) =>
    hub.requests.push({ method: method!, url: url!, range: headers.range, authorization: headers.authorization });
  const noBytes = Buffer.alloc(0);

  const content = createServer((request, response) => {
    note(request);
    const [, , sum] = request.url!.split('/');
    const files = Object.values(hub.repositories).flatMap((of) => Object.values(of)).flatMap(({ files }) => Object.entries(files)); // prettier-ignore
    const bytes = files.find(([path, one]) => sumOf(path, one) === sum)![1];
    if (hub.contentFaults.shift()?.(request, response, bytes)) return;
    sendContent(request, response, bytes);
  });
  const contentUrl = await listen(content);

  const revisionOf = (repository: string, name: string) => {
    const revisions = hub.repositories[repository];
    return revisions?.[name] ?? Object.values(revisions ?? {}).find(({ commit }) => commit === name);
  };
  const missing = (response: ServerResponse, code: string) => answer(response, 404, { 'x-error-code': code });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const path = decodeURIComponent(new URL(request.url!, 'http://hub').pathname);
    const [, repository, verb, name, file] =
      /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(revision|paths-info|resolve)\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
    if (!hub.repositories[repository!]) return missing(response, 'RepoNotFound');
    const revision = revisionOf(repository!, name!);
    if (!revision) return missing(response, 'RevisionNotFound');
    if (verb === 'revision') {
      const info = { _id: '1', id: repository, private: false, gated: false, likes: 0, downloads: 0, lastModified: 0, sha: revision.commit }; // prettier-ignore
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(info));
    }
    if (verb === 'paths-info') {
      const { paths } = JSON.parse(await bodyOf(request)) as { paths: string[] };
      const infos = Object.entries(revision.files)
        .filter(([one]) => paths.includes(one))
        .map(([one, { length: size }]) => ({ one, size, oid: sumOf(one, revision.files[one]!) }))
        .map(({ one, size, oid }) =>
          one.endsWith('.json')
            ? { type: 'file', path: one, size, oid }
            : { type: 'file', path: one, size, oid: '0'.repeat(40), lfs: { oid, size, pointerSize: 134 } },
        );
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(infos));
    }
    const bytes = revision.files[file!];
    if (!bytes) return missing(response, 'EntryNotFound');
    const sum = sumOf(file!, bytes);
    const linked = { 'x-repo-commit': revision.commit, 'x-linked-size': String(bytes.length), 'x-linked-etag': `"${sum}"` }; // prettier-ignore
    return response.writeHead(302, { ...linked, location: `${contentUrl}/content/${sum}` }).end();
  }

  const front = createServer((request, response) => {
    note(request);
    if (!hub.hubFaults.shift()?.(request, response, noBytes)) void serve(request, response);
  });
  hub.url = await listen(front);
  hub.close = () => {
    for (const server of [front, content]) {
      server.closeAllConnections();
      server.close();
    }
  };
  return hub;
}
