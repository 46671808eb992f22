// Sweeps without weights: models that only have names, and a judge whose distance is a formula of the settings.
import {
  settingsAt,
  type SweepFigure,
  type SweepJudge,
  type SweepModel,
  type Task,
} from '../src/experiments/sweepPoints.js';
import type { SamplingSettings } from '../src/recipes/index.js';

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
  return { name, path: `runs/${name}`, fingerprint: `${name}0000`, classes: 2, size: [8, 8], settings, optimum, open: open as unknown as SweepModel['open'] }; // prettier-ignore
}

/** The distance that the judge below finds: 10 + (guidance − optimum)², more with few codes, a little by the seed. */
export function fakeDistance(optimum: number, { guidance, topK }: SamplingSettings, seed: number): number {
  const cfg = (guidance as { scale: number }).scale;
  return 10 + (cfg - optimum) ** 2 + (topK ? 1 / (topK as number) : 0) + seed / 100;
}

const columns = [
  { key: 'fcd', name: 'FCD', digits: 2 },
  { key: 'precision', name: 'precision', digits: 3 },
  { key: 'recall', name: 'recall', digits: 3 },
];

/** The figures that the judge below finds. */
export function fakeFigures({ model, point, seed }: Task): SweepFigure[] {
  const { optimum } = model as SweepModel & { optimum: number };
  const values = [fakeDistance(optimum, settingsAt(model, point), seed), 0.5 + point.cfg / 20, 0.7 - point.cfg / 20];
  return columns.map((column, i) => ({ ...column, value: values[i]! }));
}

/** A judge by that formula; what it measures is noted. */
export function fakeJudge(fingerprint = 'judge', deeds: Deeds = []): SweepJudge {
  return {
    headline: columns[0]!,
    reference: 'things test (9 images)',
    fingerprint,
    width: 4,
    libtorch: '2.0',
    note: 'It is not FID.',
    measure: (task) => {
      deeds.push(`measure ${task.model.name} at ${task.point.cfg}`);
      return fakeFigures(task);
    },
  };
}
