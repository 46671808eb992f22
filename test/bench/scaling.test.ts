// The formulae of docs/scaling.md by hand, the reading of traces, and the search for the largest batch.
import { expect, test } from 'vitest';

// plain JavaScript without types: what is called is said here
interface Link { bandwidth: number; latency: number } // prettier-ignore
interface Cluster { gpus: number; perNode: number; inside: Link; between: Link; hierarchical: boolean } // prettier-ignore
interface Step { seconds: number; efficiency: number; alone: number; exposed: number; straggling: number; waiting: number; checkpoint: number } // prettier-ignore
interface Model {
  ringSeconds: (size: number, bytes: number, link: Link) => number;
  reduceSeconds: (cluster: Cluster, bytes: number) => number;
  exposedSeconds: (bytes: number, window: number, reduce: (bytes: number) => number) => number;
  slowestOf: (size: number) => number;
  stepOf: (options: object) => Step;
}
interface Trace {
  kindOf: (name: string) => string;
  readTrace: (text: string, steps: number) => { on: string; events: number; ms: number; idle: number; kinds: object[] };
}
type Search = (known: number, most: number, fits: (batch: number) => Promise<boolean | undefined>) => Promise<number>;

const load = async <T>(file: string) => (await import(new URL(`../../bench/${file}`, import.meta.url).href)) as T;
const model = await load<Model>('scalingModel.mjs');
const { kindOf, readTrace } = await load<Trace>('trace.mjs');
const { largestBatch } = await load<{ largestBatch: Search }>('gpuSearch.mjs');

const megabyte = 2 ** 20;
const inside = { bandwidth: 100e9, latency: 0 };

test('a ring sends 2 (N - 1) / N of the bytes in 2 (N - 1) hops', () => {
  expect(model.ringSeconds(1, 8e9, { bandwidth: 1e9, latency: 1 })).toBe(0);
  expect(model.ringSeconds(2, 8e9, { bandwidth: 1e9, latency: 0.5 })).toBe(8 + 1);
  expect(model.ringSeconds(4, 8e9, { bandwidth: 1e9, latency: 0.5 })).toBe(12 + 3);
});

test('over nodes: a flat ring is as fast as its slowest link, a hierarchy waits for fewer hops', () => {
  const between = { bandwidth: 50e9, latency: 1e-3 };
  const flat = { gpus: 16, perNode: 8, inside, between, hierarchical: false };
  expect(model.reduceSeconds(flat, 16e9)).toBeCloseTo((30 / 16) * (16 / 50) + 30 * ((2 * 1e-3) / 16), 12);
  const layered = { ...flat, hierarchical: true };
  expect(model.reduceSeconds(layered, 16e9)).toBeCloseTo((14 / 8) * (16 / 100) + 16 / 50 + 2e-3, 12);
  expect(model.reduceSeconds({ ...layered, gpus: 8 }, 8e9)).toBe(model.ringSeconds(8, 8e9, inside));
});

test('what is faster than backward makes it wait for the last bucket alone, what is slower for all but the first', () => {
  const bytes = 100 * megabyte; // four buckets
  expect(model.exposedSeconds(bytes, 4, () => 0.5)).toBeCloseTo(0.5, 12);
  expect(model.exposedSeconds(bytes, 4, () => 3)).toBeCloseTo(1 + 4 * 3 - 4, 12);
  expect(model.exposedSeconds(10 * megabyte, 4, (one) => one / megabyte)).toBeCloseTo(10, 12); // one bucket, when backward has ended
});

test('the slowest of many lags as the order statistics of normal times do', () => {
  expect(model.slowestOf(1)).toBe(0);
  expect(model.slowestOf(2)).toBeCloseTo(0.564, 1); // 1 / sqrt(pi)
  expect(model.slowestOf(8)).toBeCloseTo(1.424, 1);
  expect(model.slowestOf(256)).toBeCloseTo(2.83, 1);
});

test('a step adds up, and what costs nothing leaves the efficiency at one', () => {
  const cluster = { gpus: 8, perNode: 8, inside: { bandwidth: Infinity, latency: 0 }, between: inside, hierarchical: false }; // prettier-ignore
  const options = {
    work: 'sar-causal', batch: 10, reference: 10, jitter: 0, checkpointEvery: 100, cluster,
    model: { parameters: 1e6, forwardFlops: 1e9, gradientBytes: 4e6 },
    gpu: { flops: 1e12, memoryBandwidth: Infinity, launch: 0 },
    node: { imagesPerSecond: Infinity, checkpointBytesPerSecond: Infinity },
  }; // prettier-ignore
  expect(model.stepOf(options)).toMatchObject({ seconds: 0.06, efficiency: 1 });
  const slow = model.stepOf({
    ...options,
    gpu: { flops: 1e12, memoryBandwidth: 32e8, launch: 0.02 }, // launching takes 6 × 0.02, the update 0.01
    node: { imagesPerSecond: 400, checkpointBytesPerSecond: 1.2e6 },
  });
  expect(slow).toMatchObject({ exposed: 0, straggling: 0 });
  expect(slow.alone).toBeCloseTo(0.13, 12);
  expect(slow.waiting).toBeCloseTo(80 / 400 - 0.13, 12);
  expect(slow.checkpoint).toBeCloseTo(0.1, 12);
  expect(slow.seconds).toBeCloseTo(0.3, 12);
  expect(slow.efficiency).toBeCloseTo(0.13 / 0.3, 12);
});

test('a trace: kernels where there are some, each for the time that no event within it takes, and when none ran', () => {
  const event = (cat: string, name: string, ts: number, dur: number, tid = 1) => ({ ph: 'X', cat, name, ts, dur, tid });
  const operators = [
    event('cpu_op', 'aten::linear', 0, 1000),
    event('cpu_op', 'aten::addmm', 200, 600),
    event('cpu_op', 'aten::sort', 2000, 1000),
  ];
  const read = (traceEvents: object[]) => readTrace(JSON.stringify({ traceEvents }), 2);
  const products = { name: 'matrix products', ms: 0.5 };
  expect(read(operators)).toMatchObject({ on: 'cpu', events: 1.5, ms: 1.5, idle: 0.5, kinds: [products, { name: 'choice of tokens', ms: 0.5 }] }); // prettier-ignore
  const kernels = [event('kernel', 'sm90_xmma_gemm_bf16', 100, 1000, 7), event('gpu_memcpy', 'Memcpy DtoD', 600, 1000, 8)]; // prettier-ignore
  expect(read([...operators, ...kernels])).toMatchObject({ on: 'gpu', events: 1, ms: 0.75, idle: 0, kinds: [products, { name: 'copies and casts', ms: 0.5 }] }); // prettier-ignore
});

test.each([
  ['nvjet_tst_128x256_64x4_2x1_v_bz_coopA_NTN', 'matrix products'],
  ['fmha_cutlassF_bf16_aligned_64x64_rf_sm80', 'attention'],
  ['void pytorch_flash::flash_bwd_kernel', 'attention'],
  ['void at::native::(anonymous namespace)::multi_tensor_apply_kernel<FusedAdamMathFunctor>', 'optimiser and clipping'],
  ['void at::native::(anonymous namespace)::cunn_SoftMaxForward', 'softmax and loss'],
  ['void at::native::vectorized_elementwise_kernel<4, GeluCUDAKernelImpl>', 'element by element'],
  ['triton_poi_fused_add_gelu_mul_3', 'fused by the compiler'],
  ['ncclDevKernel', 'other'],
])('%s is %s', (name, kind) => {
  expect(kindOf(name)).toBe(kind);
});

test('the largest batch is found to a twelfth, with few trials', async () => {
  const tried: number[] = [];
  const below = (limit: number) => (batch: number) => (tried.push(batch), Promise.resolve(batch <= limit));
  expect(await largestBatch(24, 4096, below(211))).toBe(204);
  expect(tried).toEqual([48, 96, 192, 384, 288, 240, 216, 204]);
  expect(await largestBatch(24, 96, below(1000))).toBe(96);
  expect(await largestBatch(24, 4096, below(24))).toBe(24);
  expect(await largestBatch(24, 4096, (batch) => Promise.resolve(batch < 100 ? true : undefined))).toBe(96);
});
