// Averages by power functions: the published numbers, the running sum against the explicit one, resumption, and averages made afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Linear, loadWeights, saveWeights } from '../nn/index.js';
import { Generator, liveTensors, noGrad, randn, scope, type Tensor } from '../torch/index.js';
import { decayOf, gammaOf, PowerEma, sigmaOf } from './ema.js';
import { innerProduct, listSnapshots, synthesise, writeAverage } from './emaPostHoc.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-ema-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

const metadata = { kind: 'generator', family: 'flexvar', config: '{}' };

/** A model whose weights walk at random around a drift, the same walk for the same seed. */
class Walk {
  readonly model = new Linear(3, 2);
  readonly #random = new Generator(4);
  #step = 0;
  constructor() {
    noGrad(() => { for (const one of this.model.parameters()) one.fill_(0); }); // prettier-ignore
  }
  next(): void {
    const drift = 0.1 * Math.exp(-this.#step++ / 60);
    noGrad(() => {
      scope(() => {
        for (const one of this.model.parameters())
          one.add_(randn(one.shape, { generator: this.#random }).mul(0.05).add(drift));
      });
    });
  }
  dispose(): void {
    this.model.dispose();
  }
}

const valuesOf = (tensors: ReadonlyMap<string, Tensor>) => Array.from(tensors.values(), (one) => one.toArray());

/** Walks for some steps; `after` is told each. */
function walk(
  steps: number,
  sigmas: readonly number[],
  after: (ema: PowerEma, walk: Walk, step: number) => void,
): void {
  const walking = new Walk();
  const ema = new PowerEma(walking.model, sigmas);
  for (let step = 1; step <= steps; step++) {
    walking.next();
    ema.update();
    after(ema, walking, step);
  }
  ema.dispose();
  walking.dispose();
}

describe('widths and powers', () => {
  test('the published pairs', () => {
    expect(gammaOf(0.05)).toBeCloseTo(16.97, 2);
    expect(gammaOf(0.1)).toBeCloseTo(6.94, 2);
    expect(gammaOf(sigmaOf(0))).toBeCloseTo(0, 6); // the plain mean
  });
  test.each([0.01, 0.075, 0.15, 0.28])('there and back: %d', (sigma) => {
    expect(sigmaOf(gammaOf(sigma))).toBeCloseTo(sigma, 10);
  });
  test.each([0, -1, 0.3, Number.NaN])('no power function is %d wide', (sigma) => {
    expect(() => gammaOf(sigma)).toThrow(`EMA: expected a width above 0 and at most 0.289, got ${sigma}`);
  });
  test('two averages of one name are refused', () => {
    const model = new Linear(1, 1);
    expect(() => new PowerEma(model, [0.05, 0.0501])).toThrow('ema: expected widths that differ in three decimals, got 0.05, 0.0501'); // prettier-ignore
    model.dispose();
  });
  test('the first step is taken whole', () => {
    expect(decayOf(6.94, 1)).toBe(0);
    expect(decayOf(0, 4)).toBeCloseTo(0.75, 12);
  });
});

test('the running average is the sum of all weights by the power function', () => {
  const before = liveTensors();
  const history: number[][][] = [];
  const t = 30;
  walk(t, [0.05, 0.1], (ema, { model }, step) => {
    history.push(model.parameters().map((one) => one.toArray()));
    if (step < t) return;
    const state = scope(() => valuesOf(ema.part.save())).slice(1);
    [0.05, 0.1].forEach((sigma, which) => {
      const power = gammaOf(sigma) + 1;
      for (const at of [0, 1]) {
        const expected = history[0]![at]!.map((_, i) =>
          history.reduce((sum, one, s) => sum + (((s + 1) / t) ** power - (s / t) ** power) * one[at]![i]!, 0),
        );
        const found = state[2 * which + at]!;
        found.forEach((one, i) => { expect(one).toBeCloseTo(expected[i]!, 5); }); // prettier-ignore
      }
    });
  });
  expect(liveTensors()).toBe(before);
});

test('four steps are two, a file, and two', () => {
  const file = join(root, 'ema.safetensors');
  const states: number[][][] = [];
  walk(4, [0.05, 0.1], (ema, _, step) => {
    if (step === 2) scope(() => { saveWeights(file, ema.part.save()); }); // prettier-ignore
    if (step === 4) states.push(scope(() => valuesOf(ema.part.save())));
  });
  const walking = new Walk();
  for (let i = 0; i < 2; i++) walking.next();
  const ema = new PowerEma(walking.model);
  const { tensors } = loadWeights(file);
  ema.part.load(tensors, file);
  for (let i = 0; i < 2; i++) {
    walking.next();
    ema.update();
  }
  states.push(scope(() => valuesOf(ema.part.save())));
  expect(states[1]).toEqual(states[0]);
  const other = new PowerEma(walking.model, [0.07]);
  expect(() => { other.part.load(tensors, file); }).toThrow(`${file}: expected a tensor 'sigma0.070.weight', found none`); // prettier-ignore
  for (const one of [...tensors.values(), ema, other, walking]) one.dispose();
});

describe('averages made afterwards', () => {
  test('the inner product is the integral', () => {
    const [a, b] = [{ gamma: 16.97, step: 40 }, { gamma: 6.94, step: 100 }]; // prettier-ignore
    const density = ({ gamma, step }: typeof a, at: number) => at > step ? 0 : ((gamma + 1) * at ** gamma) / step ** (gamma + 1); // prettier-ignore
    const points = Array.from({ length: 100_000 }, (_, i) => (i + 0.5) / 1000);
    const sum = points.reduce((sum, at) => sum + density(a, at) * density(b, at), 0) / 1000;
    for (const found of [innerProduct(a, b), innerProduct(b, a)]) expect(found / sum).toBeCloseTo(1, 3);
  });
  const evenly = (count: number) =>
    Array.from({ length: count }, (_, i) => (32 * (i + 1)) / count).flatMap((step) =>
      [0.05, 0.1].map((sigma) => ({ gamma: gammaOf(sigma), step })),
    );
  test('a profile that is there is found alone', () => {
    const profiles = evenly(4);
    const { weights, residual } = synthesise(profiles, profiles[3]!);
    expect(residual).toBeLessThan(1e-6);
    weights.forEach((one, i) => { expect(one).toBeCloseTo(i === 3 ? 1 : 0, 6); }); // prettier-ignore
  });
  test('more snapshots meet a profile better, narrower, between and wider than those kept', () => {
    for (const sigma of [0.03, 0.07, 0.15, 0.2]) {
      const target = { gamma: gammaOf(sigma), step: 32 };
      const found = [4, 8, 16, 32].map((count) => synthesise(evenly(count), target));
      found.slice(1).forEach(({ residual }, i) => { expect(residual, `${sigma}`).toBeLessThan(0.7 * found[i]!.residual); }); // prettier-ignore
      expect(found[3]!.weights.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 2);
    }
  });
  test('a width that was really kept is met, and the file says what it is', () => {
    const folder = join(root, 'ema');
    const kept: number[][] = [];
    const last: number[] = [];
    walk(160, [0.075], (ema, { model }, step) => {
      if (step < 160) return;
      kept.push(...scope(() => valuesOf(ema.part.save())).slice(1));
      last.push(...model.parameters().flatMap((one) => one.toArray()));
    });
    walk(160, [0.05, 0.1], (ema, _, step) => {
      if (step % 10 === 0) ema.snapshot(folder, metadata);
    });
    const snapshots = listSnapshots(folder);
    expect(snapshots.length).toBe(32);
    expect(snapshots.at(-1)).toEqual({ path: join(folder, 'step-00000160-sigma0.100.safetensors'), sigma: 0.1, gamma: gammaOf(0.1), step: 160 }); // prettier-ignore
    const file = join(root, 'made.safetensors');
    const { residual } = writeAverage(snapshots, { sigma: 0.075, step: 160 }, file);
    const made = loadWeights(file);
    expect(made.metadata).toEqual({ ...metadata, ema_sigma: '0.075', ema_step: '160' });
    const [expected, found] = [kept.flat(), valuesOf(made.tensors).flat()];
    const norm = (list: number[]) => Math.hypot(...list);
    const missed = norm(expected.map((one, i) => one - found[i]!)) / norm(expected.map((one, i) => one - last[i]!));
    expect(residual).toBeLessThan(0.004);
    expect(missed).toBeLessThan(0.004); // of how far the average lies from the last weights
    for (const one of made.tensors.values()) one.dispose();
  });
});
