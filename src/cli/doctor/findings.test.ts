// Each lack is found with its cost and its remedy; a machine without lacks has no findings.
import { expect, test } from 'vitest';
import type { Facts, Measured } from './facts.js';
import { type Finding, findingsOf } from './findings.js';

const gib = 2 ** 30;
const addon: Measured = {
  version: '2.13.0',
  threads: 2,
  gflops: 100,
  blas: 'MKL',
  capability: 'AVX512',
  onednn: true,
  cuda: false,
  cudaDevices: 0,
  gloo: true,
  nccl: false,
  fusedAdamW: true,
  fusedAttention: true,
  bfloat16Speed: 1.9,
};
const facts: Facts = {
  version: '0.1.0',
  node: { version: '20.20.2', needed: '20.19' },
  libtorch: { source: 'wheel', root: '/torch', version: '2.13.0' },
  addon,
  cpu: { cores: 2, features: ['avx2', 'avx512bw', 'avx512_bf16'] },
  nvidiaDriver: false,
  memory: { total: 16 * gib, free: 12 * gib },
  cache: { folder: '/cache', writable: true, free: 50 * gib },
};

test('a machine that lacks nothing', () => {
  expect(findingsOf(facts)).toEqual([]);
});

const cases: [Partial<Facts> | { addon: Partial<Measured> }, Finding['level'], RegExp, RegExp][] = [
  [{ node: { version: '18.19.0', needed: '20.19' } }, 'error', /Node 18.19.0 is older than 20.19/, /nodejs.org/],
  [{ addon: { problem: 'there is no x' } }, 'error', /does not load: there is no x/, /npm run setup/],
  [{ memory: { total: 4 * gib, free: 3 * gib } }, 'warning', /3.0 GiB of memory/, /batchSize/],
  [{ cache: { folder: '/c', writable: false, free: 9 * gib } }, 'warning', /cannot be written/, /SCALEWISE_CACHE/],
  [{ cache: { folder: '/c', writable: true, free: gib } }, 'warning', /1.0 GiB of disk/, /free some space/],
  [{ addon: { ...addon, blas: 'reference BLAS', gflops: 3 } }, 'warning', /\(3 GFLOP\/s\)/, /libopenblas0-pthread/],
  [{ addon: { ...addon, capability: 'DEFAULT' } }, 'warning', /DEFAULT/, /ATEN_CPU_CAPABILITY/],
  [{ cpu: { cores: 2, features: ['avx', 'avx512_bf16'] } }, 'warning', /no AVX2/, /another machine/],
  [
    { cpu: { cores: 2, features: ['avx2'] }, addon: { ...addon, bfloat16Speed: 0.05 } },
    'note',
    /0.05 of float32/,
    /auto/,
  ],
  [{ addon: { ...addon, fusedAdamW: false, fusedAttention: false } }, 'note', /fused attention and AdamW/, /wheel/],
  [{ nvidiaDriver: true }, 'warning', /without CUDA/, /--libtorch system/],
  [{ nvidiaDriver: true, addon: { ...addon, cuda: true } }, 'warning', /finds no device/, /CUDA build/],
];

test.each(cases)('%j', (change, level, lack, remedy) => {
  const [found, ...others] = findingsOf({ ...facts, ...change } as Facts);
  expect(others).toEqual([]);
  expect(found).toMatchObject({
    level,
    lack: expect.stringMatching(lack) as string,
    cost: expect.stringMatching(/\w/) as string,
    remedy: expect.stringMatching(remedy) as string,
  });
});

test('the gravest comes first', () => {
  const levels = findingsOf({
    ...facts,
    node: { version: '18.0.0', needed: '20.19' },
    memory: { total: gib, free: gib },
    addon: { ...addon, fusedAdamW: false },
  }).map((one) => one.level);
  expect(levels).toEqual(['error', 'warning', 'note']);
});
