// `scalewise evaluate --inception` end to end on formula weights: a reference is written and read again. There is no copy of the published weights here.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fillByFormula, inceptionRange } from '../../test/formulaWeights.js';
import { Inception } from '../evaluate/index.js';
import { NpzFile, writeNpz } from '../formats/index.js';
import { saveWeights } from '../nn/index.js';
import { seedFor } from '../util/random.js';
import { run } from './main.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-inception-'));
const at = (name: string) => join(root, name);
const images = (count: number, seed: string) =>
  Uint8Array.from({ length: count * 16 * 16 * 3 }, (_, place) => seedFor(seed, place >> 5) % 256);
const write = (name: string, count: number, pixels: Uint8Array) =>
  writeNpz(at(name), new Map([['arr_0', { type: '|u1', shape: [count, 16, 16, 3], pieces: [pixels] }]]));

beforeAll(async () => {
  const network = new Inception().requireGrad(false);
  fillByFormula(network, 3, inceptionRange);
  saveWeights(at('inception.safetensors'), network.stateDict());
  network.dispose();
  await write('real.npz', 7, images(7, 'real'));
  await write('samples.npz', 5, images(5, 'samples'));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

test('a written reference has ADM’s arrays; FID and the others against it', async () => {
  const out: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void out.push(line));
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const network = ['--inception', at('inception.safetensors'), '--threads', '1'];
  const evaluated = (...args: string[]) => run(['node', 'scalewise', 'evaluate', ...args, ...network]);
  await evaluated(at('real.npz'), '--write-reference', at('reference.npz'));
  using file = await NpzFile.open(at('reference.npz'));
  expect(Object.fromEntries([...file.arrays].slice(0, 5))).toEqual({
    arr_0: { type: '|u1', shape: [7, 16, 16, 3] },
    mu: { type: '<f8', shape: [2048] },
    sigma: { type: '<f8', shape: [2048, 2048] },
    mu_s: { type: '<f8', shape: [2023] },
    sigma_s: { type: '<f8', shape: [2023, 2023] },
  });
  expect((await file.read('arr_0')).bytes).toEqual(images(7, 'real'));
  out.length = 0;
  await evaluated(at('samples.npz'), '--reference', at('reference.npz'), '--replicates', '0', '--json');
  vi.restoreAllMocks();
  const { models, protocol } = JSON.parse(out[0]!) as { models: { distance: string; figures: Record<string, number> }[]; protocol: object }; // prettier-ignore
  const { figures, distance } = models[0]!;
  expect(Object.keys(figures)).toEqual(['fid', 'sfid', 'inceptionScore', 'inceptionScoreShuffled', 'precision', 'recall', 'density', 'coverage', 'kid']); // prettier-ignore
  expect(distance).toBe('FID (weights not verified)');
  expect(figures['fid']).toBeGreaterThan(0);
  expect(figures['sfid']).toBeGreaterThan(0);
  expect(figures['inceptionScore']).toBeCloseTo(figures['inceptionScoreShuffled']!, 9); // one split
  expect(protocol).toMatchObject({ neighbourReferences: 7, inceptionScore: { split: 5000 }, network: { name: 'Inception-v3 (2015-12-05) (weights not verified)' } }); // prettier-ignore
}, 180_000);
