// Precision, recall, density and coverage: by hand, and against plain loops over exact distances, on random sets and on ones full of ties.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generator, ops, randint, randn, scope, type Tensor, tensor } from '../torch/index.js';
import { densityCoverage } from './densityCoverage.js';
import { exactSquares } from './distances.js';
import { inAnyBall, neighbourBalls, tallyBalls } from './neighbours.js';
import { precisionRecall } from './precisionRecall.js';

const normal = (seed: number, ...shape: number[]): Tensor => randn(shape, { generator: new Generator(seed) });
const column = (...values: number[]) => tensor(values.map((value) => [value]));

/** Squared distances of all to all, row by row, each from its differences alone. */
function plainSquares(a_ND: Tensor, b_MD: Tensor): number[][] {
  return Array.from({ length: a_ND.size(0) }, (_, i) => exactSquares(a_ND.select(0, i).unsqueeze(0), b_MD).toArray());
}

/** What `neighbourBalls`, `inAnyBall` and `tallyBalls` must give. */
function plain(centres_ND: Tensor, points_MD: Tensor, k: number) {
  const radii = plainSquares(centres_ND, centres_ND).map((row) => row.sort((a, b) => a - b)[k]!);
  const squares = plainSquares(points_MD, centres_ND);
  const within = squares.map((row) => row.map((square, i) => square < radii[i]!));
  const sum = (values: boolean[]) => values.filter(Boolean).length;
  return {
    radii,
    inside: squares.map((row) => Number(row.some((square, i) => square <= radii[i]!))),
    perPoint: within.map(sum),
    perCentre: radii.map((_, i) => sum(within.map((row) => row[i]!))),
  };
}

/** The same by tiles. */
function found(centres_ND: Tensor, points_MD: Tensor, k: number, rows: number, columns: number) {
  const tile = { rows, columns };
  const balls = neighbourBalls(centres_ND, k, tile);
  const { perPoint_M, perCentre_N } = tallyBalls(balls, points_MD, tile);
  const [radii, inside] = [balls.square_N.toArray(), inAnyBall(balls, points_MD, tile).toArray()];
  return { radii, inside, perPoint: perPoint_M.toArray(), perCentre: perCentre_N.toArray() };
}

/** Sets of which many members are equal, or lie as far from each other as others do. */
const sets: Record<string, (seed: number) => [Tensor, Tensor]> = {
  random: (seed) => [normal(seed, 60, 7), normal(seed + 1, 50, 7).mul(0.8)],
  'far from the origin, so that rounding is large': (seed) => [normal(seed, 60, 7).add(1e4), normal(seed + 1, 50, 7).mul(0.8).add(1e4)], // prettier-ignore
  'copies of few': (seed) => {
    const few = normal(seed, 12, 40);
    const pick = (at: number, count: number) => few.indexSelect(0, randint(0, 12, [count], { generator: new Generator(at) })); // prettier-ignore
    return [pick(seed, 60), pick(seed + 1, 50)];
  },
  'copies with a trace of noise, far from the origin': (seed) => {
    const few = normal(seed, 3, 20).add(100);
    const near = (at: number, count: number) => few.indexSelect(0, randint(0, 3, [count], { generator: new Generator(at) })).to('float64').add(normal(at, count, 20).mul(1e-6)); // prettier-ignore
    return [near(seed, 60), near(seed + 1, 50)];
  },
  "as wide as Inception's, with as many zeros": (seed) => [
    normal(seed, 40, 2048).relu(),
    normal(seed + 1, 30, 2048).relu(),
  ],
  'each twice, and samples that are copies': (seed) => {
    const once = normal(seed, 30, 9);
    return [ops.cat([once, once], 0), ops.cat([once.narrow(0, 0, 20), normal(seed + 1, 30, 9)], 0)];
  },
  'all equal': () => [column(...Array<number>(60).fill(0.1)), column(...Array<number>(50).fill(0.1))],
  'a lattice': (seed) => [0, 1].map((at) => randint(-1, 2, [60 - 10 * at, 3], { generator: new Generator(seed + at), dtype: 'float32' })) as [Tensor, Tensor], // prettier-ignore
  'a lattice whose steps are rounded': (seed) => [0, 1].map((at) => randint(-2, 3, [60 - 10 * at, 2], { generator: new Generator(seed + at), dtype: 'float32' }).mul(0.1).add(3)) as [Tensor, Tensor], // prettier-ignore
};

describe.each(Object.entries(sets))('%s', (_, make) => {
  test('tiles of any size give what plain loops give', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 6 }), (seed, rows, columns, k) => {
        scope(() => {
          const [reference, sample] = make(seed);
          expect(found(reference, sample, k, rows, columns)).toEqual(plain(reference, sample, k));
        });
      }),
      { numRuns: 8 },
    ); // prettier-ignore
  });
});

test('an exact distance does not depend on how many are computed with it', () => {
  scope(() => {
    for (const width of [1, 3, 8, 17, 2048]) {
      const [a, b] = [normal(1, 40, width), normal(2, 40, width)];
      const all = exactSquares(a, b).toArray();
      const alone = all.map((_, i) => exactSquares(a.narrow(0, i, 1), b.narrow(0, i, 1)).item());
      expect(alone).toEqual(all);
    }
  });
});

describe('precision and recall', () => {
  test('extremes', () => {
    scope(() => {
      const set = normal(1, 100, 6);
      expect(precisionRecall(set, set)).toEqual({ precision: 1, recall: 1 });
      expect(precisionRecall(set, set.add(100))).toEqual({ precision: 0, recall: 0 });
    });
  });
  test('samples of half the reference are precise and recall that half', () => {
    scope(() => {
      const [here, there] = [normal(1, 50, 2), normal(2, 50, 2).add(1000)];
      const found = precisionRecall(ops.cat([here, there], 0), here);
      expect(found).toEqual({ precision: 1, recall: 0.5 });
    });
  });
  test('by hand on a line: radii are distances to the k-th other', () => {
    scope(() => {
      const column = (...values: number[]) => tensor(values.map((value) => [value]));
      // k = 1: radii of the reference are 1, 1, 2, of the sample 6, 1, 1
      const found = precisionRecall(column(0, 1, 3), column(-1.5, 4.5, 5.5), 1);
      // only 4.5 lies within a reference radius (2 of 3); every reference lies within 6 of −1.5
      expect(found).toEqual({ precision: expect.closeTo(1 / 3, 12) as number, recall: 1 });
    });
  });
});

describe('density and coverage', () => {
  test('by hand on a line', () => {
    scope(() => {
      // k = 1: radii of the reference are 1, 1, 2; 0.5 lies in two balls, 4.5 in one, 9 in none; 5 is on a surface
      const found = densityCoverage(column(0, 1, 3), column(0.5, 4.5, 9, 5), 1);
      expect(found).toEqual({ density: 3 / 4, coverage: 1 });
      expect(densityCoverage(column(0, 1, 3), column(0.5, 9), 1)).toEqual({ density: 1, coverage: expect.closeTo(2 / 3, 12) as number }); // prettier-ignore
    });
  });
  test('a set has density 1 in itself, and two of one distribution nearly so', () => {
    scope(() => {
      const set = normal(1, 400, 6);
      expect(densityCoverage(set, set)).toEqual({ density: 1, coverage: 1 });
      const { density, coverage } = densityCoverage(set, normal(2, 400, 6));
      expect(Math.abs(density - 1)).toBeLessThan(0.12);
      expect(Math.abs(coverage - (1 - 2 ** -5))).toBeLessThan(0.03); // the paper's lemma 2: about 1 − 2⁻ᵏ
    });
  });
  test('a reference that lies far off does not draw the density up, as it does precision', () => {
    scope(() => {
      const [inner, far] = [normal(1, 200, 4), tensor([[60, 60, 60, 60]])];
      const between = normal(2, 100, 4).add(9);
      expect(precisionRecall(ops.cat([inner, far], 0), between).precision).toBe(1);
      expect(densityCoverage(ops.cat([inner, far], 0), between).density).toBeLessThan(0.25);
    });
  });
});

test('what cannot be compared is told', () => {
  scope(() => {
    expect(() => neighbourBalls(normal(1, 3, 2), 3)).toThrow('expected more than 3 images on either side, got 3; sample more'); // prettier-ignore
    expect(() => neighbourBalls(column(1, NaN, 3, 4, 5), 3)).toThrow('expected finite features');
  });
});
