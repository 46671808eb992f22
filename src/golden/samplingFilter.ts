// Checks a `sampling_filter` file: how many tokens top-k and top-p keep of hash logits, and their mass before filtering.
import { filterLogits } from '../sampling/index.js';
import { noGrad, scope, tensor } from '../torch/index.js';
import type { GoldenFile } from './goldenFile.js';
import { hashSequence } from './hash.js';
import { type Check, compareFloats, compareIntegers } from './report.js';

/** All checks of one file. */
export function checkSamplingFilter(file: GoldenFile): Check[] {
  return noGrad(() =>
    scope(() => {
      const head = file.tensor('logits'); // the first columns of the logits
      const shape = [...head.shape.slice(0, 2), file.integer('vocab')];
      const count = shape.reduce((a, b) => a * b, 1);
      const logits = tensor(hashSequence('filter.logits', count, file.seed, 0, 6), { shape });
      const probabilities = logits.softmax(-1);
      const cases = file.matches(/^kept_count\.(k\d+\.p[\d.]+)$/).flatMap((limits) => {
        const [, topK, topP] = /^k(\d+)\.p(.+)$/.exec(limits)!;
        const { indices_BNK, kept_BNK } = filterLogits(logits, { topK: Number(topK), topP: Number(topP) });
        const mass = probabilities.gather(-1, indices_BNK).mul(kept_BNK).sum([-1]);
        const [countName, massName] = [`kept_count.${limits}`, `kept_mass.${limits}`];
        return [
          compareIntegers(countName, kept_BNK.sum([-1]), file.tensor(countName)),
          compareFloats(massName, mass, file.tensor(massName)),
        ];
      });
      return [compareFloats('logits', logits.narrow(-1, 0, head.size(-1)), head, 1e-6), ...cases];
    }),
  );
}
