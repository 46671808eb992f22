// SAR on VAR from first principles. Inputs are running sums in plain loops; logits those of a second, plain generator in float64; losses its
// log-probabilities; gradients its own, whose lengths are checked against slopes by finite differences.
// Legend: B batch, L tokens, N tokens of a scale, E code width, V codes.
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { tinyVar } from '../../test/models.js';
import { type Parameters, PlainGenerator, wideParameters } from '../../test/plainGenerator.js';
import { PlainVar, tokensByImage } from '../../test/plainVar.js';
import { gradients, Generator, noGrad, ops, randint, scope, tensor, type Tensor } from '../torch/index.js';
import { type ForcingContext, type ForcingName, forcings, sarSettings, type StudentContext, studentContexts } from './index.js'; // prettier-ignore

const scales = [1, 2, 3, 4];
const counts = [1, 4, 9, 16];
const [B, codes, width, heads, depth] = [2, 30, 24, 2, 2];
const { generator, tokenizer } = tinyVar({ scales, vocabularySize: codes, width, heads, depth });
afterAll(() => {
  generator.dispose();
  tokenizer.dispose();
});
afterEach(() => {
  for (const one of generator.parameters()) one.grad = null;
});

/** A step's context: random targets, tokens by argmax without guidance, nothing dropped. */
function context(settings: object = {}, more: Partial<ForcingContext> = {}): ForcingContext {
  return {
    generator,
    tokenizer,
    labels_B: tensor([0, 4], { dtype: 'int64' }),
    targets: counts.map((count) => randint(0, codes, [B, count], { generator: new Generator(100 + count) })),
    scales,
    step: 0,
    random: new Generator(8),
    labelDrop: 0,
    settings: sarSettings.parse({ tokens: { choice: 'argmax', guidance: null }, ...settings }),
    ...more,
  };
}

const plain = new PlainGenerator(counts, heads);
const parameters = () => wideParameters(generator);

/** Inputs of scales 2 … S [B, L − 1, E], float64: running sums of the tokens of all earlier scales. */
function plainInputs(tokens: readonly Tensor[]): Tensor {
  const sums = new PlainVar(
    tokenizer,
    scales.map((side) => [side, side]),
  );
  return tensor(tokensByImage(tokens).map((one) => sums.inputs(one)), { dtype: 'float64' }); // prettier-ignore
}

/** Logits [B, N, V] of every scale, given tokens that feed the scales after them. */
function plainPass(
  p: Parameters,
  { labels_B }: ForcingContext,
  tokens: readonly Tensor[],
  visibility: 'causal' | 'own-scale' = 'causal',
): Tensor[] {
  return plain.logits(p, labels_B, plainInputs(tokens), visibility).splitWithSizes(counts, 1);
}

/** Logits of the last scale alone, after the bare class embedding. */
function plainLastScale(p: Parameters, { labels_B }: ForcingContext, tokens: readonly Tensor[]): Tensor {
  return plain.lastScaleLogits(p, labels_B, plainInputs(tokens).narrow(1, 13, 16));
}

/** The mean of −log p of the tokens. */
function entropy(logits: readonly Tensor[], tokens: readonly Tensor[]): Tensor {
  const chosen = ops.cat(tokens, 1).unsqueeze(-1);
  return ops.cat(logits, 1).logSoftmax(-1).gather(-1, chosen).mean().neg();
}
const best = (logits: readonly Tensor[]): Tensor[] => logits.map((one) => one.detach().argmax(-1));

/** A strategy's loss as a function of the parameters, for tokens that are chosen once with the model's own. */
type PlainLoss = (p: Parameters) => Tensor;

/** Teacher forcing where `students` is empty; else scale after scale, predictions feeding these scales (counted from 1: the second). */
function plainSequential(one: ForcingContext, students: readonly number[]): PlainLoss {
  const tokens = [...one.targets];
  for (const student of students) tokens[student - 1] = best(plainPass(parameters(), one, tokens))[student - 1]!;
  return (p) => entropy(plainPass(p, one, tokens), one.targets);
}

/** Two passes: the ground truth, then the student fed with what pass 1 chose. */
function plainTwoPasses(one: ForcingContext, seen: StudentContext, to: 'chosen' | 'truth'): PlainLoss {
  const chosen = best(plainPass(parameters(), one, one.targets));
  const wanted = to === 'chosen' ? chosen : one.targets;
  const student = (p: Parameters) =>
    seen === 'last-scale'
      ? entropy([plainLastScale(p, one, chosen)], wanted.slice(-1))
      : entropy(plainPass(p, one, chosen, seen).slice(1), wanted.slice(1));
  return (p) => entropy(plainPass(p, one, one.targets), one.targets).add(student(p).mul(one.settings.gamma));
}

/** A rollout of several steps: student pass k is fed with what the passes before it chose, and has the scales from k + 1 on. */
function plainRollout(one: ForcingContext, seen: 'causal' | 'own-scale', steps: number): PlainLoss {
  const { gamma, rolloutDamping } = one.settings;
  const chosen = best(plainPass(parameters(), one, one.targets));
  const feeds = [chosen];
  for (let k = 1; k < steps; k++) {
    const before = feeds.at(-1)!;
    feeds.push([...before.slice(0, k), ...best(plainPass(parameters(), one, before, seen)).slice(k)]);
  }
  return (p) =>
    feeds.reduce(
      (sum, fed, i) =>
        sum.add(
          entropy(plainPass(p, one, fed, seen).slice(i + 1), chosen.slice(i + 1)).mul(gamma * rolloutDamping ** i),
        ),
      entropy(plainPass(p, one, one.targets), one.targets),
    );
}

/** Loss and every parameter's gradient are those of the plain step; slopes of the plain loss along them are their lengths. */
function expectStep(name: ForcingName, one: ForcingContext, plainLoss: PlainLoss): void {
  const wide = parameters();
  const expected = plainLoss(wide);
  const { loss } = forcings[name](one);
  expect(loss.item()).toBeCloseTo(expected.item(), 4);
  const found = gradients([loss], generator.parameters(), { allowUnused: true });
  const wanted = gradients([expected], [...wide.values()], { allowUnused: true });
  let total = 0;
  [...wide.keys()].forEach((parameter, i) => {
    const [own, theirs] = [found[i] ?? undefined, wanted[i] ?? undefined];
    const norm = theirs?.linalgVectorNorm().item() ?? 0;
    const apart = own && theirs ? own.to('float64').sub(theirs).linalgVectorNorm().item() : norm;
    expect(apart, `${parameter}: its gradient of norm ${norm}`).toBeLessThan(1e-3 * norm + 1e-6);
    total += norm ** 2;
  });
  expect(total).toBeGreaterThan(0.01);
  const along = (step: number) =>
    noGrad(
      () =>
      plainLoss(new Map([...wide].map(([key, value], i) => [key, value.add(wanted[i] ?? 0, { alpha: step / Math.sqrt(total) })]))), // prettier-ignore
    ).item();
  const step = 1e-5;
  expect((along(step) - along(-step)) / (2 * step) / Math.sqrt(total)).toBeCloseTo(1, 4);
}

describe('forcing strategies: losses and gradients', () => {
  test.each<[name: ForcingName, students: number[], more: Partial<ForcingContext>, settings: object]>([
    ['teacher', [], {}, {}],
    ['student', [1, 2, 3], {}, {}],
    ['alternate-steps', [], { step: 4 }, {}],
    ['alternate-steps', [1, 2, 3], { step: 7 }, {}],
    ['alternate-scales', [1, 3], {}, {}],
    ['hybrid', [2, 3], {}, {}],
    ['hybrid', [3], {}, { hybridSide: 3 }],
  ])('%s, scales fed by predictions: %j', (name, students, more, settings) => {
    scope(() => {
      const one = context(settings, more);
      expectStep(name, one, plainSequential(one, students));
    });
  });
  test.each([
    ['causal', 2],
    ['causal', 3],
    ['own-scale', 3],
  ] as const)('sar in the context %s with %d student passes, damped', (studentContext, rolloutSteps) => {
    scope(() => {
      const one = context({ studentContext, rolloutSteps, rolloutDamping: 0.6, gamma: 0.7 });
      expectStep('sar', one, plainRollout(one, studentContext, rolloutSteps));
    });
  });
  describe.each(studentContexts)('student context %s', (studentContext) => {
    test.each([
      ['sar', 'chosen'],
      ['two-pass-ground-truth', 'truth'],
    ] as const)('%s pulls the student to the tokens %s', (name, to) => {
      scope(() => {
        const one = context({ studentContext, gamma: 0.7 });
        expectStep(name, one, plainTwoPasses(one, studentContext, to));
      });
    });
  });
});

test('the student’s input at a scale moves with the chosen tokens of every earlier scale, and of no other', () => {
  noGrad(() => {
    scope(() => {
      const chosen = context().targets;
      const inputs = (tokens: readonly Tensor[]) => tokenizer.inputs(tokens, scales).splitWithSizes(counts.slice(1), 1);
      chosen.forEach((_, changed) => {
        const other = chosen.map((tokens, i) => (i === changed ? tokens.add(1).remainder(codes) : tokens));
        const moved = inputs(chosen).map((input, i) => input.ne(inputs(other)[i]!).any().item());
        expect(moved).toEqual([0, 1, 2].map((i) => Number(i >= changed)));
      });
    });
  });
});
