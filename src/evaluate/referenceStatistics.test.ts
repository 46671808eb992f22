// Statistics of references in files as NumPy writes them (test/formats), and as ADM publishes them: pooled and spatial, of two widths.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { encodeNpyHeader } from '../formats/npy.js';
import { zipDirectory, zipLocalHeader } from '../formats/zipWriter.js';
import { Generator, randn, scope } from '../torch/index.js';
import { frechetDistanceOf } from './frechet.js';
import { readReferenceStatistics } from './referenceStatistics.js';
import { statisticsOf } from './statistics.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-reference-'));
const path = join(folder, 'reference.npz');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Writes arrays as numpy.savez does. */
function save(arrays: Record<string, { data: Float64Array | Float32Array | Uint8Array; shape: number[] }>): void {
  const parts: Buffer[] = [];
  let offset = 0;
  const listed = Object.entries(arrays).map(([name, { data, shape }]) => {
    const type = data instanceof Float64Array ? '<f8' : data instanceof Float32Array ? '<f4' : '|u1';
    const content = Buffer.concat([encodeNpyHeader({ type, shape }), Buffer.from(data.buffer)]);
    const entry = { name: `${name}.npy`, bytes: content.length, crc: crc32(content), offset };
    parts.push(zipLocalHeader(entry), content);
    offset = parts.reduce((sum, part) => sum + part.length, 0);
    return entry;
  });
  writeFileSync(path, Buffer.concat([...parts, zipDirectory(listed, offset)]));
}

test('what NumPy wrote', async () => {
  const { pooled, spatial } = await readReferenceStatistics('test/formats/numpy-statistics.npz');
  expect([pooled.mean_D.shape, pooled.covariance_DD.shape, pooled.count, spatial]).toEqual([[7], [7, 7], undefined, undefined]); // prettier-ignore
});

test('pooled and spatial statistics give the distances of the features themselves', async () => {
  const features = (seed: number, width: number) => randn([50, width], { generator: new Generator(seed) });
  const [pool, space, samplePool, sampleSpace] = [features(1, 6), features(2, 4), features(3, 6), features(4, 4)].map(statisticsOf); // prettier-ignore
  const float64 = (data: number[], shape: number[]) => ({ data: Float64Array.from(data), shape });
  save({
    mu: float64(pool!.mean_D.toArray(), [6]),
    sigma: float64(pool!.covariance_DD.toArray(), [6, 6]),
    mu_s: { data: Float32Array.from(space!.mean_D.toArray()), shape: [4] },
    sigma_s: float64(space!.covariance_DD.toArray(), [4, 4]),
    arr_0: { data: new Uint8Array(12), shape: [1, 2, 2, 3] },
  });
  const { pooled, spatial } = await readReferenceStatistics(path);
  scope(() => {
    expect(frechetDistanceOf(pooled, samplePool!)).toBe(frechetDistanceOf(pool!, samplePool!));
    expect(frechetDistanceOf(spatial!, sampleSpace!)).toBeCloseTo(frechetDistanceOf(space!, sampleSpace!), 6);
  });
});

test('what is no reference is told', async () => {
  const mu = { data: new Float64Array(3), shape: [3] };
  save({ arr_0: { data: new Uint8Array(12), shape: [1, 2, 2, 3] } });
  await expect(readReferenceStatistics(path)).rejects.toThrow('expected statistics of a reference (mu, sigma), found arr_0'); // prettier-ignore
  save({ mu, sigma: { data: new Float64Array(6), shape: [3, 2] } });
  await expect(readReferenceStatistics(path)).rejects.toThrow("expected 'mu' [D] and 'sigma' [D, D], found [3] and [3, 2]"); // prettier-ignore
  save({ mu: { data: new Uint8Array(3), shape: [3] }, sigma: { data: new Float64Array(9), shape: [3, 3] } });
  await expect(readReferenceStatistics(path)).rejects.toThrow('expected floating-point numbers (<f4 or <f8), found |u1'); // prettier-ignore
});
