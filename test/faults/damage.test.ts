// Checkpoints whose files were cut short, changed by a bit, swapped or taken away: noticed every time, named, and never gone on from.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newestCheckpoint, writeCheckpoint } from '../../src/train/checkpointFiles.js';
import { findWeights } from '../../src/recipes/modelFiles.js';
import { uniforms } from '../../src/util/random.js';
import { scalewise } from '../cli/run.js';
import { sentenceOf } from '../sentence.js';
import { contentsOf, type Ground, tinyGround, training } from './tinyRun.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-damage-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

describe('one checkpoint of two', () => {
  const folder = join(root, 'run', 'checkpoints');
  const newest = join(folder, 'step-00000002');
  const files = ['generator.safetensors', 'optimizer.safetensors', 'manifest.json'];
  const untouched = new Map<string, Buffer>();
  beforeAll(() => {
    for (const step of [1, 2]) {
      const part = (value: number) => {
        const bytes = new Uint8Array(Float32Array.from({ length: 300 }, (_, i) => i * value + step).buffer);
        return {
          tensors: new Map([['weight', { dtype: 'F32' as const, shape: [300], bytes }]]),
          metadata: { kind: 'x' },
        };
      };
      const parts = new Map([['generator', part(1)], ['optimizer', part(2)]]); // prettier-ignore
      const clock = { step, imagesSeen: 8 * step, skipped: 0, skippedInRow: 0 };
      writeCheckpoint({ folder, clock, parts, keep: 2, kept: false });
    }
    for (const name of files) untouched.set(name, readFileSync(join(newest, name)));
  });
  beforeEach(() => {
    rmSync(newest, { recursive: true, force: true });
    mkdirSync(newest);
    for (const [name, data] of untouched) writeFileSync(join(newest, name), data);
  });

  /** The newest is passed over with a sentence, and so it is where only its weights are asked for. */
  function expectNoticed(name: string, where: string): void {
    const said: string[] = [];
    expect(newestCheckpoint(folder, (line) => said.push(line))?.clock.step, where).toBe(1);
    expect(said, where).toEqual([expect.stringMatching(/step-00000002: (damaged|not a whole checkpoint): .*; an older checkpoint is used$/)]);
    if (name !== 'optimizer.safetensors') expect(sentenceOf(() => findWeights(join(root, 'run'), 'generator')), where).toMatch(/damaged|whole|missing|neither/);
  } // prettier-ignore

  test('untouched it is the one', () => {
    expect(newestCheckpoint(folder, (line) => expect.fail(line))?.clock.step).toBe(2);
    expect(findWeights(join(root, 'run'), 'generator')).toBe(join(newest, 'generator.safetensors'));
  });

  test.each(files)('%s cut short anywhere', (name) => {
    const data = untouched.get(name)!;
    const lengths = [0, 1, 7, 8, 9, ...Array.from({ length: 30 }, (_, i) => Math.floor((data.length * i) / 30)), data.length - 1];
    for (const length of lengths) {
      truncateSync(join(newest, name), length);
      expectNoticed(name, `${name} of ${length} bytes`);
      writeFileSync(join(newest, name), data);
    }
    writeFileSync(join(newest, name), Buffer.concat([data, Buffer.of(0x20)]));
    expectNoticed(name, `${name} with a byte more`);
  }); // prettier-ignore

  test('a bit of every byte of the manifest, and bits all over the other files', () => {
    const uniform = uniforms(5);
    for (const name of files) {
      const data = untouched.get(name)!;
      const places = name === 'manifest.json' ? data.length : 100;
      for (let i = 0; i < places; i++) {
        const bit = Math.floor(((i + uniform()) / places) * data.length) * 8 + (i % 8);
        const flipped = Buffer.from(data);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(join(newest, name), flipped);
        expectNoticed(name, `bit ${bit} of ${name}`);
      }
      writeFileSync(join(newest, name), data);
    }
  });

  test.each<[string, (older: string) => void]>([
    ['a file of another checkpoint', (older) => { cpSync(join(older, files[0]!), join(newest, files[0]!)); }],
    ['the manifest of another checkpoint', (older) => { cpSync(join(older, files[2]!), join(newest, files[2]!)); }],
    ['another checkpoint under its name', (older) => { for (const name of files) cpSync(join(older, name), join(newest, name)); }],
    ['two parts in each other’s place', () => {
      renameSync(join(newest, files[0]!), join(newest, 'x'));
      renameSync(join(newest, files[1]!), join(newest, files[0]!));
      renameSync(join(newest, 'x'), join(newest, files[1]!));
    }],
    ['a part that is gone', () => { rmSync(join(newest, files[0]!)); }],
    ['no manifest', () => { rmSync(join(newest, files[2]!)); }],
    ['an empty folder', () => { for (const name of files) rmSync(join(newest, name)); }],
  ])('%s', (where, damage) => { // prettier-ignore
    damage(join(folder, 'step-00000001'));
    const said: string[] = [];
    expect(newestCheckpoint(folder, (line) => said.push(line))?.clock.step, where).toBe(1);
    expect(said).toHaveLength(1);
  }); // prettier-ignore
});

describe('a training', () => {
  let ground: Ground;
  const run = join(root, 'training');
  const damaged = (step: number, name: string) => {
    const path = join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}`, name);
    const data = readFileSync(path);
    data[data.length >> 1]! ^= 16;
    writeFileSync(path, data);
  };
  const again = () => scalewise(training(ground, run, 15));
  beforeAll(async () => {
    ground = await tinyGround();
    expect(again().code).toBe(0);
  });

  test('goes on from the older checkpoint to the same end, saying so', () => {
    const before = contentsOf(run);
    damaged(15, 'ema.safetensors');
    const { code, err } = again();
    expect(code, err).toBe(0);
    expect(err).toMatch(/step-00000015: damaged: the content of ema\.safetensors has changed since it was written; an older checkpoint is used/);
    expect(err).toMatch(/continuing from .*step-00000010 \(40 images seen\)/);
    expect(contentsOf(run)).toEqual(before);
  }); // prettier-ignore

  test('does not begin anew over checkpoints of which none is whole', () => {
    for (const step of [10, 15]) damaged(step, 'manifest.json');
    const [before, metrics] = [contentsOf(run), readFileSync(join(run, 'metrics.jsonl'))];
    const { code, err } = again();
    expect(code, err).toBe(2);
    expect(err).toMatch(/error: .*checkpoints: no whole checkpoint is left to go on from \(.*step-00000015.*; .*step-00000010.*\); put a copy of one back, or choose another --out to begin anew\n$/);
    expect([contentsOf(run), readFileSync(join(run, 'metrics.jsonl'))]).toEqual([before, metrics]);
    expect(readdirSync(join(run, 'checkpoints'))).toHaveLength(2);
  }); // prettier-ignore
});
