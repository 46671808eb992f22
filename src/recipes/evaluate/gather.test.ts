// Waiting for the parts of other processes, and folders whose files were written since.
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import sharp from 'sharp';
import { scope, zeros } from '../../torch/index.js';
import { PeerLostError } from '../../train/index.js';
import { ChunkStore, type PartStore } from './chunkStore.js';
import { awaitParts } from './gather.js';
import { folderSubject } from './imageSubject.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-gather-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const subject = { name: 'samples', count: 6 };
const options = { partSize: 2, signal: undefined, size: 3 };
const write = (store: ChunkStore, part: number) => { scope(() => { store.write(part, { pool: zeros([2, 4]) }); }); }; // prettier-ignore

test('a part that nobody computes is waited for no longer than others tell that they compute', async () => {
  const store = new ChunkStore(join(folder, 'parts'), { images: 'six' });
  write(store, 0);
  write(store, 2);
  const given = await awaitParts(subject, store, { ...options, patience: 30 }).catch((error: unknown) => error);
  expect(given).toBeInstanceOf(PeerLostError);
  expect(given).toMatchObject({ ranks: [1], exitCode: 75 });
  expect((given as Error).message).toMatch(/^rank 1 of 3 has not written part 1 of samples, and no process has told for 0\.0005 minutes that it computes; start all of them again with the same command: it goes on from the parts that are there$/); // prettier-ignore

  // signs of life keep it waiting beyond any patience, until the part is there
  let polls = 0;
  const slow: PartStore = {
    threads: [],
    beat: () => undefined,
    lastBeat: () => ++polls,
    has: (part) => (part === 1 && polls > 20 ? (write(store, 1), true) : store.has(part)),
    write: () => undefined,
    read: (part) => store.read(part),
  };
  await awaitParts(subject, slow, { ...options, patience: 0 });
  expect(polls).toBeGreaterThan(20);
  const told = store.lastBeat();
  utimesSync(join(folder, 'parts', 'features.json'), 1, 1);
  store.beat();
  expect(store.lastBeat()).toBeGreaterThanOrEqual(told);
});

test('a file that was written since makes a folder another one to go on with, not another one by name', async () => {
  const image = join(folder, 'one.png');
  await sharp(new Uint8Array(48), { raw: { width: 4, height: 4, channels: 3 } }).png().toFile(image); // prettier-ignore
  const before = await folderSubject(folder);
  utimesSync(image, 1, 1);
  const after = await folderSubject(folder);
  expect(after.identity).toEqual(before.identity);
  expect(after.written).not.toBe(before.written);
});
