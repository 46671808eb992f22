// Rollouts of several student passes: what each is fed and pulled to, that its chain ends in sequential sampling, and where no gradient flows.
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { tinyFlexVar } from '../../test/models.js';
import { crossEntropy } from '../nn/index.js';
import { Generator, gradients, noGrad, ops, randint, scope, type Tensor, tensor } from '../torch/index.js';
import { type ForcingContext, forcings, sarSettings } from './index.js';
import { sequentialTokens } from './sequential.js';

const codes = 30;
const { generator, tokenizer } = tinyFlexVar({ vocabularySize: codes, width: 24, heads: 2, classes: 5 });
const scales = [1, 2, 3, 4];
const B = 3;

afterAll(() => {
  tokenizer.dispose();
  generator.dispose();
});
beforeEach(() => {
  generator.eval();
});

function context(settings: object = {}): ForcingContext {
  return {
    generator,
    tokenizer,
    labels_B: tensor([0, 4, 2], { dtype: 'int64' }),
    targets: scales.map((side) => randint(0, codes, [B, side * side], { generator: new Generator(100 + side) })),
    scales,
    step: 0,
    random: new Generator(8),
    labelDrop: 0,
    settings: sarSettings.parse({ tokens: { choice: 'argmax', guidance: null }, gamma: 1, ...settings }),
  };
}

/** Logits of each scale for tokens that feed the scales after them. */
const plainLogits = ({ labels_B }: ForcingContext, tokens: readonly Tensor[]): Tensor[] =>
  generator.logits(labels_B, tokenizer.inputs(tokens, scales), scales).splitWithSizes(scales.map((side) => side * side), 1); // prettier-ignore
const predicted = (logits: readonly Tensor[]) => logits.map((one) => one.argmax(-1));

/** The loss of student pass k by its definition: from scale k + 1 on, against pass 1's choice; passes before it feed it. */
function plainLosses(one: ForcingContext, steps: number): number[] {
  const chosen = predicted(plainLogits(one, one.targets));
  let fed = chosen;
  return Array.from({ length: steps }, (_, index) => {
    const k = index + 1;
    const logits = plainLogits(one, fed);
    fed = fed.map((tokens, i) => (i < k ? tokens : logits[i]!.argmax(-1)));
    return crossEntropy(ops.cat(logits.slice(k), 1), ops.cat(chosen.slice(k), 1)).item();
  });
}

describe.each([1, 2, 3])('%d student passes', (rolloutSteps) => {
  test('are fed and pulled as defined, and damped', () => {
    scope(() => {
      const one = context({ rolloutSteps, rolloutDamping: 0.5 });
      const { loss, parts } = forcings.sar(one);
      const expected = noGrad(() => plainLosses(one, rolloutSteps));
      const names = ['loss_csf', 'loss_csf_2', 'loss_csf_3'].slice(0, rolloutSteps);
      expect(Object.keys(parts)).toEqual(['loss_teacher', ...names]);
      names.forEach((name, i) => {
        expect(parts[name]!.item()).toBeCloseTo(expected[i]!, 5);
      });
      const sum = expected.reduce((total, value, i) => total + value * 0.5 ** i, 0);
      expect(loss.item()).toBeCloseTo(parts['loss_teacher']!.item() + sum, 5);
    });
  });
});

test('deeper than there are scales is as deep as there are scales', () => {
  scope(() => {
    const lossOf = (rolloutSteps: number) => forcings.sar(context({ rolloutSteps })).loss.item();
    expect(lossOf(9)).toBe(lossOf(3));
  });
});

test('after as many passes as there are scales, the tokens are those of sequential sampling', () => {
  scope(() => {
    const one = context();
    noGrad(() => {
      let fed = predicted(plainLogits(one, one.targets));
      for (let k = 1; k < scales.length; k++) {
        const logits = plainLogits(one, fed);
        fed = fed.map((tokens, i) => (i < k ? tokens : logits[i]!.argmax(-1)));
      }
      const sequential = sequentialTokens(one, one.labels_B, () => true);
      expect(fed.map((tokens) => tokens.toArray())).toEqual(sequential.map((tokens) => tokens.toArray()));
    });
  });
});

test.each([
  ['sar', 'loss_csf'],
  ['two-pass-ground-truth', 'loss_student'],
] as const)('the student’s loss by scales is the mean of each scale’s: %s', (name, part) => {
  scope(() => {
    const one = context({ csflMean: 'scales' });
    const expected = noGrad(() => {
      const chosen = predicted(plainLogits(one, one.targets));
      const wanted = name === 'sar' ? chosen : one.targets;
      const losses = plainLogits(one, chosen).map((logits_BNV, i) => crossEntropy(logits_BNV, wanted[i]!).item());
      return losses.slice(1).reduce((a, b) => a + b, 0) / (scales.length - 1);
    });
    expect(forcings[name](one).parts[part]!.item()).toBeCloseTo(expected, 5);
  });
});

test('gradients of a deeper pass add to those of the passes before it and change none of them', () => {
  scope(() => {
    const gradientOf = (settings: object, part: string) => {
      const { parts } = forcings.sar(context(settings));
      return gradients([parts[part]!], [generator.head.weight_OI])[0]!.toArray();
    };
    expect(gradientOf({ rolloutSteps: 3 }, 'loss_csf')).toEqual(gradientOf({ rolloutSteps: 1 }, 'loss_csf'));
    expect(gradientOf({ rolloutSteps: 3 }, 'loss_csf_2')).toEqual(gradientOf({ rolloutSteps: 2 }, 'loss_csf_2'));
  });
});

/** Every scale's logits (1 + t) · class − t · null of a pass whose inputs the tokens are, t growing from half of `cfg` to all of it. */
function guided(
  one: ForcingContext,
  tokens: readonly Tensor[],
  cfg: number,
  visibility: 'causal' | 'own-scale',
): Tensor[] {
  const null_B = tensor(Array<number>(B).fill(generator.nullClass), { dtype: 'int64' });
  const [own, empty] = [one.labels_B, null_B].map((labels_B) => {
    const all = generator.logits(labels_B, tokenizer.inputs(tokens, scales), scales, { visibility });
    return all.splitWithSizes(scales.map((side) => side * side), 1); // prettier-ignore
  });
  return own!.map((logits_BNV, i) => {
    const t = (cfg / 2) * (1 + i / (scales.length - 1));
    return logits_BNV.mul(1 + t).sub(empty![i]!.mul(t));
  });
}

test.each(['causal', 'own-scale'] as const)(
  'a guided second step asks the null class in the same context: %s',
  (studentContext) => {
    scope(() => {
      const one = context({ rolloutSteps: 2, studentContext, tokens: { choice: 'argmax', guidance: 4 } });
      const expected = noGrad(() => {
        const chosen = predicted(guided(one, one.targets, 4, 'causal'));
        const second = predicted(guided(one, chosen, 4, studentContext));
        const student = guided(one, [chosen[0]!, ...second.slice(1)], 0, studentContext).slice(2);
        return crossEntropy(ops.cat(student, 1), ops.cat(chosen.slice(2), 1)).item();
      });
      expect(forcings.sar(one).parts['loss_csf_2']!.item()).toBeCloseTo(expected, 5);
    });
  },
);

test('the guided distribution is the one that the tokens were chosen from', () => {
  scope(() => {
    const one = context({
      csflTarget: 'guided-distribution',
      csflMean: 'scales',
      tokens: { choice: 'argmax', guidance: 4 },
    });
    const expected = noGrad(() => {
      const wanted = guided(one, one.targets, 4, 'causal');
      const student = plainLogits(one, predicted(wanted));
      const divergences = scales.map((_, i) => {
        const [p, q] = [wanted[i]!, student[i]!].map((logits_BNV) => logits_BNV.softmax(-1).toArray());
        return p!.reduce((sum, x, j) => sum + x * Math.log(x / q![j]!), 0) / (B * scales[i]! ** 2);
      });
      return (divergences[1]! + divergences[2]! + divergences[3]!) / 3;
    });
    expect(forcings.sar(one).parts['loss_csf']!.item()).toBeCloseTo(expected, 4);
    const unguided = { tokens: { choice: 'argmax', guidance: null } };
    const [own, same] = ['distribution', 'guided-distribution'].map((csflTarget) => forcings.sar(context({ csflTarget, ...unguided })).loss.item()); // prettier-ignore
    expect(same).toBe(own);
  });
});

test('a student of the last scale alone goes no deeper', () => {
  expect(() => context({ studentContext: 'last-scale', rolloutSteps: 2 })).toThrow(
    /feeds no further pass; use 1, or studentContext=causal/,
  );
});
