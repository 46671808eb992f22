// SAR and the forcing strategies: what they feed and ask for, against slow plain calculations, and what must not happen.
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tinyFlexVar } from '../../test/models.js';
import { crossEntropy } from '../nn/index.js';
import { Generator, gradients, liveTensors, noGrad, ops, randint, randn, scope, type Tensor, tensor } from '../torch/index.js'; // prettier-ignore
import {
  distributionLoss,
  type ForcingContext,
  type ForcingName,
  forcings,
  type ForcingResult,
  rollout,
  sarSettings,
  studentContexts,
  studentPass,
  studentTokens,
  trainingGuidance,
} from './index.js';
import { fedTokens } from './rollout.js';
import { dropLabels } from './context.js';

const codes = 30;
const nullClass = 5;
const { generator, tokenizer } = tinyFlexVar({ vocabularySize: codes, width: 24, heads: 2, classes: nullClass, pathDrop: 0.5 }); // prettier-ignore

afterAll(() => {
  tokenizer.dispose();
  generator.dispose();
});
beforeEach(() => {
  generator.eval();
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const one of generator.parameters()) one.grad = null;
});

const scales = [1, 2, 3, 4];
const B = 3;

/** A step's context in the current scope: random targets, tokens by argmax without guidance, nothing dropped. */
function context(settings: object = {}, more: Partial<ForcingContext> = {}): ForcingContext {
  const given = (more.scales ?? scales) as readonly number[];
  return {
    generator,
    tokenizer,
    labels_B: tensor([0, 4, 2], { dtype: 'int64' }),
    targets: given.map((side) => randint(0, codes, [B, side * side], { generator: new Generator(100 + side) })), // prettier-ignore
    scales: given,
    step: 0,
    random: new Generator(8),
    labelDrop: 0,
    settings: sarSettings.parse({ tokens: { choice: 'argmax', guidance: null }, ...settings }),
    ...more,
  };
}

const inputsOf = (tokens: readonly Tensor[], list: readonly number[] = scales): Tensor =>
  tokenizer.inputs(tokens, list);

/** Logits of each scale, given tokens that feed the scales after them. */
function plainLogits({ labels_B }: ForcingContext, tokens: readonly Tensor[], upTo = scales.length): Tensor[] {
  const list = scales.slice(0, upTo);
  const inputs = upTo > 1 ? inputsOf(tokens.slice(0, upTo), list) : undefined;
  return generator.logits(labels_B, inputs, list).splitWithSizes(list.map((side) => side * side), 1); // prettier-ignore
}

/** Cross-entropy of the tokens' logits against the targets. */
const plainLoss = (one: ForcingContext, tokens: readonly Tensor[]): number =>
  crossEntropy(ops.cat(plainLogits(one, tokens), 1), ops.cat(one.targets, 1)).item();

/** Scale after scale by a whole forward pass each: predictions feed the scales of `students`, the ground truth the others. */
function plainSequential(one: ForcingContext, students: readonly number[]): Tensor[] {
  const tokens: Tensor[] = [];
  scales.forEach((_, i) => {
    const dummy = one.targets[i]!; // a prefix's last tokens feed nothing
    const predicted = plainLogits(one, [...tokens, dummy], i + 1)[i]!.argmax(-1);
    tokens.push(students.includes(i + 1) ? predicted : one.targets[i]!);
  });
  return tokens;
}

const run = (name: ForcingName, one: ForcingContext): ForcingResult => forcings[name](one);

/** Gradients of a loss in all parameters, zeros where there is none. */
const gradientsOf = (loss: Tensor): number[][] =>
  gradients([loss], generator.parameters(), { allowUnused: true, retainGraph: true }).map((one) => one?.toArray() ?? []); // prettier-ignore

describe('forcing strategies', () => {
  test.each<[name: ForcingName, students: number[], more: Partial<ForcingContext>, settings: object]>([
    ['student', [1, 2, 3], {}, {}],
    ['alternate-scales', [1, 3], {}, {}],
    ['alternate-steps', [1, 2, 3], { step: 7 }, {}],
    ['hybrid', [2, 3], {}, {}], // sides above 4 / 2
    ['hybrid', [3], {}, { hybridSide: 3 }],
    ['hybrid', [], {}, { hybridSide: 4 }],
  ])('%s feeds predictions to scales %j, and asks for the ground truth', (name, students, more, settings) => {
    scope(() => {
      const one = context(settings, more);
      const { loss, parts } = run(name, one);
      expect(loss.item()).toBeCloseTo(plainLoss(one, noGrad(() => plainSequential(one, students))), 5); // prettier-ignore
      expect(Object.keys(parts)).toEqual(['loss_student']);
      loss.backward();
      expect(generator.head.weight_OI.grad).not.toBeNull();
    });
  });
  test.each<[name: ForcingName, more: Partial<ForcingContext>]>([
    ['teacher', {}],
    ['alternate-steps', { step: 0 }],
    ['alternate-steps', { step: 6 }],
  ])('%s feeds the ground truth %j', (name, more) => {
    scope(() => {
      const one = context({}, more);
      const { loss, parts } = run(name, one);
      expect(loss.item()).toBeCloseTo(plainLoss(one, one.targets), 5);
      expect(Object.keys(parts)).toEqual(['loss_teacher']);
    });
  });
  test.each(studentContexts)('the two passes with context %s', (studentContext) => {
    scope(() => {
      const one = context({ studentContext, gamma: 0.3 });
      const first = noGrad(() => plainLogits(one, one.targets));
      const chosen = first.map((logits) => logits.argmax(-1));
      const inputs = inputsOf(chosen);
      // student logits of the scales that have a student
      const student = noGrad(() => {
        if (studentContext === 'last-scale') return [generator.lastScaleLogits(one.labels_B, inputs.narrow(1, 13, 16), scales)]; // prettier-ignore
        const all = generator.logits(one.labels_B, inputs, scales, { visibility: studentContext });
        return all.splitWithSizes([1, 4, 9, 16], 1).slice(1);
      });
      const lossAgainst = (tokens: readonly Tensor[]) =>
        crossEntropy(ops.cat(student, 1), ops.cat(tokens.slice(-student.length), 1)).item();
      const teacherLoss = plainLoss(one, one.targets);

      const sar = run('sar', one);
      expect(sar.parts['loss_teacher']!.item()).toBeCloseTo(teacherLoss, 5);
      expect(sar.parts['loss_csf']!.item()).toBeCloseTo(lossAgainst(chosen), 5);
      expect(sar.loss.item()).toBeCloseTo(teacherLoss + 0.3 * lossAgainst(chosen), 5);

      const naive = run('two-pass-ground-truth', one);
      expect(naive.parts['loss_student']!.item()).toBeCloseTo(lossAgainst(one.targets), 5);
      expect(naive.loss.item()).toBeCloseTo(teacherLoss + 0.3 * lossAgainst(one.targets), 5);
    });
  });
  test('a step leaves no tensor behind', () => {
    const before = liveTensors();
    for (const name of Object.keys(forcings) as ForcingName[]) {
      scope(() => {
        run(name, context({ tokens: { choice: 'sample', topK: 9, topP: 0.9, guidance: 2 } }, { step: 1 })).loss.backward(); // prettier-ignore
      });
      for (const one of generator.parameters()) one.grad = null;
    }
    expect(liveTensors()).toBe(before);
  });
});

describe('rollout', () => {
  test('guidance grows from half to all of its scale', () => {
    expect(trainingGuidance(2.5, 0, 10)).toBe(1.25);
    expect(trainingGuidance(2.5, 3, 10)).toBeCloseTo(1.25 * (4 / 3), 12);
    expect(trainingGuidance(2.5, 9, 10)).toBe(2.5);
    expect(trainingGuidance(2.5, 0, 1)).toBe(2.5);
  });
  test('guided tokens are the argmax of (1 + t) · class − t · null', () => {
    scope(() => {
      const one = context({ tokens: { choice: 'argmax', guidance: 4 } });
      const inputs = inputsOf(one.targets);
      const teacher = noGrad(() => generator.logits(one.labels_B, inputs, scales));
      const none = { ...one, labels_B: tensor([nullClass, nullClass, nullClass], { dtype: 'int64' }) };
      const [own, empty] = noGrad(() => [plainLogits(one, one.targets), plainLogits(none, one.targets)]);
      const expected = own.map((logits, i) => {
        const t = trainingGuidance(4, i, 4);
        return logits.mul(1 + t).sub(empty[i]!.mul(t)).argmax(-1).toArray(); // prettier-ignore
      });
      expect(rollout(one, teacher, inputs).map((tokens) => tokens.toArray())).toEqual(expected);
      expect(expected).not.toEqual(own.map((logits) => logits.argmax(-1).toArray()));
    });
  });
  test('sampled tokens stay within top-k, and come from the step’s generator', () => {
    scope(() => {
      const one = context({ tokens: { choice: 'sample', topK: 3, topP: 0, guidance: null } });
      const teacher = noGrad(() => generator.logits(one.labels_B, inputsOf(one.targets), scales));
      const draw = (seed: number) => ops.cat(rollout({ ...one, random: new Generator(seed) }, teacher, undefined), 1);
      const [, best] = teacher.topk(3);
      expect(best.eq(draw(1).unsqueeze(-1)).anyDim(-1).all().item()).toBe(1);
      expect(draw(1).toArray()).toEqual(draw(1).toArray());
      expect(draw(1).toArray()).not.toEqual(draw(2).toArray());
    });
  });
  test('a share of own tokens leaves the others true, and none but true ones make the student a second teacher', () => {
    scope(() => {
      const fed = (ownShare?: number) => {
        const one = context({ tokens: { choice: 'argmax', guidance: null, ownShare } });
        const chosen = one.targets.map((target_BN) => target_BN.add(codes)); // told apart from true ones at every place
        const share = ops.cat(fedTokens(one, chosen), 1).sub(ops.cat(one.targets, 1)).div(codes).to('float32');
        return { share: share.mean().item(), values: new Set(share.toArray().flat()) };
      };
      expect([fed(), fed(1), fed(0)].map(({ share }) => share)).toEqual([1, 1, 0]);
      const { share, values } = fed(0.3);
      expect(values).toEqual(new Set([0, 1]));
      expect(share).toBeGreaterThan(0.15);
      expect(share).toBeLessThan(0.45); // 90 tokens

      const { loss, parts } = run('two-pass-ground-truth', context({ gamma: 1, tokens: { ownShare: 0 } }));
      const one = context();
      const later = noGrad(() => plainLogits(one, one.targets)).slice(1);
      const student = crossEntropy(ops.cat(later, 1), ops.cat(one.targets.slice(1), 1)).item();
      expect(parts['loss_student']!.item()).toBeCloseTo(student, 5);
      expect(loss.item()).toBeCloseTo(plainLoss(one, one.targets) + student, 5);
    });
  });
});

describe('what must not happen', () => {
  const stochastic = { tokens: { choice: 'sample', topK: 9, topP: 0.9, guidance: 2 } };

  test.each(studentContexts)('no gradient reaches pass 1 through the tokens (%s)', (studentContext) => {
    scope(() => {
      const one = context({ studentContext });
      const { parts } = run('sar', one);
      const found = gradientsOf(parts['loss_csf']!);
      // the same student with inputs and targets that are plain numbers
      const chosen = noGrad(() => plainLogits(one, one.targets).map((logits) => tensor(logits.argmax(-1).toArray(), { dtype: 'int64', shape: [B, logits.size(1)] }))); // prettier-ignore
      const student = studentPass(one, one.labels_B, chosen)!;
      const expected = gradientsOf(crossEntropy(student.logits_BLV, studentTokens(student, chosen)));
      expect(found).toEqual(expected);
      expect(found.some((gradient) => gradient.some((x) => x !== 0))).toBe(true);
      expect(parts['loss_teacher']!.requiresGrad).toBe(true);
    });
  });
  test('gamma 0 is teacher forcing bit for bit, in loss, gradients and random numbers drawn', () => {
    generator.train();
    scope(() => {
      const results = (['teacher', 'sar'] as const).map((name) => {
        const one = context({ ...stochastic, gamma: 0 }, { labelDrop: 0.5, random: new Generator(21) });
        const { loss } = run(name, one);
        return [loss.item(), gradientsOf(loss), one.random.state().toArray()];
      });
      expect(results[1]).toEqual(results[0]);
    });
  });
  test('a list of one scale has no student', () => {
    for (const list of [[1], [3]]) {
      scope(() => {
        const logits = vi.spyOn(generator, 'logits');
        const one = context({ gamma: 1 }, { scales: list });
        const teacher = run('teacher', one).loss.item();
        for (const name of ['sar', 'two-pass-ground-truth'] as const) {
          const { loss, parts } = run(name, one);
          expect([loss.item(), Object.keys(parts)]).toEqual([teacher, ['loss_teacher']]);
        }
        expect(logits).toHaveBeenCalledTimes(3);
        for (const name of ['student', 'hybrid', 'alternate-scales'] as const)
          expect(run(name, one).loss.item()).toBeCloseTo(teacher, 5);
        vi.restoreAllMocks();
      });
    }
  });
  test('the unconditional pass of a guided rollout carries no gradient and drops no path', () => {
    generator.train();
    scope(() => {
      const passes: { graph: boolean; pathDrop: boolean }[] = [];
      const original = generator.logits.bind(generator);
      vi.spyOn(generator, 'logits').mockImplementation((...given) => {
        const found = original(...given);
        passes.push({ graph: found.requiresGrad, pathDrop: given[3]?.pathDrop !== undefined });
        return found;
      });
      run('sar', context(stochastic));
      const recorded = { graph: true, pathDrop: true };
      expect(passes).toEqual([recorded, { graph: false, pathDrop: false }, recorded]); // pass 1, the null class, pass 2
    });
  });
  test('the last scale’s choice feeds nothing', () => {
    for (const studentContext of studentContexts) {
      scope(() => {
        const one = context({ studentContext });
        const chosen = scales.map((side) => randint(0, codes, [B, side * side], { generator: new Generator(side) })); // prettier-ignore
        const other = [...chosen.slice(0, -1), chosen.at(-1)!.mul(0)];
        const [a, b] = [chosen, other].map((tokens) => studentPass(one, one.labels_B, tokens)!);
        expect(a!.inputs_BLE.toArray()).toEqual(b!.inputs_BLE.toArray());
        expect(a!.logits_BLV.toArray()).toEqual(b!.logits_BLV.toArray());
      });
    }
  });
});

describe('label drop', () => {
  test('replaces labels at its rate by the null class', () => {
    scope(() => {
      const labels_B = tensor(Array<number>(20_000).fill(1), { dtype: 'int64' });
      const dropped = dropLabels(context({}, { labels_B, labelDrop: 0.1 })).toArray();
      expect(Math.abs(dropped.filter((label) => label === nullClass).length / 20_000 - 0.1)).toBeLessThan(0.011);
      expect(dropped.every((label) => label === 1 || label === nullClass)).toBe(true);
      expect(dropLabels(context({}, { labels_B }))).toBe(labels_B);
    });
  });
  test('one mask serves all passes, or each draws its own', () => {
    const labelsOf = (labelDropMask: 'shared' | 'fresh', name: ForcingName) =>
      scope(() => {
        const logits = vi.spyOn(generator, 'logits');
        const labels_B = tensor(Array<number>(B).fill(2), { dtype: 'int64' });
        const seen = Array.from({ length: 12 }, (_, seed) => {
          logits.mockClear();
          run(name, context({ labelDropMask }, { labels_B, labelDrop: 0.5, random: new Generator(seed) }));
          return logits.mock.calls.map(([labels]) => labels.toArray());
        });
        vi.restoreAllMocks();
        return seen;
      });
    for (const name of ['sar', 'two-pass-ground-truth'] as const) {
      for (const [first, second] of labelsOf('shared', name)) expect(second).toEqual(first);
      expect(labelsOf('fresh', name).some(([first, second]) => String(first) !== String(second))).toBe(true);
    }
  });
});

describe('the distribution as target', () => {
  test('is nought, and without gradient, where student and teacher agree', () => {
    scope(() => {
      const logits = randn([2, 3, 7], { generator: new Generator(1) });
      logits.requiresGrad = true;
      const loss = distributionLoss(logits, logits);
      expect(loss.item()).toBeCloseTo(0, 7);
      loss.backward();
      expect(logits.grad!.abs().amax().item()).toBeLessThan(1e-7);
    });
  });
  test('is the divergence from the teacher; its gradient is the difference of the distributions', () => {
    scope(() => {
      const random = new Generator(1);
      const [student, teacher] = [randn([2, 3, 7], { generator: random }), randn([2, 3, 7], { generator: random })];
      student.requiresGrad = true;
      teacher.requiresGrad = true;
      const [p, q] = [teacher.softmax(-1), student.softmax(-1)].map((one) => one.toArray());
      const loss = distributionLoss(student, teacher);
      expect(loss.item()).toBeCloseTo(p!.reduce((sum, x, i) => sum + x * Math.log(x / q![i]!), 0) / 6, 5);
      loss.backward();
      expect(teacher.grad).toBeNull();
      student.grad!.toArray().forEach((x, i) => {
        expect(x).toBeCloseTo((q![i]! - p![i]!) / 6, 6);
      });
    });
  });
  test.each(studentContexts)('the student is compared with the teacher at its own scales (%s)', (studentContext) => {
    scope(() => {
      const one = context({ csflTarget: 'distribution', studentContext });
      const teacher = noGrad(() => generator.logits(one.labels_B, inputsOf(one.targets), scales));
      const student = noGrad(() => studentPass(one, one.labels_B, plainLogits(one, one.targets).map((logits) => logits.argmax(-1)))!); // prettier-ignore
      const length = student.logits_BLV.size(1);
      expect(length).toBe(studentContext === 'last-scale' ? 16 : 29);
      const expected = distributionLoss(student.logits_BLV, teacher.narrow(1, 30 - length, length)).item();
      expect(run('sar', one).parts['loss_csf']!.item()).toBeCloseTo(expected, 5);
    });
  });
});

test('settings: the defaults are the paper’s; a name that is unknown is refused', () => {
  expect(sarSettings.parse({})).toEqual({
    forcing: 'sar',
    studentContext: 'causal',
    tokens: { choice: 'sample', topK: 900, topP: 0.96, guidance: 2.5 },
    gamma: 0.01,
    rolloutSteps: 1,
    rolloutDamping: 1,
    csflMean: 'tokens',
    csflTarget: 'tokens',
    labelDropMask: 'shared',
  });
  expect(() => sarSettings.parse({ gama: 0.1 })).toThrow();
  expect(() => sarSettings.parse({ gamma: -1 })).toThrow();
});
