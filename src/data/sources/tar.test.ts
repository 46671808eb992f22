// Tar shards: as other programs write them, hostile, cut off; labels of every kind; the index that is kept of them; shards behind http.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UsageError } from '../../util/errors.js';
import { type ByteFile, openByteFile } from './byteFile.js';
import { placeReader } from './readPlace.js';
import { type TarEntry, tarEntries } from './tarEntries.js';
import { openTarShards } from './tarShards.js';

let folder = '';
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scalewise-tar-'));
  vi.stubEnv('SCALEWISE_CACHE', at('cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function tarOf(files: readonly (readonly [name: string, content: string])[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name }, content);
  archive.finalize();
  return buffer(archive);
}

function fileOf(bytes: Uint8Array): ByteFile {
  const read = (offset: number, length: number) => Promise.resolve(Uint8Array.from(bytes.subarray(offset, offset + length))); // prettier-ignore
  return { name: 'archive', size: bytes.length, version: '', read, close: () => Promise.resolve() };
}

async function list(bytes: Uint8Array): Promise<TarEntry[]> {
  const found: TarEntry[] = [];
  for await (const entry of tarEntries(fileOf(bytes))) found.push(entry);
  return found;
}

async function refusal(body: () => Promise<unknown>): Promise<string> {
  const error: unknown = await body().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  return (error as Error).message.replaceAll(folder, 'FOLDER');
}

test('what tar-stream packs is found where it lies: any names and sizes', async () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }).filter((text) => !/[\0/\n]/.test(text) && text.trim() === text); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, fc.string({ maxLength: 2000 })), { maxLength: 6 }), async (files) => {
      const bytes = await tarOf(files);
      const found = await list(bytes);
      expect(found.map(({ name: one, offset, size }) => [one, bytes.toString('utf8', offset, offset + size)])).toEqual(files); // prettier-ignore
    }),
    { numRuns: 50 },
  );
});

test.each(['gnu', 'posix', 'ustar'])('what GNU tar writes in the format %s', async (format) => {
  const inner = 'a-folder-with-a-name/'.repeat(6);
  mkdirSync(at(inner), { recursive: true });
  const names = [`${inner}${'n'.repeat(80)}.jpg`, 'short.jpg', ...(format === 'ustar' ? [] : ['größe.jpg'])];
  for (const name of names) writeFileSync(at(name), name);
  execFileSync('tar', ['-C', folder, `--format=${format}`, '-cf', at('all.tar'), 'a-folder-with-a-name', ...names.slice(1)]); // prettier-ignore
  const bytes = readFileSync(at('all.tar'));
  const found = await list(bytes);
  expect(found.map(({ name }) => name)).toEqual(names);
  expect(found.map(({ offset, size }) => bytes.toString('utf8', offset, offset + size))).toEqual(names);
});

test('archives that are cut off, damaged or lie about sizes are refused', async () => {
  const bytes = await tarOf([['a.jpg', 'x'.repeat(700)], ['b.jpg', 'y'.repeat(100)]]); // prettier-ignore
  for (const end of [0, 100, 512, 1000, 1536, 2048, 2500, 2560]) expect(await refusal(() => list(bytes.subarray(0, end)))).toMatch(/^archive: .*fetch the archive again$/); // prettier-ignore
  expect(await list(bytes.subarray(0, 3072))).toHaveLength(2);
  expect(await refusal(() => list(Buffer.alloc(600, 'words')))).toMatch(/no header of a tar archive at byte 0/);
  const lie = (size: Uint8Array) => {
    const hostile = Buffer.from(bytes);
    hostile.set(size, 124);
    hostile.fill(' ', 148, 156);
    const sum = hostile.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    hostile.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return hostile;
  };
  for (const size of [Buffer.from('77777777777\0'), Buffer.alloc(12, 0xff), Buffer.from('-0000000001\0')])
    expect(await refusal(() => list(lie(size)))).toMatch(/'a.jpg' of .* bytes reaches beyond its end/);
  for (let i = 0; i < 300; i++) {
    const flipped = Buffer.from(bytes);
    flipped[(i * 7919) % bytes.length]! ^= 1 << (i % 8);
    await list(flipped).catch((error: unknown) => {
      expect(error).toBeInstanceOf(UsageError);
    });
  }
});

const write = async (name: string, files: readonly (readonly [string, string])[]) => {
  mkdirSync(at('shards'), { recursive: true });
  writeFileSync(join(at('shards'), name), await tarOf(files));
};

test('shards of a folder or a pattern: labels as numbers, in .cls or .json; keys that look like paths are names', async () => {
  await write('000.tar', [['../../etc/x.jpg', 'one'], ['../../etc/x.cls', '2'], ['/b.b.png', 'two'], ['/b.json', '{"label": 0, "more": [1]}'], ['c.txt', 'no image']]); // prettier-ignore
  await write('001.tar', [
    ['d.cls', '1\n'],
    ['d.JPEG', 'three'],
  ]);
  const source = await openTarShards(at('shards'), 'train');
  expect([source.classes, [...source.labels]]).toEqual([['0', '1', '2'], [2, 0, 1]]); // prettier-ignore
  expect(source.nameOf(0)).toMatch(/000.tar: '..\/..\/etc\/x'$/);
  const reader = placeReader();
  const contents = await Promise.all([0, 1, 2].map((i) => reader.read(source.placeOf(i))));
  expect(contents.map((bytes) => Buffer.from(bytes).toString())).toEqual(['one', 'two', 'three']);
  await reader.close();
  const pattern = await openTarShards(at('shards/{000..001}.tar'), 'train');
  expect([...pattern.labels]).toEqual([2, 0, 1]);
});

test('labels as names; none; names that tell of splits', async () => {
  await write('set-train-0.tar', [['a.jpg', '1'], ['a.cls', 'owl'], ['b.jpg', '2'], ['b.json', '{"class_name": "cat"}']]); // prettier-ignore
  await write('set-val-0.tar', [['c.jpg', '1']]);
  const train = await openTarShards(at('shards'), 'train');
  expect([train.classes, [...train.labels]]).toEqual([['cat', 'owl'], [1, 0]]); // prettier-ignore
  const held = await openTarShards(at('shards'), 'test');
  expect([held.classes, [...held.labels]]).toEqual([['shards'], [0]]);
});

test.each<[string, [string, string][], RegExp]>([
  [
    'a label that is missing',
    [
      ['a.jpg', '1'],
      ['a.cls', '1'],
      ['b.jpg', '2'],
    ],
    /'b' has no label, others have one/,
  ],
  [
    'numbers among names',
    [
      ['a.jpg', '1'],
      ['a.cls', '1'],
      ['b.jpg', '2'],
      ['b.cls', 'owl'],
    ],
    /'a' has the label '1', .*'b' 'owl'; use numbers/,
  ],
  [
    'a .json that is none',
    [
      ['a.jpg', '1'],
      ['a.json', '{'],
    ],
    /'a.json': expected a JSON object/,
  ],
  [
    'two images of a key',
    [
      ['a.jpg', '1'],
      ['a.png', '1'],
    ],
    /'a.png': a second image of this key/,
  ],
  ['no image', [['a.txt', '1']], /the shards hold no images/],
  [
    'a class number beyond all',
    [
      ['a.jpg', '1'],
      ['a.cls', '70000'],
    ],
    /at most 65535 classes, found 70001/,
  ],
])('%s is refused', async (_, files, message) => {
  await write('0.tar', files);
  expect(await refusal(() => openTarShards(at('shards'), 'train'))).toMatch(message);
});

test('patterns and folders that lead nowhere are refused', async () => {
  await write('0.tar', [['a.jpg', '1']]);
  const of = (name: string) => refusal(() => openTarShards(at(name), 'train'));
  expect(await of('shards/{0..1}.tar')).toBe('FOLDER/shards/1.tar: no such file');
  expect(await of('shards/{0..1.tar')).toMatch(/a brace without its other/);
  expect(await of('shards/{3..1}.tar')).toMatch(/expected a range of 1 to 100000 shards, got \{3\.\.1\}/);
  expect(await of('shards/{0..9999999}.tar')).toMatch(/expected a range/);
  expect(await of('shards/{0..9999}{0..9999}.tar')).toMatch(/more than 100000 shards/);
});

test('the index of a shard is kept, and made anew when the shard changes or the index is damaged', async () => {
  await write('0.tar', [
    ['a.jpg', 'one'],
    ['a.cls', '0'],
  ]);
  const labels = async () => [...(await openTarShards(at('shards'), 'train')).labels];
  expect(await labels()).toEqual([0]);
  const kept = join(at('cache/shards'), readdirSync(at('cache/shards'))[0]!);
  const text = readFileSync(kept, 'utf8');
  writeFileSync(kept, text.replace(/0\]\]/, '1]]')); // to see that it is used
  expect(await labels()).toEqual([1]);
  writeFileSync(kept, text.slice(0, 20));
  expect(await labels()).toEqual([0]);
  expect(readFileSync(kept, 'utf8')).toBe(text);
  utimesSync(at('shards/0.tar'), 1, 1);
  expect(await labels()).toEqual([0]);
  expect(readFileSync(kept, 'utf8')).not.toBe(text);
  appendFileSync(at('shards/0.tar'), Buffer.alloc(512));
  await write('0.tar', [
    ['a.jpg', 'one'],
    ['a.cls', '3'],
  ]);
  expect(await labels()).toEqual([3]);
});

/** A server of one file that counts what is asked of it. */
async function serve(bytes: Buffer, { ranges, faults = 0 }: { ranges: boolean; faults?: number }) {
  const asked: string[] = [];
  let left = faults;
  const server = createServer((request, response) => {
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    asked.push(request.headers.range ?? 'all');
    if (request.url !== '/0.tar') response.writeHead(404).end();
    else if (left-- > 0) response.writeHead(503, { 'retry-after': '0' }).end();
    else if (ranges && range) {
      const [start, end] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
      const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}`, etag: '"1"' };
      response.writeHead(206, headers).end(bytes.subarray(start, end + 1));
    } else response.writeHead(200, { etag: '"1"', 'content-length': bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

const twoImages: [string, string][] = [['a.jpg', 'one'.repeat(20_000)], ['a.cls', '1'], ['b.jpg', 'two'], ['b.cls', '0']]; // prettier-ignore

test('a shard behind http is read by ranges; a server that is busy is asked again', async () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { url, asked, server } = await serve(await tarOf(twoImages), { ranges: true, faults: 2 });
  const source = await openTarShards(`${url}/{0..0}.tar`, 'train');
  expect([...source.labels]).toEqual([1, 0]);
  expect(asked.length).toBeLessThan(8); // windows, not headers
  expect(asked).not.toContain('all');
  expect(said).toHaveBeenCalledWith(expect.stringMatching(/0.tar: the server answers 503; trying again in 0 s/));
  const reader = placeReader();
  expect(Buffer.from(await reader.read(source.placeOf(1))).toString()).toBe('two');
  expect(await refusal(() => openTarShards(`${url}/1.tar`, 'train'))).toMatch(/1.tar: the server answers 404; see that the address is right/); // prettier-ignore
  said.mockRestore();
  server.close();
});

test('of a server without ranges the shard is fetched into the cache, once', async () => {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const bytes = await tarOf(twoImages);
  const { url, asked, server } = await serve(bytes, { ranges: false });
  const source = await openTarShards(`${url}/0.tar`, 'train');
  const reader = placeReader();
  expect(Buffer.from(await reader.read(source.placeOf(1))).toString()).toBe('two');
  await reader.close();
  expect(asked.filter((range) => range === 'all')).toHaveLength(1);
  expect(said).toHaveBeenCalledWith(expect.stringMatching(/the server gives no parts of files; fetching the whole/));
  expect(readFileSync(join(at('cache/remote'), readdirSync(at('cache/remote'))[0]!))).toEqual(bytes);
  const whole = await openByteFile(`${url}/0.tar`);
  expect(whole.size).toBe(bytes.length);
  await whole.close();
  said.mockRestore();
  server.close();
});
