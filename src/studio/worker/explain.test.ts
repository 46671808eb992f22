// What an explanation tells is what a training step of SAR computes: its losses, tokens and divergences; both families.
import { afterAll, describe, expect, test } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../../test/models.js';
import { toImages } from '../../data/index.js';
import { crossEntropy } from '../../nn/index.js';
import { distributionLoss, type ForcingContext, forcings, fullPass, inputsFor, rollout, sarSettings, splitScales, studentPass } from '../../sar/index.js'; // prettier-ignore
import { picturesOf } from '../../tokenizers/index.js';
import { Generator, noGrad, ops, scope, tensor } from '../../torch/index.js';
import { explain } from './explain.js';
import type { ExplainTask } from './messages.js';
import type { ModelShelf } from './modelShelf.js';

const scales = [1, 2, 4];
const sizes = { vocabularySize: 20, width: 16, heads: 2 };
const pairs = { flexvar: tinyFlexVar(sizes), var: tinyVar({ ...sizes, scales }) };
afterAll(() => {
  for (const { generator, tokenizer } of Object.values(pairs)) {
    generator.dispose();
    tokenizer.dispose();
  }
});

const pixels = Uint8Array.from({ length: 3 * 8 * 8 }, (_, i) => (i * 37) % 256);
const image = { pixels, height: 8, width: 8 };
type Rollout = ExplainTask['rollout'];
const drawn: Rollout = { choice: 'sample', topK: 900, topP: 0.96, guidance: 2.5 };
const probable: Rollout = { ...drawn, choice: 'argmax', guidance: null };

describe.each(['flexvar', 'var'] as const)('%s', (family) => {
  const pair = pairs[family];
  const shelf = { settings: { device: 'cpu' }, take: () => pair } as unknown as ModelShelf;
  const asked = (rolled: Rollout, more: Partial<ExplainTask> = {}) =>
    explain(shelf, { source: { generator: '' }, scales, image, label: 3, seed: 6, rollout: rolled, ...more });
  const contextOf = (tokens: Rollout): ForcingContext => ({
    ...pair,
    labels_B: tensor([3], { dtype: 'int64' }),
    targets: pair.tokenizer.tokens(toImages(tensor(pixels, { shape: [1, 3, 8, 8] })), scales),
    scales,
    step: 0,
    random: new Generator(6),
    labelDrop: 0,
    settings: sarSettings.parse({ tokens }),
  });

  test.each([
    ['drawn', drawn],
    ['most probable', probable],
  ])('the numbers of a training step: %s tokens', async (_, rolled) => {
    const { pyramid, teacher, student, difference, losses } = await asked(rolled);
    noGrad(() => {
      scope(() => {
        const { parts, loss } = forcings.sar(contextOf(rolled));
        expect(losses.teacherTotal).toBe(parts['loss_teacher']!.item());
        expect(losses.csfTotal).toBe(parts['loss_csf']!.item());
        expect(losses.teacherTotal + losses.gamma * losses.csfTotal!).toBeCloseTo(loss.item(), 5);

        const context = contextOf(rolled);
        const inputs_BLE = inputsFor(context, context.targets);
        const first_BLV = fullPass(context, context.labels_B, inputs_BLE);
        const chosen = rollout(context, first_BLV, inputs_BLE);
        const second_BLV = studentPass(context, context.labels_B, chosen)!.all_BAV!;
        const [first, second] = [splitScales(first_BLV, scales), splitScales(second_BLV, scales)];
        expect(pyramid.map(({ tokens }) => tokens)).toEqual(context.targets.map((one) => one.toArray()));
        expect(teacher.map(({ tokens }) => tokens)).toEqual(chosen.map((one) => one.toArray()));
        scales.forEach((_side, i) => {
          expect(losses.teacher[i]).toBe(crossEntropy(first[i]!, context.targets[i]!).item());
          const csf = crossEntropy(second[i]!, chosen[i]!).item();
          expect(losses.csf[i]).toBe(i === 0 ? null : csf);
          const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
          expect(mean(teacher[i]!.loss)).toBeCloseTo(losses.teacher[i]!, 3);
          if (i > 0) expect(mean(student[i]!.loss)).toBeCloseTo(csf, 3);
          expect(mean(difference[i]!)).toBeCloseTo(distributionLoss(second[i]!, first[i]!).item() / Math.LN2, 3);
          const right = teacher[i]!.tokens.map((code, at) => code === pyramid[i]!.tokens[at]);
          expect(teacher[i]!.correct).toEqual(right);
        });
      });
    });
  });

  test('where the student is fed what the teacher is, nothing tells them apart', async () => {
    const { teacher, student, difference } = await asked(drawn);
    expect(student[0]!.tokens).toEqual(teacher[0]!.tokens);
    expect(student[0]!.input).toBeNull();
    expect(student[0]!.loss).toEqual([]);
    expect(difference[0]).toEqual([0]);
    expect(Math.max(...difference[2]!)).toBeGreaterThan(0);
  });

  test('pictures: the pyramid’s own, and inputs that are those of the tokens', async () => {
    const { pyramid, teacher, student } = await asked(drawn);
    expect(pyramid.map(({ alone }) => alone === null)).toEqual(scales.map(() => family === 'flexvar'));
    expect(teacher.map(({ input }) => input)).toEqual(pyramid.map(({ input }) => input));
    expect(student[1]!.input).not.toBe(teacher[1]!.input);
    const known = scope(() => picturesOf(pair.tokenizer, contextOf(drawn).targets, scales).map((one) => one.shape));
    const sides = pyramid.map(({ picture }) => Buffer.from(picture.split(',')[1]!, 'base64').readUInt32BE(16)); // of a PNG's header
    expect(sides).toEqual(known.map((shape) => shape[3]));
  });

  test('no class is the null class, and one scale has no student', async () => {
    const none = await asked(probable, { label: null });
    noGrad(() => {
      scope(() => {
        const context = { ...contextOf(probable), labels_B: tensor([pair.generator.nullClass], { dtype: 'int64' }) };
        const logits_BLV = fullPass(context, context.labels_B, inputsFor(context, context.targets));
        expect(none.losses.teacherTotal).toBe(crossEntropy(logits_BLV, ops.cat(context.targets, 1)).item());
      });
    });
    if (family === 'var') return; // knows its own scales alone
    const { losses, student } = await asked(probable, { scales: [4] });
    expect(losses).toMatchObject({ csf: [null], csfTotal: null });
    expect(student[0]!.loss).toEqual([]);
  });
});
