// Rates by a clock in the test's hand; peaks by the names that drivers give.
import { expect, test } from 'vitest';
import { devicePeak, peakOf } from './devicePeak.js';
import { Throughput } from './throughput.js';

/** A clock that stands still until it is told to go on, by seconds. */
function clock() {
  let time = 5_000_000;
  return { now: () => time, goOn: (seconds: number) => void (time += 1000 * seconds) };
}

test('rates of two steps, one of which waited for its data, beside pictures that count for nothing', async () => {
  const { now, goOn } = clock();
  const throughput = new Throughput({ ranks: 2, peak: 1e13, now });
  goOn(1);
  expect(await throughput.waiting(() => (goOn(2), 'batch'))).toBe('batch');
  goOn(3);
  throughput.step(8, 1e13);
  await throughput.aside(() => { goOn(100); }); // prettier-ignore
  goOn(2);
  throughput.step(8, 3e13);
  expect(throughput.take()).toEqual({
    images_per_second: (2 * 16) / 8,
    data_wait: 0.25,
    tflops_per_second: 5,
    mfu: 0.5,
    memory_peak: expect.any(Number) as number,
  });
  goOn(4);
  throughput.step(8, 4e13);
  expect(throughput.take()).toMatchObject({ images_per_second: 4, data_wait: 0, tflops_per_second: 10, mfu: 1 });
});

test('no operations counted, no peak known: no figure of them', () => {
  const { now, goOn } = clock();
  const plain = new Throughput({ now, peak: 1e12 });
  plain.step(3);
  goOn(1);
  expect(Object.keys(plain.take())).toEqual(['images_per_second', 'data_wait', 'memory_peak']);
  plain.step(3, 1e9);
  goOn(1);
  expect(plain.take()).toHaveProperty('mfu', 0.001);
  const unknown = new Throughput({ now });
  unknown.step(3, 1e9);
  goOn(1);
  const numbers = unknown.take();
  expect(numbers).toHaveProperty('tflops_per_second', 0.001);
  expect(numbers).not.toHaveProperty('mfu');
});

test('data that cannot be had is waited for all the same', async () => {
  const { now, goOn } = clock();
  const throughput = new Throughput({ now });
  const failing = throughput.waiting(() => {
    goOn(3);
    throw new Error('no disk');
  });
  await expect(failing).rejects.toThrow('no disk');
  goOn(1);
  expect(throughput.take()['data_wait']).toBe(0.75);
});

test('memory is what the process really held', () => {
  const before = new Throughput().take()['memory_peak']!;
  expect(before).toBeGreaterThan(20e6);
  expect(Buffer.alloc(before + (64 << 20), 1).length).toBeGreaterThan(before); // more than ever before
  expect(new Throughput().take()['memory_peak']).toBeGreaterThan(before + (60 << 20));
});

test.each([
  ['NVIDIA H100 80GB HBM3', 'bfloat16', 989.5e12],
  ['NVIDIA H100 PCIe', 'bfloat16', 756e12],
  ['NVIDIA A100-SXM4-80GB', 'float32', 19.5e12],
  ['NVIDIA L4', 'bfloat16', 121e12],
  ['NVIDIA L40S', 'bfloat16', 362e12],
  ['NVIDIA RTX A6000', 'float32', 38.7e12],
  ['Tesla V100-SXM2-16GB', 'float32', 15.7e12],
  ['Tesla V100-SXM2-16GB', 'bfloat16', undefined],
  ['NVIDIA GeForce RTX 3090 Ti', 'float32', undefined],
  ['NVIDIA RTX 6000 Ada Generation', 'bfloat16', undefined],
] as const)('the peak of %s in %s', (name, precision, expected) => {
  expect(peakOf(name, precision)).toBe(expected);
});

test('a device has a peak where the machine has GPUs of one known model', () => {
  const h100 = 'NVIDIA H100 80GB HBM3';
  expect(devicePeak('cuda:1', 'bfloat16', () => [h100, h100])).toBe(989.5e12);
  expect(devicePeak('cuda', 'bfloat16', () => [h100, 'NVIDIA A100-SXM4-80GB'])).toBeUndefined();
  expect(devicePeak('cuda', 'bfloat16', () => [])).toBeUndefined();
  expect(devicePeak('cpu', 'float32', () => [h100])).toBeUndefined();
});
