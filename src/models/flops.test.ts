// The count of operations: by hand for small sizes, against libtorch's own shapes for every product of a real pass, and the published d16.
import { expect, test, vi } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../test/models.js';
import { noGrad, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { flexVarConfig, type ScaleTransformer } from './index.js';
import { Linear } from '../nn/index.js';
import { forwardFlops, lastScaleFlops, visiblePairs } from './flops.js';

test('pairs that see each other, counted by hand', () => {
  expect(visiblePairs([1, 2, 3], 'causal')).toBe(1 * 1 + 4 * 5 + 9 * 14);
  expect(visiblePairs([1, 2, 3], 'own-scale')).toBe(1 * 1 + 4 * 5 + 9 * 10);
  expect(visiblePairs([2, [2, 3]], 'own-scale')).toBe(4 * 4 + 6 * 10);
});

test('one block of width 2, by hand', () => {
  const config = { depth: 1, width: 2, heads: 1, classes: 3, vocabularySize: 5, codeWidth: 7, pathDrop: 0 };
  // scales 1 and 2: 5 tokens, 4 of them embedded, 1 + 4 · 5 = 21 pairs
  const embedding = 2 * 4 * 7 * 2;
  const [qkv, scores, mixed, projection] = [2 * 5 * 2 * 6, 2 * 21 * 2, 2 * 21 * 2, 2 * 5 * 2 * 2];
  const feedForward = 2 * 5 * 2 * 8 + 2 * 5 * 8 * 2;
  const adaptive = 2 * 2 * 12 + 2 * 2 * 4;
  const head = 2 * 5 * 2 * 5;
  const all = embedding + qkv + scores + mixed + projection + feedForward + adaptive + head;
  expect(forwardFlops(config, 1, [1, 2])).toBe(all);
  expect(forwardFlops(config, 6, [1, 2])).toBe(6 * all);
});

test('FlexVAR-d16 at 680 tokens: twice the weights a token, attention, and the class once a sample', () => {
  const config = flexVarConfig.parse({ depth: 16 });
  const scales = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16];
  const [C, V, pairs] = [1024, 8912, visiblePairs(scales, 'causal')];
  const tokens = 680 * 2 * (16 * 12 * C * C + C * V) + 679 * 2 * 32 * C;
  const attention = 16 * 4 * pairs * C;
  const classes = 2 * C * (16 * 6 * C + 2 * C);
  expect(forwardFlops(config, 1, scales)).toBe(tokens + attention + classes);
  expect(forwardFlops(config, 1, scales) / 1e9).toBeCloseTo(305.24, 2);
});

/** Operations of the linear layers that a pass really calls, from the shapes that they are given. */
function linearFlops(pass: () => Tensor): number {
  let flops = 0;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on its own layer below
  const forward = Linear.prototype.forward;
  const spy = vi.spyOn(Linear.prototype, 'forward').mockImplementation(function (this: Linear, x, bias) {
    const [outputs, inputs] = this.weight_OI.shape as [number, number];
    flops += (2 * x.numel * outputs * inputs) / x.size(-1);
    return forward.call(this, x, bias);
  });
  scope(() => noGrad(() => pass().sum().item()));
  spy.mockRestore();
  return flops;
}

const attentionFlops = ({ config }: ScaleTransformer, pairs: number) => 4 * config.depth * pairs * config.width;
const list = [1, 2, 3, 4];

test.each([
  ['FlexVAR', tinyFlexVar({ vocabularySize: 30, width: 24, heads: 2 })],
  ['VAR', tinyVar({ vocabularySize: 30, width: 24, heads: 2, scales: list })],
])('what a pass of %s calls', (_, { generator, tokenizer }) => {
  scope(() => {
    const labels_B = tensor([0, 4], { dtype: 'int64' });
    const targets = list.map((side) => zeros([2, side * side], { dtype: 'int64' }));
    const inputs_BLE = noGrad(() => tokenizer.inputs(targets, list));
    const whole = linearFlops(() => generator.logits(labels_B, inputs_BLE, list));
    expect(forwardFlops(generator.config, 2, list)).toBe(whole + 2 * attentionFlops(generator, visiblePairs(list, 'causal'))); // prettier-ignore
    const last_BNE = inputs_BLE.narrow(1, inputs_BLE.size(1) - 16, 16);
    const last = linearFlops(() => generator.lastScaleLogits(labels_B, last_BNE, list));
    expect(lastScaleFlops(generator.config, 2, list)).toBe(last + 2 * attentionFlops(generator, 1 + 16 * 17));
  });
  generator.dispose();
  tokenizer.dispose();
});

test('one map for all blocks is counted once', () => {
  const config = { depth: 5, width: 2, heads: 1, classes: 3, vocabularySize: 5, codeWidth: 7, pathDrop: 0 };
  const saved = forwardFlops(config, 1, [1, 2]) - forwardFlops({ ...config, sharedAdaLn: true }, 1, [1, 2]);
  expect(saved).toBe(4 * 2 * 2 * 12);
});
