// Sweeps without weights: models that only have names, and a judge whose distance is a formula of the settings.
import type { SweepJudge, SweepModel } from '../src/experiments/sweepPoints.js';
import type { Assessor, SamplingSettings } from '../src/recipes/index.js';

/** What happened to the models: `open NAME` and `close NAME`. */
export type Deeds = string[];

/** A model whose distance is least at a guidance of `optimum`; opening and disposing of it is noted. */
export function fakeModel(name: string, optimum: number, deeds: Deeds = []): SweepModel & { optimum: number } {
  const part = (...events: string[]) => ({ name, optimum, dispose: () => deeds.push(...events) });
  const open = () => {
    deeds.push(`open ${name}`);
    return { generator: part(`close ${name}`), tokenizer: part() };
  };
  const settings: SweepModel['settings'] = { scales: [1, 2], guidance: { shape: 'ramp', scale: 0 } };
  return { name, path: `runs/${name}`, fingerprint: `${name}0000`, settings, optimum, open: open as unknown as SweepModel['open'] }; // prettier-ignore
}

/** The distance that the judge below finds: 10 + (guidance − optimum)², more with few codes, a little by the seed. */
export function fakeDistance(optimum: number, { guidance, topK }: SamplingSettings, seed: number): number {
  const cfg = (guidance as { scale: number }).scale;
  return 10 + (cfg - optimum) ** 2 + (topK ? 1 / (topK as number) : 0) + seed / 100;
}

/** A judge by that formula; what it measures is noted. */
export function fakeJudge(fingerprint = 'judge', deeds: Deeds = []): SweepJudge {
  const headline = { key: 'fcd', name: 'FCD', digits: 2 };
  const columns = [headline, { key: 'precision', name: 'precision', digits: 3 }, { key: 'recall', name: 'recall', digits: 3 }]; // prettier-ignore
  const assess: Assessor['assess'] = ({ generator }, how, { seed }) => {
    const { name, optimum } = generator as unknown as { name: string; optimum: number };
    const cfg = (how.guidance as { scale: number }).scale;
    deeds.push(`measure ${name} at ${cfg}`);
    return { fcd: fakeDistance(optimum, how, seed), precision: 0.5 + cfg / 20, recall: 0.7 - cfg / 20 };
  };
  return { fingerprint, assessor: { headline, columns, reference: 'things test (9 images)', assess } };
}
