// What the sampler can do beside drawing tokens: mixtures of codes (VAR's `more_smooth`), mixtures of classes, given tokens, values a scale.
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../test/models.js';
import type { ScaleTransformer } from '../models/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { full, Generator, liveTensors, noGrad, rand, randint, randn, scope, type Tensor, tensor } from '../torch/index.js'; // prettier-ignore
import { UsageError } from '../util/errors.js';
import { conditionOf } from './condition.js';
import { filterLogits, type GivenTokens, sample, type SampleOptions } from './index.js';
import { mixCodes } from './smooth.js';

const codes = 40;
const scales = [1, 2, 3, 5];
const { generator, tokenizer } = tinyVar({ scales, vocabularySize: codes, width: 48, heads: 3 });
const flexVar = tinyFlexVar({ vocabularySize: codes, width: 48, heads: 3 });
afterAll(() => {
  for (const one of [generator, tokenizer, flexVar.generator, flexVar.tokenizer]) one.dispose();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const base = { labels: [1, 4], seeds: [10, 11], scales } satisfies SampleOptions;

interface Pair {
  generator: ScaleTransformer;
  tokenizer: Tokenizer;
}

/** Tokens and image of every scale, as plain numbers an image. */
function run(options: SampleOptions, pair: Pair = { generator, tokenizer }) {
  const seen: { tokens: number[][]; image: number[][] }[] = [];
  for (const record of sample(pair.generator, pair.tokenizer, options))
    scope(() => {
      const rows = (one: Tensor) => options.labels.map((_, i) => one.select(0, i).toArray());
      seen.push({ tokens: rows(record.indices_BN), image: rows(record.image()) });
    });
  return seen;
}
const randomTokens = (count: number): Tensor =>
  randint(0, codes, [base.labels.length, count], { generator: new Generator(40 + count) });

describe('mixtures of codes', () => {
  const [N, V, C] = [3, 12, 4];
  const random = new Generator(1);
  const draw = () => ({
    logits: randn([1, N, V], { generator: random }).mul(3),
    noise: rand([1, N, V], { generator: random }).clampMin(1e-6),
    table: randn([V, C], { generator: random }),
  });
  afterAll(() => {
    random.dispose();
  });

  test.each([
    [0, {}],
    [0.5, { topK: 4 }],
    [1, { topK: 7, topP: 0.8 }],
  ])('at place %d, candidates by %j', (place, filter) => {
    scope(() => {
      const { logits, noise, table } = draw();
      const candidates = filterLogits(logits, filter);
      const [values, uniforms, rows] = [logits, noise, table].map((one) => one.toArray());
      const [indices, kept] = [candidates.indices_BNK.toArray(), candidates.kept_BNK.toArray()];
      const width = candidates.indices_BNK.size(2);
      const temperature = Math.max(0.27 * (1 - 0.95 * place), 0.005);
      const expected = Array.from({ length: N }, (_, n) => {
        const chosen = indices.slice(n * width, (n + 1) * width).filter((_, k) => kept[n * width + k]);
        const scores = chosen.map((code) => {
          const gumbel = -Math.log(-Math.log(uniforms![n * V + code]!));
          return (values![n * V + code]! * (1 + place) + gumbel) / temperature;
        });
        const highest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - highest));
        const total = weights.reduce((a, b) => a + b);
        return Array.from({ length: C }, (_, c) =>
          chosen.reduce((sum, code, k) => sum + (weights[k]! / total) * rows![code * C + c]!, 0),
        );
      });
      const found = mixCodes(candidates, logits, noise, table, place);
      expect(found.shape).toEqual([1, N, C]);
      found.toArray().forEach((x, i) => {
        expect(x).toBeCloseTo(expected.flat()[i]!, 4);
      });
    });
  });
  test('one candidate is its code; at the last scale a mixture is one code, at the first it is not', () => {
    scope(() => {
      const { noise, table } = draw();
      const logits = tensor([Array.from({ length: N }, (_, n) => Array.from({ length: V }, (_, v) => ((7 * v + n) % V) / 4))]); // prettier-ignore
      const best = table.indexSelect(0, logits.argmax(-1).flatten()).toArray();
      const apart = (filter: object, uniform: Tensor, place: number) => {
        const found = mixCodes(filterLogits(logits, filter), logits, uniform, table, place).toArray();
        return Math.max(...found.map((x, i) => Math.abs(x - best[i]!)));
      };
      for (const place of [0, 1]) expect(apart({ topK: 1 }, noise, place)).toBeLessThan(1e-6);
      const level = full([1, N, V], 0.5); // noise that favours no code
      expect(apart({}, level, 1)).toBeLessThan(1e-6);
      expect(apart({}, level, 0)).toBeGreaterThan(0.1);
    });
  });
});

describe('smooth sampling', () => {
  const smooth = { ...base, smooth: true, guidance: { shape: 'ramp', scale: 2 }, topK: 20, topP: 0.95 } as const;
  test('gives the same images again, in any batch, and others than plain sampling', () => {
    const [once, again] = [run(smooth), run(smooth)];
    expect(again).toEqual(once);
    const alone = run({ ...smooth, labels: [4], seeds: [11] });
    alone.forEach(({ image, tokens }, i) => {
      expect(image[0]).toEqual(once[i]!.image[1]);
      expect(tokens[0]).toEqual(once[i]!.tokens[1]);
    });
    const plain = run({ ...smooth, smooth: false });
    expect(plain[0]!.tokens).toEqual(once[0]!.tokens);
    expect(plain[0]!.image).not.toEqual(once[0]!.image);
  });
  test('of one candidate is plain sampling', () => {
    const [mixed, plain] = [true, false].map((one) => run({ ...base, smooth: one, topK: 1 }));
    mixed!.forEach(({ tokens, image }, i) => {
      expect(tokens).toEqual(plain![i]!.tokens);
      const apart = image.flatMap((row, b) => row.map((x, k) => Math.abs(x - plain![i]!.image[b]![k]!)));
      expect(Math.max(...apart)).toBeLessThan(1e-4);
    });
  });
  test('is refused where codes cannot be mixed', () => {
    const refused = () => [...sample(flexVar.generator, flexVar.tokenizer, smooth)];
    expect(refused).toThrow(new UsageError('sample: the codes of a flexvar tokenizer cannot be mixed; sample without smooth')); // prettier-ignore
  });
});

describe('mixed classes', () => {
  test('a mixture is the weighted mean of its embeddings', () => {
    noGrad(() => {
      scope(() => {
        const found = conditionOf(generator, [2, [[1, 1], [3, 3]], [[4, 2]]], 'cpu'); // prettier-ignore
        const rows = generator.classEmb.weight_VD;
        const row = (i: number) => rows.select(0, i).toArray();
        const mean = row(1).map((x, c) => 0.25 * x + 0.75 * row(3)[c]!);
        const expected = [...row(2), ...mean, ...row(4)];
        found.toArray().forEach((x, i) => {
          expect(x).toBeCloseTo(expected[i]!, 6);
        });
      });
    });
  });
  test('all of one class is that class; between two it is neither', () => {
    const images = (label: SampleOptions['labels'][number]) => run({ scales, labels: [label], seeds: [3], topK: 1 });
    expect(images([[1, 1], [4, 0]])).toEqual(images(1)); // prettier-ignore
    const between = images([[1, 1], [4, 1]]); // prettier-ignore
    for (const label of [1, 4]) expect(between).not.toEqual(images(label));
  });
  test.each<[SampleOptions['labels'][number], RegExp]>([
    [[[1, -1], [2, 2]], /weights of mixed classes must be positive, got -1, 2/],
    [[[1, 0]], /must be positive, got 0/],
    [[], /must be positive/],
    [[[6, 1]], /classes 0 to 4 \(or 5 for none\), got 6/],
  ])('%j is refused', (label, message) => { expect(() => run({ scales, labels: [label], seeds: [1] })).toThrow(message); }); // prettier-ignore
});

describe.each([
  ['VAR', { generator, tokenizer }],
  ['FlexVAR', flexVar],
] as const)('given tokens, %s', (_, pair) => {
  const options = { ...base, guidance: { shape: 'ramp', scale: 2 }, topK: 20 } as const;
  test('stand where they count, and the rest is drawn as it would be', () => {
    scope(() => {
      const given = scales.map((side) => randomTokens(side * side));
      const kept_BN = tensor([0, 1].map((b) => Array.from({ length: 9 }, (_, n) => Number((n + b) % 2 === 0))), { dtype: 'bool' }); // prettier-ignore
      const choice: (GivenTokens | undefined)[] = [{ indices_BN: given[0]! }, undefined, { indices_BN: given[2]!, kept_BN }]; // prettier-ignore
      const seen = run({ ...options, given: choice }, pair);
      expect(seen[0]!.tokens.flat()).toEqual(given[0]!.toArray());
      const [expected, mask] = [given[2]!.toArray(), kept_BN.toArray()];
      const drawn = seen[2]!.tokens.flat();
      expect(drawn.filter((_, i) => mask[i])).toEqual(expected.filter((_, i) => mask[i]));
      expect(drawn.filter((_, i) => !mask[i])).not.toEqual(expected.filter((_, i) => !mask[i]));
      const alone = run({ ...options, labels: [4], seeds: [11], given: choice.map((one) => one && { indices_BN: one.indices_BN.narrow(0, 1, 1), kept_BN: one.kept_BN?.narrow(0, 1, 1) }) }, pair); // prettier-ignore
      expect(alone.map(({ image }) => image[0])).toEqual(seen.map(({ image }) => image[1]));
    });
  });
  test('tokens of a run, given again, make the same images', () => {
    scope(() => {
      const first = run(options, pair);
      const given = first.map(({ tokens }) => ({ indices_BN: tensor(tokens, { dtype: 'int64' }) }));
      expect(run({ ...options, seeds: [77, 78], given }, pair)).toEqual(first);
    });
  });
  test('of another shape are refused', () => {
    scope(() => {
      const given = [undefined, { indices_BN: randomTokens(3) }];
      expect(() => run({ ...options, given }, pair)).toThrow(/expected given tokens of shape 2×4 at scale 1, got 2×3/);
    });
  });
});

test('smooth sampling takes given tokens for their codes', () => {
  scope(() => {
    const given = scales.map((side) => ({ indices_BN: randomTokens(side * side) }));
    const [mixed, plain] = [true, false].map((smooth) => run({ ...base, smooth, given }));
    expect(mixed!.map(({ tokens }) => tokens)).toEqual(plain!.map(({ tokens }) => tokens));
    const apart = mixed!
      .at(-1)!
      .image.flatMap((row, b) => row.map((x, k) => Math.abs(x - plain!.at(-1)!.image[b]![k]!)));
    expect(Math.max(...apart)).toBeLessThan(1e-4);
  });
});

test('a generator samples its own scales alone', () => {
  for (const list of [
    [1, 2, 3],
    [1, 2, 3, 6],
    [1, 2, 3, [5, 4]],
  ] as Scales[])
    // prettier-ignore
    expect(() => run({ ...base, scales: list })).toThrow(/this VAR generator knows the scales 1,2,3,5 and no others/);
});

test('frees what it took, smooth or not: at the end, when the consumer stops, and when something fails', () => {
  const before = liveTensors();
  for (const smooth of [true, false])
    for (const independent of [true, false]) {
      const options = { ...base, smooth, independent };
      expect([...sample(generator, tokenizer, options)].length).toBe(4);
      expect(liveTensors()).toBe(before);
      for (const record of sample(generator, tokenizer, options)) if (record.index === 1) break;
      expect(liveTensors()).toBe(before);
      let calls = 0;
      const contribution = tokenizer.contribution.bind(tokenizer);
      vi.spyOn(tokenizer, 'contribution').mockImplementation((...given) => {
        if (++calls === 2) throw new Error('stop');
        return contribution(...given);
      });
      expect(() => [...sample(generator, tokenizer, options)]).toThrow('stop');
      vi.restoreAllMocks();
      expect(liveTensors()).toBe(before);
    }
});
