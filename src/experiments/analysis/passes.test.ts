// The three kinds of input agree where they must: fed with what it chose itself, a pass over all scales is sampling; both families.
import { afterAll, describe, expect, test } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../../test/models.js';
import { picturesOf } from '../../tokenizers/index.js';
import { Generator, randint, scope, type Tensor } from '../../torch/index.js';
import { chooseAll, fedLogits, imageSeeds, ownPass, type PassSettings, staggerPass, teacherPass, type Truth } from './passes.js'; // prettier-ignore
import { decodedOf, differenceMap, picturesOfPass } from './scalePictures.js';

const scales = [1, 2, 3];
const sizes = { vocabularySize: 20, width: 16, heads: 2 };
const pairs = { flexvar: tinyFlexVar(sizes), var: tinyVar({ ...sizes, scales }) };
afterAll(() => {
  for (const { generator, tokenizer } of Object.values(pairs)) {
    generator.dispose();
    tokenizer.dispose();
  }
});

const settings = (more: Partial<PassSettings> = {}): PassSettings => ({ scales, cfg: 0, topK: 0, topP: 0, temperature: 1, device: 'cpu', ...more }); // prettier-ignore
/** Random true tokens of two images, in the current scope. */
const truth = (): Truth => ({
  labels: [1, 4],
  seeds: imageSeeds(3, 0, 2),
  targets: scales.map((side) => randint(0, 20, [2, side * side], { generator: new Generator(50 + side) })),
});
const numbers = (tensors: readonly Tensor[]) => tensors.map((one) => one.toArray());
const farthest = (a: Tensor, b: Tensor) => a.sub(b).abs().amax().item();

describe.each(['flexvar', 'var'] as const)('%s', (family) => {
  const pair = pairs[family];

  test.each([
    ['argmax', 0, 1],
    ['sample', 0, 1],
    ['sample', 1.5, 1],
    ['sample', 1.5, 2],
  ] as const)(
    'sampling is a pass fed with its own tokens: %s, guidance %s, temperature %s',
    (choice, cfg, temperature) => {
      scope(() => {
        const how = settings({ cfg, topK: 12, topP: 0.9, temperature });
        const own = ownPass(pair, truth(), choice, how);
        const again = fedLogits(pair, truth(), own.tokens, how);
        again.forEach((logits, i) => { expect(farthest(logits, own.logits[i]!)).toBeLessThan(2e-3); }); // prettier-ignore
        expect(numbers(chooseAll(again, truth(), choice, how))).toEqual(numbers(own.tokens));
      });
    },
  );

  test('temperature moves what is drawn, not what is predicted nor what is most probable', () => {
    scope(() => {
      const [usual, hot] = [settings(), settings({ temperature: 3 })];
      const logits = fedLogits(pair, truth(), truth().targets, hot);
      expect(numbers(logits)).toEqual(numbers(fedLogits(pair, truth(), truth().targets, usual)));
      const chosen = (choice: 'argmax' | 'sample', how: PassSettings) =>
        numbers(chooseAll(logits, truth(), choice, how));
      expect(chosen('argmax', hot)).toEqual(chosen('argmax', usual));
      expect(chosen('sample', hot)).not.toEqual(chosen('sample', usual));
    });
  });

  test('teacher, student and sampling begin alike; the student is fed with what the teacher chose', () => {
    scope(() => {
      const teacher = teacherPass(pair, truth(), 'sample', settings());
      const student = staggerPass(pair, truth(), teacher, 'sample', settings());
      const own = ownPass(pair, truth(), 'sample', settings());
      for (const pass of [student, own]) expect(pass.tokens[0]!.toArray()).toEqual(teacher.tokens[0]!.toArray());
      expect(student.tokens[1]!.toArray()).toEqual(own.tokens[1]!.toArray()); // one scale of stagger is all there is of sampling so far
      const byHand = fedLogits(pair, truth(), teacher.tokens, settings());
      expect(numbers(student.logits)).toEqual(numbers(byHand));
      expect(numbers(teacher.logits).slice(1)).not.toEqual(numbers(student.logits).slice(1));
    });
  });

  test('another seed draws other tokens, the same seed the same ones', () => {
    scope(() => {
      const drawn = (seed: number) => numbers(teacherPass(pair, { ...truth(), seeds: imageSeeds(seed, 0, 2) }, 'sample', settings()).tokens); // prettier-ignore
      expect(drawn(3)).toEqual(drawn(3));
      expect(drawn(3)).not.toEqual(drawn(4));
    });
  });

  test('pictures: of a scale’s tokens upon those that fed it, all of one size', () => {
    scope(() => {
      const { targets } = truth();
      const other = truth().targets.map((one) => one.add(1).remainder(20));
      const alone = decodedOf(pair.tokenizer, { fed: targets, tokens: targets }, scales);
      const known = picturesOf(pair.tokenizer, targets, scales).map((one) => one.clamp(-1, 1));
      expect(numbers(alone)).toEqual(numbers(known));
      const mixed = decodedOf(pair.tokenizer, { fed: targets, tokens: other }, scales);
      const wanted = picturesOf(pair.tokenizer, [...targets.slice(0, 2), other[2]!], scales)
        .at(-1)!
        .clamp(-1, 1);
      expect(mixed[2]!.toArray()).toEqual(wanted.toArray());
      for (const one of picturesOfPass(pair.tokenizer, { fed: targets, tokens: other }, scales)) expect(one.shape).toEqual([2, 3, 6, 6]); // prettier-ignore
    });
  });
});

test('a difference of pictures is a share of the range', () => {
  scope(() => {
    const white = randint(0, 1, [1, 3, 2, 2]).to('float32').add(1);
    expect(differenceMap(white, white.neg()).toArray()).toEqual([1, 1, 1, 1]);
  });
});
