// Checks a `flexvar_full` or `var_full` file: the published sizes, one hash image, teacher forcing without gradients, greedy sampling.
import { areaResize, crossEntropy } from '../nn/index.js';
import { sample } from '../sampling/index.js';
import { picturesOf, type Scales, type Tokenizer } from '../tokenizers/index.js';
import { noGrad, ops, scope, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { asInFile, codeMargin, codeMargins, hashLatent, splitScales } from './generation.js';
import type { GoldenFile } from './goldenFile.js';
import { type HashModels, withHashModels } from './models.js';
import { type Check, compareChoices, compareFloats, compareNumber } from './report.js';

/** All checks of one file. */
export function checkGenerationFull(file: GoldenFile): Check[] {
  return withHashModels(file, (models) => [
    ...checkTeacherForcing(file, models),
    ...file
      .matches(/^greedy\.cfg([\d.]+)\.indices$/)
      .flatMap((cfg) => checkGreedy(file, models, `greedy.cfg${cfg}`, Number(cfg))),
  ]);
}

/** Indices, chosen rows of the logits, the logits' norm and the loss. */
function checkTeacherForcing(file: GoldenFile, models: HashModels): Check[] {
  const { tokenizer, generator } = models;
  const scales = file.scales('patch_nums');
  const [rowsName] = file.matches(/^(logits_rows_[\d_]+)$/);
  if (!rowsName) throw new UsageError(`${file.path}: expected a tensor 'logits_rows_…', found none`);
  const rows = rowsName.slice('logits_rows_'.length).split('_').map(Number);
  return noGrad(() =>
    scope(() => {
      const latent = hashLatent(file, models, 1, scales);
      const indices = ops.cat(tokenizer.quantise(latent, scales), 1);
      const golden = file.tensor('indices');
      const byScale = splitScales(golden, scales);
      const labels = tensor([file.integer('label', 0)], { dtype: 'int64' });
      const logits = generator.logits(labels, tokenizer.inputs(byScale, scales), scales);
      const chosen = logits.select(0, 0).indexSelect(0, tensor(rows, { dtype: 'int64' }));
      return [
        compareChoices('indices', indices, golden, codeMargins(tokenizer, latent, byScale, scales), codeMargin).check,
        compareFloats(rowsName, chosen, file.tensor(rowsName)),
        compareNumber('logits_norm', logits.linalgVectorNorm().item(), file.number('logits_norm'), 1e-4),
        compareNumber('loss', crossEntropy(logits, golden).item(), file.number('loss'), 1e-5),
      ];
    }),
  );
}

/** Greedy sampling: tokens of each scale where the file's margins decide, and the image averaged over blocks. */
function checkGreedy(file: GoldenFile, models: HashModels, prefix: string, cfg: number): Check[] {
  const scales = file.scales('patch_nums');
  const margins = file.numbers('greedy.margins');
  const expected = splitScales(file.tensor(`${prefix}.indices`), scales);
  const guidance = { shape: 'ramp', scale: cfg } as const;
  const options = { labels: [file.integer('label', 0)], seeds: [0], scales, guidance, topK: 1 };
  const checks: Check[] = [];
  for (const { index, indices_BN } of sample(models.generator, models.tokenizer, options)) {
    const name = `${prefix}.indices.scale${index}`;
    const { check, equal } = compareChoices(name, indices_BN, expected[index]!, margins[index] ?? Infinity);
    checks.push(check);
    if (!equal) return checks;
  }
  return [...checks, ...checkImage(file, models.tokenizer, prefix, expected, scales)];
}

/** The image of the golden tokens, averaged over blocks whose side the tensor's name gives. */
function checkImage(
  file: GoldenFile,
  tokenizer: Tokenizer,
  prefix: string,
  indices: readonly Tensor[],
  scales: Scales,
): Check[] {
  return noGrad(() =>
    scope(() => {
      const image = asInFile(file, picturesOf(tokenizer, indices, scales).at(-1)!);
      const side = image.size(2);
      return file.matches(/\.image_mean(\d+)$/).map((block) => {
        const name = `${prefix}.image_mean${block}`;
        const blocks = side / Number(block);
        return compareFloats(name, areaResize(image, [blocks, blocks]), file.tensor(name));
      });
    }),
  );
}
