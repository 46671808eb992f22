// Editing: masks against plain calculations, and what given tokens do to a run, with both families.
import { afterAll, describe, expect, test } from 'vitest';
import { FlexVar, flexVarConfig, initialiseGenerator, initialiseTokenizer, Var, varConfig } from '../models/index.js';
import {
  FlexVarTokenizer,
  flexVarTokenizerConfig,
  picturesOf,
  type Scales,
  sizeOf,
  tokensOf,
  VarTokenizer,
  varTokenizerConfig,
} from '../tokenizers/index.js';
import { Generator, noGrad, rand, scope, tensor } from '../torch/index.js';
import { classPath, givenFromImage, givenUpTo, keepMasks, type Label, sample, type SampleOptions } from './index.js';

const scales = [1, 2, 3, 5];
const sizes = { vocabularySize: 40, codeWidth: 4 };
const tokenizerSizes = { ...sizes, channels: 8, multipliers: [1, 2], resBlocks: 1, normGroups: 4 };
const generatorSizes = { ...sizes, depth: 2, width: 32, heads: 2, classes: 5 };
const families = {
  flexvar: {
    tokenizer: new FlexVarTokenizer(flexVarTokenizerConfig.parse({ ...tokenizerSizes, zChannels: 8 })).eval(),
    generator: new FlexVar(flexVarConfig.parse(generatorSizes)).eval(),
  },
  var: {
    tokenizer: new VarTokenizer(varTokenizerConfig.parse(tokenizerSizes)).eval(),
    generator: new Var(varConfig.parse({ ...generatorSizes, scales })).eval(),
  },
};
for (const { tokenizer, generator } of Object.values(families)) {
  initialiseTokenizer(tokenizer, new Generator(1));
  initialiseGenerator(generator, new Generator(2), { gate: 1 });
  noGrad(() => generator.head.weight_OI.mul_(60));
}
type Family = keyof typeof families;
const names = Object.keys(families) as Family[];

afterAll(() => {
  for (const { tokenizer, generator } of Object.values(families)) [tokenizer, generator].forEach((one) => { one.dispose(); }); // prettier-ignore
});

/** Bilinear resizing of a map, corners not aligned, straight from its definition. */
function bilinear(map: number[][], [height, width]: readonly [number, number]): number[] {
  const [h, w] = [map.length, map[0]!.length];
  const along = (at: number, from: number, to: number) => {
    const place = Math.max(0, ((at + 0.5) * from) / to - 0.5);
    const low = Math.floor(place);
    return { low, high: Math.min(low + 1, from - 1), part: place - low };
  };
  return Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [along(Math.floor(i / width), h, height), along(i % width, w, width)];
    const row = (r: number) => map[r]![x.low]! * (1 - x.part) + map[r]![x.high]! * x.part;
    return row(y.low) * (1 - y.part) + row(y.high) * y.part;
  });
}

/** 10 × 10 pixels of which a box of rows 3 to 6 and columns 4 to 9 is made anew: rows 1 to 3 and columns 2 to 4 of the tokens. */
const pixels = Array.from({ length: 100 }, (_, i) => {
  const [row, column] = [Math.floor(i / 10), i % 10];
  return row >= 3 && row <= 6 && column >= 4 ? 0 : 1;
});
const grid = Array.from({ length: 5 }, (_, row) =>
  Array.from({ length: 5 }, (_, column) => (row >= 1 && row <= 3 && column >= 2 ? 0 : 1)),
);

describe('masks', () => {
  const masks = (list: Scales) =>
    scope(() => keepMasks(tensor(pixels, { shape: [10, 10] }), list).map((one) => one.toArray()));
  test.each<[Scales]>([[scales], [[[1, 3], [2, 1], 4, [4, 7], 5]]])('%j equal a plain calculation', (list) => {
    masks(list).forEach((found, i) => {
      const few = tokensOf(list[i]!) <= 3;
      expect(found).toEqual(bilinear(grid, sizeOf(list[i]!)).map((value) => Number(few || value > 0.5)));
    });
  }); // prettier-ignore
  test('a token stays only where all of its pixels do', () => {
    expect(masks([5])[0]).toEqual(grid.flat());
  });
});

describe.each(names)('%s', (family) => {
  const { tokenizer, generator } = families[family];
  const options = { labels: [1, 4], seeds: [10, 11], scales, guidance: { shape: 'ramp', scale: 2 } } as const;
  const run = (more: Partial<SampleOptions>) => {
    const seen = [];
    for (const record of sample(generator, tokenizer, { ...options, ...more }))
      seen.push(
        scope(() => ({
          tokens: record.indices_BN.toArray(),
          best: record.logits_BNV.argmax(-1).toArray(),
          image: record.image().toArray(),
        })),
      );
    return seen;
  };
  const images = () => rand([2, 3, 10, 10], { generator: new Generator(5) }).mul(2).sub(1); // prettier-ignore
  const keep = () => tensor(pixels, { shape: [10, 10] });

  test('kept tokens are the image’s, all others the generator’s', () => {
    scope(() => {
      const given = givenFromImage(tokenizer, images(), scales, keep());
      let different = 0;
      run({ given, greedyScales: scales }).forEach(({ tokens, best }, i) => {
        const kept = given[i]!.kept_BN!.toArray();
        const own = given[i]!.indices_BN.toArray();
        expect(tokens).toEqual(best.map((token, at) => (kept[at] ? own[at] : token)));
        different += best.filter((token, at) => token !== own[at]).length;
      });
      expect(different).toBeGreaterThan(20);
    });
  });
  test('what lies where nothing is kept has no say', () => {
    scope(() => {
      const given = givenFromImage(tokenizer, images(), scales, keep());
      const other = given.map(({ indices_BN, kept_BN }) => ({
        kept_BN,
        indices_BN: indices_BN.maskedFill(kept_BN!.logicalNot(), 7),
      }));
      expect(run({ given: other })).toEqual(run({ given }));
    });
  });
  test('all scales given, the tokenizer’s reconstruction comes out; some given, the later ones differ', () => {
    scope(() => {
      const given = givenFromImage(tokenizer, images(), scales);
      const indices = given.map(({ indices_BN }) => indices_BN);
      const all = run({ given: givenUpTo(given, 4) });
      noGrad(() => {
        picturesOf(tokenizer, indices, scales).forEach((picture, i) => {
          const rows = [0, 1].flatMap((row) => {
            const alone = indices.slice(0, i + 1).map((one) => one.narrow(0, row, 1));
            return picturesOf(tokenizer, alone, scales).at(-1)!.clamp(-1, 1).toArray();
          });
          expect(all[i]!.image).toEqual(rows); // bit for bit, computed one by one as the sampler does
          expect(picture.shape[0]).toBe(2);
        });
      });
      const some = run({ given: givenUpTo(given, 2) });
      expect(some.slice(0, 2)).toEqual(all.slice(0, 2));
      expect(some[3]!.tokens).not.toEqual(all[3]!.tokens);
    });
  });
  test('the ends of an interpolation are the classes, bit for bit', () => {
    const path = classPath([1, 3], 3);
    const seeds = [4, 4, 4];
    const [first, middle, last] = path as [Label, Label, Label];
    const apart = (label: Label) => run({ labels: [label], seeds: [4] }).at(-1)!.image;
    const row = run({ labels: path, seeds }).at(-1)!.image;
    expect(row).toEqual([1, middle, 3].flatMap(apart));
    expect([first, last].map((label) => apart([[label as number, 1], [0, 0]]))).toEqual([1, 3].map(apart)); // prettier-ignore
    expect(apart(middle)).not.toEqual(apart(1));
  });
  test('an image of another size is refused', () => {
    scope(() => {
      expect(() => givenFromImage(tokenizer, rand([1, 3, 8, 10]), scales)).toThrow(
        /expected an image of 10 × 10 pixels, which the scales make, got 8 × 10; resize it or change the scales/,
      );
    });
  });
});

describe('class paths', () => {
  test('through two classes and through three', () => {
    expect(classPath([2, 5], 3)).toEqual([2, [[2, 0.5], [5, 0.5]], 5]); // prettier-ignore
    expect(classPath([0, 1, 2], 5)).toEqual([0, [[0, 0.5], [1, 0.5]], 1, [[1, 0.5], [2, 0.5]], 2]); // prettier-ignore
  });
  test('one class, or fewer steps than classes, is refused', () => {
    expect(() => classPath([1], 3)).toThrow(/at least two classes .* got 1 classes and 3 steps/);
    expect(() => classPath([1, 2, 3], 2)).toThrow(/got 3 classes and 2 steps/);
  });
});
