// Fetches a file of the hub into the cache: asked of by the hub's client library, resumed where an earlier try stopped, checked by its sum.
// The bytes are fetched here, since the library begins every download anew. The partial file is named by the sum that its content shall have, and
// every writer puts the same bytes at the same places: two processes that fetch one file do not harm each other.
import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs'; // prettier-ignore
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { modelInfo, pathsInfo } from '@huggingface/hub';
import { UsageError } from '../util/errors.js';
import { explainIo, writeAll } from '../util/files.js';
import { PassingFault, type Patience, patiently } from '../util/patience.js';
import { progress } from '../util/progress.js';
import { blobPath, findCached, hubCacheFolder, link } from './cache.js';
import { checkedFetch } from './checkedFetch.js';
import type { HubFile } from './published.js';

/** How a file is pulled. */
export interface PullOptions extends Patience {
  /** The cache; `hubCacheFolder()` by default. */
  cache?: string | undefined;
  /** Fetches what is in the cache again. */
  force?: boolean | undefined;
}

/** What the hub says of a file. */
interface RemoteFile extends HubFile {
  /** Of the revision. */
  commit: string;
  size: number;
  /** SHA-256 of a large file, git's SHA-1 of a small one; in hexadecimal. */
  sum: string;
}

/** The hub to ask, without a slash at its end. */
function endpoint(): string {
  const url = (process.env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new UsageError(`HF_ENDPOINT: expected an address like https://huggingface.co, got '${url}'`);
  return url;
}

/** `HF_TOKEN`, or what `hf auth login` left in the hub's folder. */
function token(): string | undefined {
  const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME } = process.env;
  const file = HF_TOKEN_PATH ?? join(HF_HOME ?? join(homedir(), '.cache', 'huggingface'), 'token');
  const kept = () => (existsSync(file) ? explainIo(file, () => readFileSync(file, 'utf8')) : '');
  const value = HF_TOKEN?.trim() || kept().trim() || undefined;
  if (value?.startsWith('hf_') === false)
    throw new UsageError(
      `${HF_TOKEN ? 'HF_TOKEN' : file}: expected a token of the hub, which starts with 'hf_', got something else`,
    );
  return value;
}

const isOffline = () => ['1', 'ON', 'YES', 'TRUE'].includes(process.env['HF_HUB_OFFLINE']?.toUpperCase() ?? '');

/** Bytes in megabytes or gigabytes, e.g. `12.3 MB`. */
export function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

const describe = ({ repository, path }: HubFile) => `${repository}: ${path}`;

/** Asks the hub for a file's commit, size and sum. */
async function lookUp(file: HubFile, patience: Patience): Promise<RemoteFile> {
  const what = describe(file);
  const hubUrl = endpoint();
  const common = {
    hubUrl,
    accessToken: token(),
    fetch: (...[url, init]: Parameters<typeof fetch>) =>
      checkedFetch(what, new URL(hubUrl).origin, url, { ...init, signal: patience.signal }),
  };
  return patiently(what, patience, async () => {
    const { repository, revision, path } = file;
    const { sha: commit } = await modelInfo({ ...common, name: repository, revision, additionalFields: ['sha'] });
    const [found] = await pathsInfo({ ...common, repo: repository, revision: commit, paths: [path] });
    if (found?.type !== 'file')
      throw new UsageError(`${what}: there is no such file in the repository; see its name, and --revision`);
    const { size, sum } = { size: found.lfs?.size ?? found.size, sum: found.lfs?.oid ?? found.oid ?? '' };
    if (!/^[0-9a-f]{40}$/.test(commit) || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(sum) || !Number.isSafeInteger(size))
      throw new UsageError(`${what}: the hub's answer names no commit, size or sum; is HF_ENDPOINT (${hubUrl}) a hub?`);
    return { ...file, commit, size, sum };
  }).catch((error: unknown) => {
    throw error instanceof SyntaxError ? new UsageError(`${what}: ${hubUrl} does not answer as a hub; see HF_ENDPOINT`) : error; // prettier-ignore
  });
}

/** Where a response's body begins in the file; throws where it is a part of another file. */
function startOf(response: Response, asked: number, size: number): number {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (response.status === 206) {
    if (Number(start) === asked && Number(total) === size) return asked;
    throw new PassingFault('the server sent another part than the one asked for');
  }
  const length = response.headers.get('content-length');
  if (length === null || Number(length) === size) return 0; // it knows no ranges, and sends all of it
  throw new PassingFault(`the server offers ${length} bytes where the hub promised ${size}`);
}

/** Fetches what is missing behind the first `have` bytes; tells how far it is. */
async function fetchRest(
  remote: RemoteFile,
  descriptor: number,
  have: number,
  signal: AbortSignal | undefined,
  tell: (position: number) => void,
): Promise<void> {
  const { repository, commit, path, size } = remote;
  const hub = endpoint();
  const url = `${hub}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const headers = new Headers({ 'Accept-Encoding': 'identity' });
  if (have) headers.set('Range', `bytes=${have}-`);
  const accessToken = token();
  if (accessToken !== undefined) headers.set('Authorization', `Bearer ${accessToken}`); // fetch drops it where it is sent to another host
  const response = await checkedFetch(describe(remote), new URL(hub).origin, url, { headers, signal });
  let position = startOf(response, have, size);
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    if (position + chunk.byteLength > size) throw new PassingFault(`the server sends more than ${size} bytes`);
    explainIo(describe(remote), () => { writeAll(descriptor, chunk, position); }); // prettier-ignore
    position += chunk.byteLength;
    tell(position);
  }
  if (position < size) throw new PassingFault('the connection ended early');
}

/** Completes the partial file, however often the connection is cut. */
async function fetchAll(remote: RemoteFile, part: string, patience: Patience): Promise<void> {
  const { size, path } = remote;
  const descriptor = explainIo(part, () => openSync(part, constants.O_RDWR | constants.O_CREAT, 0o666));
  try {
    let have = Math.min(fstatSync(descriptor).size, size);
    checkRoom(part, size - have);
    if (have) patience.say(`${path}: ${megabytes(have)} of ${megabytes(size)} are here, going on`);
    const [unit, divisor] = size < 1e7 ? ['kB', 1e3] : ['MB', 1e6];
    const inUnits = (bytes: number) => Math.ceil(bytes / divisor);
    const bar = progress({ label: path, total: inUnits(size), unit, start: inUnits(have) });
    const tell = (position: number) => {
      have = Math.max(have, position);
      bar.update(inUnits(position));
    };
    try {
      const rest = () => fetchRest(remote, descriptor, have, patience.signal, tell);
      if (have < size) await patiently(describe(remote), patience, rest, () => have);
    } finally {
      bar.stop();
    }
    explainIo(part, () => { fsyncSync(descriptor); }); // prettier-ignore
  } finally {
    closeSync(descriptor);
  }
}

function checkRoom(path: string, bytes: number): void {
  const { bavail, bsize } = explainIo(path, () => statfsSync(dirname(path)));
  if (bavail * bsize < bytes)
    throw new UsageError(
      `${dirname(path)}: ${megabytes(bytes)} are to be fetched and only ${megabytes(bavail * bsize)} are free; free some space, or choose another place with --cache`,
    );
}

/** The sum that a file has, of the kind of the one expected. */
async function sumOf(path: string, { sum, size }: RemoteFile, signal: AbortSignal | undefined): Promise<string> {
  const hash = sum.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`); // as git does
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}

/** Checks the partial file and puts it in its place. */
async function settle(remote: RemoteFile, part: string, blob: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    const found = await sumOf(part, remote, signal);
    if (found === remote.sum) {
      renameSync(part, blob);
      return;
    }
    rmSync(part, { force: true });
    throw new UsageError(
      `${describe(remote)}: it should have the sum ${remote.sum}, what was fetched has ${found} and is deleted; run the same command again`,
    );
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isGone || !existsSync(blob)) throw error; // else another process was first
  }
}

/** A file in the cache. */
export interface Pulled {
  path: string;
  /** Whether it was fetched now. */
  fetched: boolean;
}

/**
 * Fetches a file into the cache unless it is there; the path is its place in the cache. What an earlier try left is used.
 * The hub is `HF_ENDPOINT`; `HF_TOKEN`, or the token that `hf auth login` keeps, tells it who asks; with `HF_HUB_OFFLINE` it is not asked.
 * @throws UsageError where it cannot be had; an AbortError where `signal` ended it.
 */
export async function pull(file: HubFile, options: PullOptions): Promise<Pulled> {
  const { cache = hubCacheFolder(), force = false, signal } = options;
  if (isOffline()) {
    const path = findCached(file, cache);
    if (path !== undefined && !force) return { path, fetched: false };
    throw new UsageError(
      `${describe(file)}: HF_HUB_OFFLINE is set and ${cache} has no copy to give; unset it to fetch one`,
    );
  }
  const remote = await lookUp(file, options);
  const blob = blobPath(cache, remote, remote.sum);
  const part = `${blob}.part`;
  const isThere = !force && existsSync(blob);
  if (!isThere) {
    explainIo(blob, () => mkdirSync(dirname(blob), { recursive: true }));
    if (force) rmSync(part, { force: true });
    await fetchAll(remote, part, options);
    options.say(`${file.path}: checking its sum`);
    await settle(remote, part, blob, signal);
  }
  return { path: link(cache, file, remote.commit, blob), fetched: !isThere };
}
