// Files that are malformed or made to harm: every one is refused in a sentence that names the file; nothing is run, time and memory stay small.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openWeightsFile } from '../../src/formats/index.js';
import { UsageError } from '../../src/util/errors.js';
import { archive, call, dict, legacy, pickle, tensorText, text } from './build.js';
import { gadgets } from './gadgets.js';
import { archives } from './hostileArchives.js';
import { legacyFiles } from './hostileLegacy.js';
import { pickles } from './hostilePickles.js';
import { tensorPickles } from './hostileTensors.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-hostile-'));
const path = join(folder, 'hostile.pth');
const canary = join(folder, 'canary');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Opens the file and reads all of it. */
function readAll(): void {
  using file = openWeightsFile(path);
  for (const name of file.tensors.keys()) file.read(name);
}

/** What the file is refused with. */
function refusal(bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  const [start, before] = [performance.now(), process.memoryUsage().rss];
  let message = '';
  try {
    readAll();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    message = (error as UsageError).message;
  }
  expect(performance.now() - start).toBeLessThan(2000);
  expect(process.memoryUsage().rss - before).toBeLessThan(400 << 20);
  expect(message).toMatch(/^[ -~…]+$/); // one line, nothing a terminal would obey
  expect(message.startsWith(`${path}: `)).toBe(true);
  expect(message.length).toBeLessThan(1000);
  expect(existsSync(canary)).toBe(false);
  return message;
}

const globals = gadgets.map(([module, name]): [string, string] => [`${module}.${name}`, pickle(call(module, name, text(`touch ${canary}`)))]); // prettier-ignore
const kinds = [...globals, ...pickles(canary), ...tensorPickles, ...archives, ...legacyFiles].map(([kind]) => kind);

test('there are more than 200 kinds, no two of one name', () => {
  expect(kinds.length).toBeGreaterThan(200);
  expect(new Set(kinds).size).toBe(kinds.length);
});

test('the good files, of which one thing is wrong in each kind, are read', () => {
  for (const good of [archive(pickle(dict({ w: tensorText() }))), legacy({})]) {
    writeFileSync(path, good);
    using file = openWeightsFile(path);
    expect(file.read('w')).toEqual({ dtype: 'F32', shape: [4], bytes: new Uint8Array(16) });
  }
});

test('pickles that call what runs code or reaches out are refused by name and place', () => {
  for (const [name, body] of globals) {
    const message = refusal(archive(body));
    expect(message, name).toContain(`found '${name}' (byte 2 of data.pkl)`);
  }
});

describe('pickles', () => {
  test.each(pickles(canary))('%s', (_, body, sentence) => {
    expect(refusal(archive(body))).toMatch(sentence);
  });
});

describe('tensors', () => {
  test.each(tensorPickles)('%s', (_, body, sentence) => {
    expect(refusal(archive(body))).toMatch(sentence);
  });
});

describe('archives', () => {
  test.each(archives)('%s', (_, bytes, sentence) => {
    expect(refusal(bytes())).toMatch(sentence);
  });
});

describe('legacy files', () => {
  test.each(legacyFiles)('%s', (_, bytes, sentence) => {
    expect(refusal(bytes())).toMatch(sentence);
  });
});

const fixtures = ['torch-2.13/zip.pth', 'torch-2.13/legacy.pth', 'torch-2.13/protocol4.pth', 'torch-1.13/zip.pth'].map(
  (name) => readFileSync(join(dirname(fileURLToPath(import.meta.url)), name)),
);

test.each(fixtures)('a good file cut anywhere is refused (%#)', (good) => {
  for (let cut = 0; cut < good.length; cut += 1 + Math.floor(good.length / 150)) refusal(good.subarray(0, cut));
});

test('a good file with any damage is read or refused, never anything else', () => {
  const edit = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), fc.array(edit, { minLength: 1, maxLength: 6 }), (good, edits) => {
      const bad = Buffer.from(good);
      for (const [at, value] of edits) bad[at % bad.length] = value;
      // the checksum of the pickle would refuse nearly all: half of the time it says that there is none
      if (edits[0]![1] % 2) for (const at of checksums(bad)) bad.writeUInt32LE(0, at);
      writeFileSync(path, bad);
      try {
        readAll();
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
    { numRuns: 500 },
  );
});

/** Where the checksums of an archive's central directory stand. */
function checksums(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 1))
    if (at + 20 <= bytes.length) found.push(at + 16);
  return found;
}
