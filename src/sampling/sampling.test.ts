// The sampler: filters, guidance, and what must hold of every stream of scales.
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../test/models.js';
import type { ScaleTransformer } from '../models/index.js';
import { picturesOf, type Scale, type Scales, type Tokenizer, tokensOf as countOf } from '../tokenizers/index.js';
import { full, Generator, liveTensors, noGrad, ops, rand, scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { drawTokens, filterLogits, guide, guidanceWeights, sample, type SampleOptions } from './index.js';

const codes = 40;
const { generator, tokenizer } = tinyFlexVar({ vocabularySize: codes, width: 48, heads: 3 });

afterAll(() => {
  tokenizer.dispose();
  generator.dispose();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const scales = [1, 2, 3, 5];
const base = { labels: [1, 4], seeds: [10, 11], scales } satisfies SampleOptions;

/** A generator with its tokenizer. */
interface Pair {
  generator: ScaleTransformer;
  tokenizer: Tokenizer;
}

/** What every record of a run holds, as plain numbers an image. */
interface Seen {
  scale: Scale;
  tokens: number[][];
  logits: number[][];
  image: number[][];
}

function run(options: SampleOptions, pair: Pair = { generator, tokenizer }): Seen[] {
  const seen: Seen[] = [];
  for (const record of sample(pair.generator, pair.tokenizer, options)) {
    scope(() => {
      const rows = (one: Tensor) => options.labels.map((_, i) => one.select(0, i).toArray());
      const [tokens, logits, image] = [record.indices_BN, record.logits_BNV, record.image()].map(rows);
      seen.push({ scale: record.scale, tokens: tokens!, logits: logits!, image: image! });
    });
  }
  return seen;
}

const tokensOf = (options: SampleOptions): number[][][] => run(options).map(({ tokens }) => tokens);

describe('filters', () => {
  const kept = (logits: number[], options: Parameters<typeof filterLogits>[1]) =>
    scope(() => {
      const { indices_BNK, kept_BNK } = filterLogits(tensor([[logits]]), options);
      const flags = kept_BNK.toArray();
      return indices_BNK.toArray().filter((_, i) => flags[i]).sort(); // prettier-ignore
    });
  test('the published example: top-p 0.9 of six logits keeps three', () => {
    const logits = [2, 1, 0, -1, -2, 3];
    expect(kept(logits, { topP: 0.9 })).toEqual([0, 1, 5]);
    expect(kept(logits, { topK: 4, topP: 0.9 })).toEqual([0, 1, 5]);
    expect(kept(logits, { topK: 2 })).toEqual([0, 5]);
    expect(kept(logits, {})).toEqual([0, 1, 2, 3, 4, 5]);
  });
  test('ties with the k-th are kept; the most probable always is', () => {
    expect(kept([1, 3, 1, 0, 1], { topK: 2 })).toEqual([0, 1, 2, 4]);
    expect(kept([0, 5, 0], { topP: 1e-6 })).toEqual([1]);
    expect(kept([1, 2], { topK: 10 })).toEqual([0, 1]);
  });
  test('tokens are drawn as often as their probabilities say, and never where filtered out', () => {
    scope(() => {
      const count = 20_000;
      const logits = [1, 0, 2, -1];
      const uniform = rand([1, count], { generator: new Generator(3) });
      const share = (options: Parameters<typeof filterLogits>[1]) => {
        const candidates = filterLogits(tensor([[logits]]).expand([1, count, 4]), options);
        const drawn = drawTokens(candidates, uniform).toArray();
        return logits.map((_, code) => drawn.filter((one) => one === code).length / count);
      };
      const softmax = (kept: number[]) => {
        const total = kept.reduce((sum, code) => sum + Math.exp(logits[code]!), 0);
        return logits.map((x, code) => (kept.includes(code) ? Math.exp(x) / total : 0));
      };
      for (const [options, expected] of [
        [{}, softmax([0, 1, 2, 3])],
        [{ topK: 2 }, softmax([0, 2])],
      ] as const)
        // prettier-ignore
        share(options).forEach((found, code) => {
          if (expected[code] === 0) expect(found).toBe(0);
          else expect(Math.abs(found - expected[code]!)).toBeLessThan(0.015);
        });
    });
  });
  test('the ends of the uniform numbers give the first and the last kept code', () => {
    scope(() => {
      const candidates = filterLogits(tensor([[[0, 1, 2], [0, 1, 2]]]), { topK: 2 }); // prettier-ignore
      expect(drawTokens(candidates, tensor([[0, 1 - 2 ** -24]])).toArray()).toEqual([2, 1]);
    });
  });
});

describe('guidance', () => {
  const round = (weights: number[]) => weights.map((weight) => Number(weight.toFixed(3)));
  test('ramps of the published samplers', () => {
    const habits = { rampSteps: 9, rampSide: 16 };
    const sides = [1, 2, 3, 4, 5, 7, 10, 13, 16];
    expect(round(guidanceWeights({ shape: 'ramp', scale: 2.5 }, sides, habits))).toEqual([0, 0.313, 0.625, 0.938, 1.25, 1.563, 1.875, 2.188, 2.5]); // prettier-ignore
    const large = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 23, 32];
    const weights = round(guidanceWeights({ shape: 'ramp', scale: 3 }, large, habits));
    expect(weights).toEqual([0, 0.333, 0.667, 1, 1.333, 1.667, 2, 2.333, 2.667, 3, 3.333, 3.667, 4, 3, 3]);
    expect(guidanceWeights({ shape: 'ramp', scale: 3 }, [4], habits)).toEqual([0]);
    const plain = { rampSteps: Infinity, rampSide: Infinity }; // VAR's: a straight line over any number of scales
    expect(round(guidanceWeights({ shape: 'ramp', scale: 3 }, large, plain)).slice(-2)).toEqual([2.786, 3]);
    expect(guidanceWeights({ shape: 'ramp', scale: 3, fullAbove: 2 }, [1, [2, 3], 4], plain)).toEqual([0, 3, 3]);
  });
  test('constant guidance is null + scale · (class − null)', () => {
    scope(() => {
      const [weight] = guidanceWeights({ shape: 'constant', scale: 4 }, [1, 2], generator.habits);
      expect(guide(tensor([[[1, 2]], [[3, 5]]]), weight!).toArray()).toEqual([3 + 4 * (1 - 3), 5 + 4 * (2 - 5)]);
    });
  });
});

describe('guidance by list and interval', () => {
  const habits = generator.habits;
  test('a weight a scale, and only some scales', () => {
    const list = { shape: 'list', weights: [0.5, 0, 2] } as const;
    expect(guidanceWeights(list, [1, 2, 3], habits)).toEqual([0.5, 0, 2]);
    expect(guidanceWeights({ ...list, interval: [1, 2] }, [1, 2, 3], habits)).toEqual([0, 0, 2]);
    expect(guidanceWeights({ shape: 'constant', scale: 3, interval: [1, 1] }, [1, 2, 3], habits)).toEqual([0, 2, 0]);
    expect(() => guidanceWeights(list, [1, 2], habits)).toThrow(/a weight for each of the 2 scales, got 3/);
  });
});

/** The logits and images of every scale are those of one masked forward over the tokens that were chosen. */
function expectMaskedForward({ generator, tokenizer }: Pair, list: Scales): void {
  const guidance = { shape: 'ramp', scale: 2 } as const;
  const seen = run({ ...base, scales: list, guidance, topK: 12, topP: 0.9 }, { generator, tokenizer });
  const weights = guidanceWeights(guidance, list, generator.habits);
  noGrad(() => {
    scope(() => {
      const indices = seen.map(({ tokens }) => tensor(tokens, { dtype: 'int64' }));
      const inputs = list.length > 1 ? tokenizer.inputs(indices, list) : undefined;
      const forward = (labels: Tensor) => generator.logits(labels, inputs, list).splitWithSizes(list.map(countOf), 1);
      const own = forward(tensor(base.labels, { dtype: 'int64' }));
      const none = forward(full([2], generator.nullClass, { dtype: 'int64' }));
      seen.forEach(({ logits, image }, i) => {
        const expected = guide(ops.cat([own[i]!, none[i]!], 0), weights[i]!);
        const found = tensor(logits).view(expected.shape);
        const apart = found.sub(expected).linalgVectorNorm().item() / expected.linalgVectorNorm().item();
        expect(apart).toBeLessThan(1e-5);
        const decoded = picturesOf(tokenizer, indices.slice(0, i + 1), list).at(-1)!.clamp(-1, 1); // prettier-ignore
        expect(tensor(image).view(decoded.shape).sub(decoded).abs().amax().item()).toBeLessThan(1e-5);
      });
    });
  });
}

describe('cached sampling equals the masked forward', () => {
  test.each<[Scales]>([[scales], [[2, 3, 6]], [[1, 12, 2]], [[3]], [[1, [2, 3], [4, 6], [11, 12]]]])(
    'scales %j',
    (list) => {
      expectMaskedForward({ generator, tokenizer }, list);
    },
  );
  test.each([[[1, 2, 3, 5]], [[2, 3, 6]], [[3]], [[1, 12]]])('VAR of scales %j', (list) => {
    const pair = tinyVar({ scales: list, vocabularySize: codes, width: 48, heads: 3 });
    expectMaskedForward(pair, list);
    pair.generator.dispose();
    pair.tokenizer.dispose();
  });
});

describe('an image does not depend on its batch', () => {
  const options = { scales, guidance: { shape: 'ramp', scale: 2 }, topK: 20, topP: 0.95 } as const;
  test.each([
    [2, 0],
    [2, 1],
    [5, 3],
    [16, 15],
  ])('bit for bit, in a batch of %i as number %i', (size, place) => {
    const alone = run({ ...options, labels: [3], seeds: [77] });
    const labels = Array.from({ length: size }, (_, i) => (i === place ? 3 : i % 6));
    const seeds = labels.map((_, i) => (i === place ? 77 : i));
    run({ ...options, labels, seeds }).forEach(({ tokens, logits, image }, i) => {
      expect(tokens[place]).toEqual(alone[i]!.tokens[0]);
      expect(logits[place]).toEqual(alone[i]!.logits[0]);
      expect(image[place]).toEqual(alone[i]!.image[0]);
    });
  });
  test('computed together it draws the same numbers and differs in the last bits at most', () => {
    const labels = [0, 1, 2, 3, 4, 5];
    const seeds = [5, 6, 7, 8, 9, 10];
    const together = run({ ...options, labels, seeds, independent: false });
    run({ ...options, labels, seeds }).forEach(({ tokens, logits }, i) => {
      expect(together[i]!.tokens).toEqual(tokens);
      const differences = logits.flatMap((row, j) => row.map((x, k) => Math.abs(x - together[i]!.logits[j]![k]!)));
      expect(Math.max(...differences)).toBeLessThan(1e-3);
    });
  });
  test('the seed decides', () => {
    const draw = (seed: number) => tokensOf({ ...options, labels: [3], seeds: [seed] });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});

describe('the null half', () => {
  /** Rows that go through the blocks and through the head at each scale, of two images. */
  const rows = (guidance?: SampleOptions['guidance']) => {
    const [blocks, heads]: [number[], number[]] = [[], []];
    const block = generator.blocks[0]!;
    const [forward, headLogits] = [block.forward.bind(block), generator.headLogits.bind(generator)];
    vi.spyOn(block, 'forward').mockImplementation((x, ...rest) => {
      blocks.push(x.size(0));
      return forward(x, ...rest);
    });
    vi.spyOn(generator, 'headLogits').mockImplementation((x, condition) => {
      heads.push(x.size(0));
      return headLogits(x, condition);
    });
    tokensOf({ ...base, ...(guidance && { guidance }), independent: false });
    vi.restoreAllMocks();
    return { blocks, heads };
  };
  test('is not computed where no scale is guided', () => {
    const none = { blocks: [2, 2, 2, 2], heads: [2, 2, 2, 2] };
    expect(rows()).toEqual(none);
    expect(rows({ shape: 'constant', scale: 1 })).toEqual(none);
    expect(rows({ shape: 'ramp', scale: 0 })).toEqual(none);
  });
  test('goes through the blocks while a later scale needs it, through the head only where its own scale does', () => {
    expect(rows({ shape: 'ramp', scale: 2 })).toEqual({ blocks: [4, 4, 4, 4], heads: [2, 4, 4, 4] });
    expect(rows({ shape: 'constant', scale: 2 })).toEqual({ blocks: [4, 4, 4, 4], heads: [4, 4, 4, 4] });
  });
});

describe('choice of tokens', () => {
  test('top-k 1, a temperature near nought, and greedy sides take the most probable', () => {
    const greedy = run({ ...base, topK: 1 });
    greedy.forEach(({ tokens, logits }) => {
      tokens.forEach((row, i) => {
        row.forEach((token, n) => {
          const position = logits[i]!.slice(n * codes, (n + 1) * codes);
          expect(position[token]).toBe(Math.max(...position));
        });
      });
    });
    const expected = greedy.map(({ tokens }) => tokens);
    expect(tokensOf({ ...base, temperature: 1e-4 })).toEqual(expected);
    expect(tokensOf({ ...base, greedyScales: scales })).toEqual(expected);
    const free = tokensOf({ ...base, temperature: 5 });
    expect(free).not.toEqual(expected);
    expect(tokensOf({ ...base, temperature: 5, greedyScales: [2] })[0]).toEqual(free[0]);
  });
  test('invalid codes are never drawn, however hot and guided', () => {
    const valid = [3, 17];
    const invalidIds = Array.from({ length: codes }, (_, i) => i).filter((code) => !valid.includes(code));
    for (const options of [{ temperature: 1000 }, { topK: 30, topP: 0.99 }, { topK: 1 }]) {
      const drawn = tokensOf({ ...base, ...options, invalidIds, guidance: { shape: 'ramp', scale: 3 } }).flat(2);
      expect(drawn.every((token) => valid.includes(token))).toBe(true);
    }
  });
});

describe('the stream', () => {
  test('records come in order, on any list of scales', () => {
    for (const list of [[1], [4, 2, 7], [2, 3], [1, [2, 3], [5, 2]]] as Scales[]) {
      const seen = run({ ...base, scales: list });
      expect(seen.map(({ scale }) => scale)).toEqual(list);
      seen.forEach(({ tokens, image, scale }) => {
        expect(tokens.map((row) => row.length)).toEqual([countOf(scale), countOf(scale)]);
        expect(image[0]!.length).toBe(3 * countOf(scale) * tokenizer.stride ** 2);
        expect(image.flat().every((value) => value >= -1 && value <= 1)).toBe(true);
      });
    }
  });
  test('frees what it took: at the end, when the consumer stops, and when something fails', () => {
    const before = liveTensors();
    const guided = { ...base, guidance: { shape: 'ramp', scale: 2 } } as const;
    for (const independent of [true, false]) {
      expect([...sample(generator, tokenizer, { ...guided, independent })].length).toBe(4);
      expect(liveTensors()).toBe(before);
      for (const record of sample(generator, tokenizer, { ...guided, independent })) if (record.index === 1) break;
      expect(liveTensors()).toBe(before);
      vi.spyOn(tokenizer.codebook, 'lookUp').mockImplementationOnce(() => {
        throw new Error('stop');
      });
      expect(() => [...sample(generator, tokenizer, { ...guided, independent })]).toThrow('stop');
      expect(liveTensors()).toBe(before);
    }
  });
  test('a record is freed when the next one comes', () => {
    const held: number[] = [];
    const options = { ...base, scales: [4, 4, 4, 4, 4], independent: false };
    for (const { index } of sample(generator, tokenizer, options)) held[index] = liveTensors();
    expect(held[4]! - held[1]!).toBeLessThanOrEqual(3); // the indices of each scale
  });
});

test('what cannot be sampled is refused in one sentence', () => {
  const refuse = (options: Partial<SampleOptions>, message: RegExp) => {
    expect(() => [...sample(generator, tokenizer, { ...base, ...options })]).toThrow(message);
    expect(() => [...sample(generator, tokenizer, { ...base, ...options })]).toThrow(UsageError);
  };
  refuse({ labels: [1] }, /one seed for each label, got 1 labels and 2 seeds/);
  refuse({ labels: [1, 6] }, /classes 0 to 4 \(or 5 for none\), got 6/);
  refuse({ scales: [] }, /a list of sides/);
  refuse({ scales: [1, 2.5] }, /a list of sides/);
  refuse({ temperature: 0 }, /temperature must be above 0, got 0/);
  refuse({ invalidIds: [codes] }, /invalid codes of 0 to 39, got 40/);
  refuse({ invalidIds: Array.from({ length: codes }, (_, i) => i) }, /all codes are invalid/);
});
