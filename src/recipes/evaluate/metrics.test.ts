// Which references the figures of neighbours look at.
import { expect, test } from 'vitest';
import { statisticsOf } from '../../evaluate/index.js';
import { Generator, ops, randn, scope, type Tensor } from '../../torch/index.js';
import type { FeatureSet } from './gather.js';
import { metricsOf } from './metrics.js';
import type { EvaluationNetwork } from './network.js';
import type { Reference } from './reference.js';

const network = {
  kind: 'classifier',
  name: 'classifier',
  distance: { key: 'fcd', name: 'FCD' },
  kernel: { key: 'kcd', name: 'kernel distance' },
} as EvaluationNetwork;

const setOf = (pool_ND: Tensor) =>
  ({ count: pool_ND.size(0), pool_ND, statistics: statisticsOf(pool_ND) }) as FeatureSet;

const referenceOf = (features_ND: Tensor, matched: boolean) =>
  ({ name: 'reference', statistics: statisticsOf(features_ND), features_ND, matched }) as Reference;

test('where they are more than the samples, as many, spread over a set that may be sorted by class; all of a file of statistics', () => {
  scope(() => {
    const near = (seed: number, count: number, at: number) =>
      randn([count, 3], { generator: new Generator(seed) }).add(at);
    const sorted = ops.cat([near(1, 40, 0), near(2, 40, 1000)], 0);
    const samples = setOf(near(3, 20, 1000)); // of the second half alone
    const shares = (matched: boolean) => {
      using found = metricsOf(network, referenceOf(sorted, matched), samples, { distance: 'FCD', labels: undefined, seed: 1 }); // prettier-ignore
      const valueOf = (key: string) => found.metrics.find((one) => one.key === key)!.value;
      return { neighbours: found.neighbours, precision: valueOf('precision'), recall: valueOf('recall'), coverage: valueOf('coverage') }; // prettier-ignore
    };
    const matched = shares(true);
    expect(matched.neighbours).toBe(20);
    expect(matched.precision).toBeGreaterThan(0.5); // 0 among the first 20
    expect(matched.recall).toBeLessThanOrEqual(0.5);
    const whole = shares(false);
    expect(whole.neighbours).toBe(80);
    expect(whole.precision).toBeGreaterThan(0.8);
    expect(whole.coverage).toBeLessThanOrEqual(0.5);
  });
});
