// Pulling from a hub on this machine: what arrives, what is asked for again, and how each fault ends.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { answer, cutAfter, type Hub, sendContent, startHub, sumOf } from '../../test/hub/hubServer.js';
import { UsageError } from '../util/errors.js';
import { cachedFile, findCached, hubCacheFolder, parseHubName, publishedFiles, pull, tokenizerOf } from './index.js';

/** Bytes that differ everywhere, so that a misplaced part shows. */
function content(count: number, seed: number): Buffer {
  const bytes = Buffer.alloc(count);
  let state = seed;
  for (let i = 0; i < count; i++) bytes[i] = (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  return bytes;
}

const weights = content(300_000, 1);
const settings = Buffer.from('{"depth": 16}');
const commit = (digit: string) => digit.repeat(40);
const file = { repository: 'FoundationVision/var', revision: 'main', path: 'var_d16.pth' };
const sum = sumOf(file.path, weights);

let hub: Hub;
let cache: string;
const waits: number[] = [];
const told: string[] = [];
const options = {
  say: (line: string) => void told.push(line),
  delay: (milliseconds: number) => Promise.resolve(waits.push(milliseconds)),
};

beforeAll(async () => {
  hub = await startHub({});
});
afterAll(() => { hub.close(); }); // prettier-ignore
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'scalewise-hub-'));
  vi.stubEnv('SCALEWISE_CACHE', cache);
  vi.stubEnv('HF_ENDPOINT', `${hub.url}/`);
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('HF_TOKEN_PATH', join(cache, 'token'));
  vi.stubEnv('HF_HUB_OFFLINE', '');
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const files = { [file.path]: weights, 'sub/config.json': settings };
  hub.repositories['FoundationVision/var'] = { main: { commit: commit('a'), files } };
  for (const list of [hub.requests, hub.contentFaults, hub.hubFaults, waits, told]) list.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What was asked of the content host: the ranges. */
const ranges = () => hub.requests.filter(({ url }) => url.startsWith('/content/')).map(({ range }) => range);
const blobs = () => join(cache, 'hub', 'models--FoundationVision--var', 'blobs');
const part = () => join(blobs(), `${sum}.part`);

/** Whether a file's bytes are these. */
const holds = (path: string, bytes: Buffer) => readFileSync(path).equals(bytes);

/** Puts an unfinished download in its place. */
function leavePart(bytes: Buffer): void {
  mkdirSync(blobs(), { recursive: true });
  writeFileSync(part(), bytes);
}

describe('names', () => {
  test('every published file has a name, and every generator its tokenizer', () => {
    expect(publishedFiles.map(({ name }) => name)).toEqual([
      'var-tokenizer', 'var-d16', 'var-d20', 'var-d24', 'var-d30', 'var-d36',
      'flexvar-tokenizer', 'flexvar-d16', 'flexvar-d20', 'flexvar-d24',
    ]); // prettier-ignore
    const pairs = publishedFiles.filter(({ kind }) => kind === 'generator').map((one) => tokenizerOf(one).path);
    expect(pairs).toEqual([...Array<string>(5).fill('vae_ch160v4096z32.pth'), ...Array<string>(3).fill('FlexVAE.pth')]);
  });
  test('a file of any repository', () => {
    expect(parseHubName('hf:me/model:a/b.safetensors')).toEqual({ repository: 'me/model', revision: 'main', path: 'a/b.safetensors' }); // prettier-ignore
    expect(parseHubName('hf:me/model@refs/pr/1:b.pth')).toMatchObject({ revision: 'refs/pr/1', path: 'b.pth' });
  });
  test.each([
    ['var-d61', /'var-d61' is none of var-tokenizer.*; did you mean 'var-d16'\?/],
    ['hf:model:b.pth', /expected hf:OWNER/],
    ['hf:me/model', /expected hf:OWNER/],
    ['hf:me/model:../../b.pth', /expected hf:OWNER/],
    ['hf:me/model@../x:b.pth', /expected hf:OWNER/],
    ['hf:../model:b.pth', /expected hf:OWNER/],
  ])('%s is refused', (name, sentence) => {
    expect(() => parseHubName(name)).toThrow(sentence);
  });
});

describe('what goes well', () => {
  test('a file is fetched once, lies where other programs of the hub look for it, and is found by its name', async () => {
    expect(cachedFile('var-d16')).toBeUndefined();
    const first = await pull(file, options);
    expect(first).toEqual({ path: cachedFile('var-d16'), fetched: true });
    expect(holds(first.path, weights)).toBe(true);
    expect(first.path).toContain(join('models--FoundationVision--var', 'snapshots', commit('a'), 'var_d16.pth'));
    expect(realpathSync(first.path)).toBe(realpathSync(join(blobs(), sum)));
    expect(readFileSync(join(blobs(), '../refs/main'), 'utf8')).toBe(commit('a'));
    expect(await pull(file, options)).toEqual({ path: first.path, fetched: false });
    expect(ranges()).toEqual([undefined]);
    expect(readdirSync(blobs())).toEqual([sum]);
  });
  test("a small file is checked by git's sum", async () => {
    const { path } = await pull({ ...file, path: 'sub/config.json' }, options);
    expect(readFileSync(path)).toEqual(settings);
  });
  test('--force fetches again', async () => {
    await pull(file, options);
    expect((await pull(file, { ...options, force: true })).fetched).toBe(true);
    expect(ranges()).toHaveLength(2);
  });
  test('without SCALEWISE_CACHE the cache is the one of the hub', () => {
    vi.stubEnv('SCALEWISE_CACHE', '');
    vi.stubEnv('HF_HUB_CACHE', '/elsewhere/hub');
    expect(hubCacheFolder()).toBe('/elsewhere/hub');
  });
  test.each(['HF_TOKEN', 'its file'])(
    'the token of %s is told to the hub and not to the host of the content',
    async (place) => {
      if (place === 'HF_TOKEN') vi.stubEnv('HF_TOKEN', 'hf_secret');
      else writeFileSync(join(cache, 'token'), 'hf_secret\n');
      await pull(file, options);
      const isContent = ({ url }: { url: string }) => url.startsWith('/content/');
      expect(new Set(hub.requests.filter((one) => !isContent(one)).map((one) => one.authorization))).toEqual(new Set(['Bearer hf_secret'])); // prettier-ignore
      expect(hub.requests.filter(isContent).map((one) => one.authorization)).toEqual([undefined]);
    },
  );
  test('offline, the cache is used', async () => {
    const { path } = await pull(file, options);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    hub.requests.length = 0;
    expect(await pull(file, options)).toEqual({ path, fetched: false });
    expect(hub.requests).toEqual([]);
  });
  test('a later commit with the same file needs no download, one with another file does', async () => {
    await pull(file, options);
    const main = hub.repositories['FoundationVision/var']!['main']!;
    main.commit = commit('b');
    expect(await pull(file, options)).toMatchObject({ fetched: false });
    main.commit = commit('c');
    main.files[file.path] = content(1000, 2);
    const { path, fetched } = await pull(file, options);
    expect([fetched, statSync(path).size, findCached(file)]).toEqual([true, 1000, path]);
    expect(statSync(findCached({ ...file, revision: commit('a') })!).size).toBe(weights.length);
  });
  test('a file stays found when its branch has moved on for the sake of another', async () => {
    const { path } = await pull(file, options);
    hub.repositories['FoundationVision/var']!['main']!.commit = commit('b');
    await pull({ ...file, path: 'sub/config.json' }, options);
    expect(cachedFile('var-d16')).toBe(path);
  });
  test('two that fetch one file at the same time both get it', async () => {
    hub.contentFaults.push(cutAfter(100_000), cutAfter(200_000));
    const both = await Promise.all([pull(file, options), pull(file, options)]);
    expect(both[0].path).toBe(both[1].path);
    expect(holds(both[0].path, weights)).toBe(true);
    expect(readdirSync(blobs())).toEqual([sum]);
  });
});

describe('faults that pass', () => {
  test('a connection that is cut again and again is resumed where it stopped', async () => {
    for (let i = 0; i < 20; i++) hub.contentFaults.push(cutAfter(i === 3 ? 0 : 9_999));
    const { path } = await pull(file, options);
    expect(holds(path, weights)).toBe(true);
    const starts = ranges().map((range) => Number(/\d+/.exec(range ?? '0')![0]));
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(starts).toHaveLength(21);
    expect(starts.at(-1)).toBeGreaterThan(100_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2000); // progress resets the waiting
  });
  test('another run goes on from the partial file', async () => {
    leavePart(weights.subarray(0, 123_456));
    await pull(file, options);
    expect(ranges()).toEqual(['bytes=123456-']);
    expect(told.join()).toMatch(/0\.1 MB of 0\.3 MB are here, going on/);
  });
  test('a whole partial file is only checked', async () => {
    leavePart(weights);
    expect(holds((await pull(file, options)).path, weights)).toBe(true);
    expect(ranges()).toEqual([]);
  });
  test('a server that knows no ranges sends all of it', async () => {
    leavePart(weights.subarray(0, 1000));
    hub.contentFaults.push((request, response, bytes) => {
      delete request.headers.range;
      return sendContent(request, response, bytes);
    });
    expect(holds((await pull(file, options)).path, weights)).toBe(true);
  });
  test('a file that changes on its branch between two tries is not mixed', async () => {
    leavePart(weights.subarray(0, 1000));
    const changed = content(300_000, 7);
    hub.repositories['FoundationVision/var']!['main'] = { commit: commit('d'), files: { [file.path]: changed } };
    expect(holds((await pull(file, options)).path, changed)).toBe(true);
    expect(ranges()).toEqual([undefined]);
  });
  test('500s, another range and a false length are tried again', async () => {
    hub.hubFaults.push((_, response) => answer(response, 503));
    hub.contentFaults.push(
      cutAfter(1000),
      (_, response) => answer(response, 502),
      (_, response, bytes) => {
        response
          .writeHead(206, { 'content-range': `bytes 5-${bytes.length - 1}/${bytes.length}` })
          .end(bytes.subarray(5));
        return true;
      },
      (_, response) => {
        response.writeHead(200, { 'content-length': '10' }).end('0123456789');
        return true;
      },
    );
    expect(holds((await pull(file, options)).path, weights)).toBe(true);
    expect(waits).toEqual([1000, 1000, 2000, 4000, 8000]);
    expect(ranges()).toEqual([undefined, ...Array<string>(4).fill(ranges()[1]!)]);
  });
  test('a body that is too long, or that ends early without a word', async () => {
    const send = (make: (bytes: Buffer) => Buffer) =>
      hub.contentFaults.push((_, response, bytes) => {
        response.write(make(bytes)); // of unknown length, from the beginning
        response.end();
        return true;
      });
    send((bytes) => Buffer.concat([bytes, bytes]));
    send((bytes) => bytes.subarray(0, 70_000));
    expect(holds((await pull(file, options)).path, weights)).toBe(true);
    expect(told.join()).toMatch(/sends more than 300000 bytes.*ended early/s);
  });
  test('a link that ran out is asked for anew', async () => {
    hub.contentFaults.push((_, response) => answer(response, 403));
    expect((await pull(file, options)).fetched).toBe(true);
  });
  test('429 waits as long as it is asked to, in seconds or until a date', async () => {
    hub.hubFaults.push((_, response) => answer(response, 429, { 'retry-after': '17' }));
    const date = new Date(Date.now() + 60_000).toUTCString();
    hub.contentFaults.push((_, response) => answer(response, 429, { 'retry-after': date }));
    await pull(file, options);
    expect(waits[0]).toBe(17_000);
    expect(waits[1]).toBeGreaterThan(50_000);
    expect(waits[1]).toBeLessThanOrEqual(60_000);
  });
});

describe('faults that end in a sentence', () => {
  const refused = (promise: Promise<unknown>) =>
    promise.then(
      () => { throw new Error('it was fetched'); },
      (error: unknown) => { expect(error).toBeInstanceOf(UsageError); return (error as Error).message; },
    ); // prettier-ignore

  test('a wrong sum: the partial file is deleted, and the next try begins anew', async () => {
    leavePart(content(1000, 9));
    expect(await refused(pull(file, options))).toMatch(new RegExp(`it should have the sum ${sum}, what was fetched has [0-9a-f]{64} and is deleted`)); // prettier-ignore
    expect(readdirSync(blobs())).toEqual([]);
    expect(holds((await pull(file, options)).path, weights)).toBe(true);
  });
  test('a connection that never gets further: after five tries, the partial file kept', async () => {
    for (let i = 0; i < 6; i++) hub.contentFaults.push(cutAfter(i === 0 ? 5000 : 0));
    expect(await refused(pull(file, options))).toMatch(/FoundationVision\/var: var_d16\.pth: the connection failed.*, 5 times in a row; run the same command again later/); // prettier-ignore
    expect(existsSync(part())).toBe(true);
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
  });
  test.each([
    [404, 'EntryNotFound', /no such file in the repository/],
    [404, 'RevisionNotFound', /no such revision/],
    [401, 'RepoNotFound', /no such repository, or it is private/],
    [403, 'GatedRepo', /consent to their terms/],
    [401, '', /set HF_TOKEN to a valid token/],
    [403, '', /rights of your token/],
    [404, '', /see the name, --revision and HF_ENDPOINT/],
    [418, '', /the status 418/],
  ])('%i %s', async (status, code, sentence) => {
    hub.hubFaults.push((_, response) => answer(response, status, code ? { 'x-error-code': code } : {}));
    expect(await refused(pull(file, options))).toMatch(sentence);
    expect(hub.requests).toHaveLength(1);
  });
  test('files, revisions and repositories that the hub does not have', async () => {
    expect(await refused(pull({ ...file, path: 'other.pth' }, options))).toMatch(/no such file/);
    expect(await refused(pull({ ...file, revision: 'dev' }, options))).toMatch(/no such revision/);
    expect(await refused(pull({ ...file, repository: 'no/body' }, options))).toMatch(/no such repository/);
  });
  test('a server that asks to wait for an hour', async () => {
    hub.hubFaults.push((_, response) => answer(response, 429, { 'retry-after': '3600' }));
    expect(await refused(pull(file, options))).toMatch(/asked too often \(status 429\) and asks to wait 60 minutes/);
  });
  test('no connection at all', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    expect(await refused(pull(file, options))).toMatch(/the connection failed.*5 times in a row/);
  });
  test('something that is no hub', async () => {
    const send = (text: string) => hub.hubFaults.push((_, response) => { response.end(text); return true; }); // prettier-ignore
    send('<html>welcome</html>');
    expect(await refused(pull(file, options))).toMatch(/does not answer as a hub; see HF_ENDPOINT/);
    send('{"sha": "../../../etc", "lastModified": 0}');
    expect(await refused(pull(file, options))).toMatch(/names no commit|no such revision/);
  });
  test('a full disk', async () => {
    mkdirSync(blobs(), { recursive: true });
    symlinkSync('/dev/full', part());
    expect(await refused(pull(file, options))).toMatch(
      /the disk is full; free some space and run the same command again/,
    );
  });
  test('a file that is larger than the disk', async () => {
    hub.hubFaults.push(
      () => false,
      (_, response) => {
        const info = [{ type: 'file', path: file.path, size: 1e15, lfs: { oid: sum, size: 1e15, pointerSize: 134 } }];
        response.end(JSON.stringify(info));
        return true;
      },
    );
    expect(await refused(pull(file, options))).toMatch(/1000000\.00 GB are to be fetched and only .* are free/);
    expect(ranges()).toEqual([]);
  });
  test('offline without a copy, a strange token, a strange endpoint', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await refused(pull(file, options))).toMatch(/HF_HUB_OFFLINE is set/);
    vi.stubEnv('HF_HUB_OFFLINE', '');
    vi.stubEnv('HF_TOKEN', 'secret');
    expect(await refused(pull(file, options))).toMatch(
      /^HF_TOKEN: expected a token of the hub, which starts with 'hf_'/,
    );
    vi.stubEnv('HF_ENDPOINT', 'hub.example');
    expect(await refused(pull(file, options))).toMatch(/^HF_ENDPOINT: expected an address/);
  });
  test('a cache that cannot be written', async () => {
    writeFileSync(join(cache, 'hub'), '');
    expect(await refused(pull(file, options))).toMatch(/a file stands where a folder was expected|stands in the way/);
  });
});

test('what is stopped keeps its partial file, and the same call goes on', async () => {
  const stop = new AbortController();
  hub.contentFaults.push((_, response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 50_000));
    setTimeout(() => { stop.abort(); }, 100); // prettier-ignore
    return true;
  });
  await expect(pull(file, { ...options, signal: stop.signal })).rejects.toThrow(/abort/i);
  expect(statSync(part()).size).toBe(50_000);
  expect(holds((await pull(file, options)).path, weights)).toBe(true);
  expect(ranges()).toEqual([undefined, 'bytes=50000-']);
  expect(dirname(part())).toBe(blobs());
});
