// PSNR and SSIM against slow, plain calculations from their definitions, and against values that scikit-image 0.26 gave.
import { describe, expect, test } from 'vitest';
import { ops, scope, tensor, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { psnr } from './psnr.js';
import { ssim } from './ssim.js';

type Pixel = (channel: number, y: number, x: number) => number;

const [height, width] = [17, 23];
const wave: Pixel = (c, y, x) => Math.floor(127.5 + 120 * Math.sin(0.3 * x + 0.5 * y + c));
const dirty: Pixel = (c, y, x) => Math.min(255, Math.max(0, wave(c, y, x) + ((x * 7 + y * 13 + c * 5) % 31) - 15));
const other: Pixel = (c, y, x) => (x * x + 3 * y * y + 50 * c) % 256;

/** A picture as uint8 [1, 3, H, W]. */
function picture(pixel: Pixel, [h, w] = [height, width] as const): Tensor {
  const bytes = Uint8Array.from({ length: 3 * h * w }, (_, i) => pixel(Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w)); // prettier-ignore
  return tensor(bytes, { shape: [1, 3, h, w] });
}

function plainPsnr(a: Pixel, b: Pixel): number {
  let sum = 0;
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sum += (a(c, y, x) - b(c, y, x)) ** 2;
  return 20 * Math.log10(255) - 10 * Math.log10(sum / (3 * height * width));
}

/** The window at one place: (2 μaμb + C1)(2 σab + C2) / ((μa² + μb² + C1)(σa² + σb² + C2)), moments about the means. */
function plainSsimAt(a: Pixel, b: Pixel, c: number, top: number, left: number): number {
  const places = Array.from({ length: 121 }, (_, i) => ({ y: Math.floor(i / 11), x: i % 11 }));
  const raw = places.map(({ y, x }) => Math.exp(-((y - 5) ** 2 + (x - 5) ** 2) / 4.5));
  const total = raw.reduce((sum, weight) => sum + weight);
  const mean = (value: (y: number, x: number) => number) =>
    places.reduce((sum, { y, x }, i) => sum + (raw[i]! / total) * value(top + y, left + x), 0);
  const [meanA, meanB] = [mean((y, x) => a(c, y, x)), mean((y, x) => b(c, y, x))];
  const varianceA = mean((y, x) => (a(c, y, x) - meanA) ** 2);
  const varianceB = mean((y, x) => (b(c, y, x) - meanB) ** 2);
  const covariance = mean((y, x) => (a(c, y, x) - meanA) * (b(c, y, x) - meanB));
  const [c1, c2] = [2.55 ** 2, 7.65 ** 2];
  return ((2 * meanA * meanB + c1) * (2 * covariance + c2)) / ((meanA ** 2 + meanB ** 2 + c1) * (varianceA + varianceB + c2)); // prettier-ignore
}

function plainSsim(a: Pixel, b: Pixel): number {
  const values: number[] = [];
  for (let c = 0; c < 3; c++)
    for (let y = 0; y + 11 <= height; y++) for (let x = 0; x + 11 <= width; x++) values.push(plainSsimAt(a, b, c, y, x)); // prettier-ignore
  return values.reduce((sum, value) => sum + value) / values.length;
}

const pairs: [string, Pixel, Pixel, psnr: number, ssim: number][] = [
  ['a noisy copy', wave, dirty, 29.2517348548091, 0.9888143893188261],
  ['two pictures', wave, other, 6.5969963768441895, -0.10637637837148291],
];

describe.each(pairs)('%s', (_, a, b, expectedPsnr, expectedSsim) => {
  test('PSNR', () => {
    scope(() => {
      const [found] = psnr(picture(a), picture(b));
      expect(found).toBeCloseTo(plainPsnr(a, b), 10);
      expect(found).toBeCloseTo(expectedPsnr, 10);
    });
  });
  test('SSIM', () => {
    scope(() => {
      const [found] = ssim(picture(a), picture(b));
      expect(found).toBeCloseTo(plainSsim(a, b), 10);
      expect(found).toBeCloseTo(expectedSsim, 10);
    });
  });
});

test('each image of a batch is measured by itself; order of the two does not matter', () => {
  scope(() => {
    const [a, b, c] = [picture(wave), picture(dirty), picture(other)];
    for (const measure of [psnr, ssim]) {
      const [noisy, different] = [measure(a, b)[0]!, measure(a, c)[0]!];
      const batch = measure(ops.cat([b, c, a], 0), ops.cat([a, a, a], 0));
      expect(batch[0]).toBeCloseTo(noisy, 12);
      expect(batch[1]).toBeCloseTo(different, 12);
      if (measure === psnr) expect(batch[2]).toBe(Infinity);
      else expect(batch[2]).toBeCloseTo(1, 14);
    }
  });
});

test('what cannot be compared is told', () => {
  scope(() => {
    const small = picture(wave, [10, 30]);
    expect(psnr(small, small)).toEqual([Infinity]);
    expect(() => ssim(small, small)).toThrow(new UsageError('ssim: expected images of at least 11 × 11 pixels, got 10 × 30')); // prettier-ignore
    expect(() => psnr(small, picture(wave))).toThrow('got uint8 [1, 3, 10, 30] and uint8 [1, 3, 17, 23]');
    expect(() => psnr(small.to('float32'), small.to('float32'))).toThrow(TypeError);
  });
});
