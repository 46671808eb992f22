// Files behind http(s): read by ranges, or, where the server gives whole files only, fetched into the cache once.
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { UsageError } from '../../util/errors.js';
import { explainIo, moveIntoPlace } from '../../util/files.js';
import { PassingFault, patiently, retryAfter } from '../../util/patience.js';
import { cacheFolder } from '../cacheFolder.js';
import { type ByteFile, openLocal } from './byteFile.js';

const mostSeconds = 60;
const patience = { say: (line: string) => void process.stderr.write(`${line}\n`) };

/** Answers 200 or 206; what may be better the next time is a passing fault. */
async function request(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(url, { headers: { ...headers, 'accept-encoding': 'identity' }, signal: signal ?? null });
  if (response.status === 200 || response.status === 206) return response;
  await response.body?.cancel();
  const said = `the server answers ${response.status}`;
  if (response.status === 429 || response.status >= 500) throw new PassingFault(said, retryAfter(response));
  throw new UsageError(`${url}: ${said}; see that the address is right and needs no log-in`);
}

/** Fetch's own time limit, as a fault that may pass. */
function faultOf(error: unknown): unknown {
  return (error as Error).name === 'TimeoutError' ? new PassingFault(`no answer in ${mostSeconds} s`) : error;
}

function readRange(url: string, version: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  return patiently(url, patience, async () => {
    try {
      const range = { range: `bytes=${offset}-${offset + length - 1}` };
      const response = await request(url, range, AbortSignal.timeout(mostSeconds * 1000));
      if (versionOf(response) !== version)
        throw new UsageError(`${url}: the file was changed meanwhile; run the same command again`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length === length) return bytes;
    } catch (error) {
      throw faultOf(error);
    }
    throw new PassingFault('the server sent another range than was asked for');
  });
}

const versionOf = ({ headers }: Response) => headers.get('etag') ?? headers.get('last-modified') ?? '';

/** Fetches a whole file into the cache, unless this version of it is there. */
async function fetchWhole(url: string, version: string, length: string): Promise<string> {
  const sum = createHash('sha256').update(`${url}\n${version}\n${length}`).digest('hex').slice(0, 32);
  const path = join(cacheFolder(), 'remote', sum);
  if (existsSync(path)) return path;
  patience.say(`${url}: the server gives no parts of files; fetching the whole into ${path}`);
  explainIo(path, () => mkdirSync(dirname(path), { recursive: true }));
  const aside = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    await patiently(url, patience, async () => {
      const response = await request(url, {});
      await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(aside, { flush: true }));
    });
    const { size } = statSync(aside);
    if (length && size !== Number(length))
      throw new UsageError(`${url}: ${length} bytes were expected, ${size} came; run the same command again`);
    moveIntoPlace(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    return explainIo(path, () => {
      throw error;
    });
  }
  return path;
}

/**
 * Opens a URL.
 * @throws UsageError where the server refuses, or stays away.
 */
export async function openRemote(url: string): Promise<ByteFile> {
  const response = await patiently(url, patience, () => request(url, { range: 'bytes=0-0' }));
  await response.body?.cancel();
  const version = versionOf(response);
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (response.status !== 206 || total === undefined) {
    const file = await openLocal(await fetchWhole(url, version, response.headers.get('content-length') ?? ''));
    return { ...file, name: url };
  }
  return {
    name: url,
    size: Number(total),
    version,
    read: (offset, length) => (length ? readRange(url, version, offset, length) : Promise.resolve(new Uint8Array())),
    close: () => Promise.resolve(),
  };
}
