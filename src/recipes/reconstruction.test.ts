// Reconstructions of both families: figures against direct calculations, whatever the batch, and what is left behind.
import { afterAll, describe, expect, test } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../test/models.js';
import { batch, type ImageSet, toBytes, toImages } from '../data/index.js';
import { type Cell, frechetDistance, psnr, ssim } from '../evaluate/index.js';
import { areaResize } from '../nn/index.js';
import { picturesOf, type Scales, type Tokenizer } from '../tokenizers/index.js';
import { liveTensors, noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { reconstructionReport } from './index.js';
import type { EvaluationNetwork } from './evaluate/network.js';

const scales = [1, 3, 6, 8];
const [side, count] = [16, 7];
const pairs = [
  tinyFlexVar({ vocabularySize: 30, width: 24, heads: 2 }),
  tinyVar({ scales, vocabularySize: 30, width: 24, heads: 2 }),
];
afterAll(() => {
  for (const { generator, tokenizer } of pairs) for (const one of [generator, tokenizer]) one.dispose();
});

/** Waves of several colours. */
const set: ImageSet = {
  name: 'waves',
  split: 'test',
  height: side,
  width: side,
  channels: 3,
  classes: ['wave'],
  labels: new Uint16Array(count),
  pixels: Uint8Array.from({ length: count * 3 * side * side }, (_, i) => 127 + 120 * Math.sin(i / 9 + (i % side) / 3)),
};
/** The mean of each channel and its square, as features. */
const meansOf = (image_B3HW: Tensor) => ops.cat([image_B3HW.mean([2, 3]), image_B3HW.square().mean([2, 3])], 1);
const means: Pick<EvaluationNetwork, 'distance' | 'features'> = {
  distance: { key: 'test', name: 'TEST' },
  features: (bytes_B3HW) => ({ pool: meansOf(toImages(bytes_B3HW)) }),
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** All figures by one pass over all images. */
function directly(tokenizer: Tokenizer, list: Scales) {
  return noGrad(() =>
    scope(() => {
      const all = Array.from({ length: count }, (_, i) => i);
      const { image_B3HW } = batch(set, all);
      const indices = tokenizer.quantise(tokenizer.encode(image_B3HW), list);
      const pictures = picturesOf(tokenizer, indices, list).map((one) => one.clamp(-1, 1));
      const figures = pictures.map((picture, i) => {
        const sides = [picture.size(2), picture.size(3)] as const;
        const [found, wanted] = [toBytes(picture), toBytes(areaResize(image_B3HW, sides))];
        const usage = new Set(indices[i]!.toArray()).size / 30;
        const similar = Math.min(...sides) < 11 ? {} : { ssim: mean(ssim(found, wanted)) };
        return { scale: list[i]!, usage, psnr: mean(psnr(found, wanted)), ...similar };
      });
      const bytes = toBytes(pictures.at(-1)!);
      const quantised = bytes.to('float32').div(127.5).sub(1);
      const distance = frechetDistance(meansOf(image_B3HW), meansOf(quantised));
      return { figures, distance, bytes: bytes.permute([0, 2, 3, 1]).contiguous().toArray() };
    }),
  );
}

describe.each(pairs.map(({ tokenizer }) => [tokenizer.family, tokenizer] as const))('%s', (_, tokenizer) => {
  test('figures of every scale, the distance and the pictures', async () => {
    const expected = directly(tokenizer, scales);
    expect(expected.figures.at(-1)!.ssim).toBeTypeOf('number');
    for (const batchSize of [3, 50]) {
      const cells: Cell[] = [];
      const take = (cell: Cell, index: number) => Promise.resolve(void (cells[index] = cell));
      const options = { scales, count, batchSize, everyScale: true, features: means, take };
      const report = await reconstructionReport(tokenizer, set, options);
      expect(report.images).toBe(count);
      report.scales.forEach((found, i) => {
        const { psnr, ssim, ...exact } = expected.figures[i]!;
        expect(found).toMatchObject(exact);
        expect(found.psnr).toBeCloseTo(psnr, 2); // batches of another size may round a pixel otherwise
        if (ssim === undefined) expect(found).not.toHaveProperty('ssim');
        else expect(found.ssim).toBeCloseTo(ssim, 3);
      });
      expect(report.distance).toEqual({ name: 'rTEST', value: expect.closeTo(expected.distance, 4) as number });
      const rgb = cells.flatMap((cell) => [...cell.rgb]);
      expect(rgb.length).toBe(expected.bytes.length);
      expect(Math.max(...rgb.map((x, i) => Math.abs(x - expected.bytes[i]!)))).toBeLessThanOrEqual(1);
    }
  });
  test('the last scale alone by default; nothing is left behind', async () => {
    const before = liveTensors();
    const every = await reconstructionReport(tokenizer, set, { scales, count, everyScale: true });
    const { scales: last } = await reconstructionReport(tokenizer, set, { scales, count, features: means });
    expect(last.at(-1)).toEqual(every.scales.at(-1));
    expect(last.slice(0, -1)).toEqual(every.scales.slice(0, -1).map(({ scale, usage }) => ({ scale, usage })));
    expect(liveTensors()).toBe(before);
  });
  test('what does not fit is refused', async () => {
    for (const list of [[1, 4], [], [1, [8, 4]]] as Scales[])
      await expect(reconstructionReport(tokenizer, set, { scales: list, count })).rejects.toThrow(/need scales that end at 8x8, got /); // prettier-ignore
    await expect(reconstructionReport(tokenizer, set, { scales, count, batchSize: 0 })).rejects.toThrow(UsageError);
  });
});
