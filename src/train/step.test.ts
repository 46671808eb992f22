// A step in micro-batches, or with blocks computed again, against the step at once.
import { afterAll, expect, test } from 'vitest';
import { AdamW, parameterGroups } from '../nn/index.js';
import { forcings, sarSettings } from '../sar/index.js';
import { Generator, liveTensors, noGrad, randint, tensor } from '../torch/index.js';
import { tinyFlexVar } from '../../test/models.js';
import { optimizerStep } from './step.js';

const scales = [1, 2, 3];
const images = 6;
const { generator, tokenizer } = tinyFlexVar({ vocabularySize: 20, width: 24, heads: 2, classes: 5, pathDrop: 0.5 });
const before = new Map(Array.from(generator.namedParameters(), ([name, one]) => [name, one.toArray()]));

afterAll(() => {
  tokenizer.dispose();
  generator.dispose();
});

/** Gradients of a SAR step with guided sampling, label drop and stochastic depth, its images in parts; as many rows in each. */
function gradients(parts: number, recompute: boolean): number[] {
  const of = images / parts;
  const optimizer = new AdamW(parameterGroups(generator));
  const parameters = generator.parameters();
  const found: number[] = [];
  const spy = { step: () => found.push(...parameters.flatMap((one) => one.grad?.toArray() ?? [])), zeroGrad: () => { optimizer.zeroGrad(); } }; // prettier-ignore
  const settings = sarSettings.parse({ tokens: { topK: 9, topP: 0.9, guidance: 2 }, gamma: 0.5 });
  optimizerStep(
    { optimizer: spy as unknown as AdamW, parameters, learningRate: 1, weightDecay: 0, clip: 1e9, precision: 'float32', device: 'cpu', recompute },
    Array.from({ length: parts }, (_, i) => (measure) => {
      const rows = { first: i * of, of: images };
      const random = new Generator(3, 'cpu', rows);
      const targets = scales.map((side) => randint(0, 20, [images, side * side], { generator: new Generator(side) }).narrow(0, rows.first, of)); // prettier-ignore
      const labels_B = tensor([0, 1, 2, 3, 4, 0].slice(rows.first, rows.first + of), { dtype: 'int64' });
      return forcings.sar({ generator, tokenizer, labels_B, targets, scales, step: 0, random, labelDrop: 0.3, settings, measure }); // prettier-ignore
    }),
  ); // prettier-ignore
  optimizer.dispose();
  return found;
}

test.each([
  [2, false],
  [6, false],
  [1, true],
  [3, true],
])('%d parts, recomputed: %s: the gradients of the whole batch', (parts, recompute) => {
  generator.train();
  const whole = gradients(1, false);
  const live = liveTensors();
  const split = gradients(parts, recompute);
  expect(liveTensors()).toBe(live);
  expect(split).toHaveLength(whole.length);
  expect(Math.max(...split.map((value, i) => Math.abs(value - whole[i]!)))).toBeLessThan(1e-6);
  expect(Math.max(...whole.map(Math.abs))).toBeGreaterThan(0.01);
  noGrad(() => {
    for (const [name, one] of generator.namedParameters()) expect(one.toArray()).toEqual(before.get(name));
  });
});
