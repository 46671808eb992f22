// Rollouts of several student passes: what each is fed and pulled to, that its chain ends in sequential sampling, and where no gradient flows.
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { sentenceOf } from '../../test/sentence.js';
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

test('the contrastive loss by scales is the mean of each scale’s', () => {
  scope(() => {
    const one = context({ csflMean: 'scales' });
    const expected = noGrad(() => {
      const chosen = predicted(plainLogits(one, one.targets));
      const losses = plainLogits(one, chosen).map((logits_BNV, i) => crossEntropy(logits_BNV, chosen[i]!).item());
      return losses.slice(1).reduce((a, b) => a + b, 0) / (scales.length - 1);
    });
    expect(forcings.sar(one).parts['loss_csf']!.item()).toBeCloseTo(expected, 5);
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

test('a student of the last scale alone goes no deeper', () => {
  scope(() => {
    expect(sentenceOf(() => forcings.sar(context({ studentContext: 'last-scale', rolloutSteps: 2 })))).toContain('rolloutSteps'); // prettier-ignore
  });
});
