// Checks a `flexvar` file: tokenizer, teacher forcing with gradients, greedy sampling on two lists of scales.
import { crossEntropy } from '../nn/index.js';
import { sample } from '../sampling/index.js';
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';
import type { GoldenFile, HashModels } from './goldenFile.js';
import { smallModels } from './goldenFile.js';
import { hashImages } from './hash.js';
import { type Check, compareFloats, compareIntegers, compareNumber } from './report.js';

/** All checks of one file. */
export function checkFlexVar(file: GoldenFile): Check[] {
  const models = smallModels(file);
  try {
    return [
      ...checkTokenizer(file, models),
      ...checkTeacherForcing(file, models),
      ...checkGreedy(file, models, 'greedy.cfg2.5', file.json('patch_nums'), 2.5),
      ...checkGreedy(file, models, 'other_steps', file.json('other_patch_nums'), 1.5),
    ];
  } finally {
    models.tokenizer.dispose();
    models.generator.dispose();
  }
}

/** Latent, indices, inputs and the last scale's image of the hash images. */
export function checkTokenizer(file: GoldenFile, { tokenizer }: HashModels): Check[] {
  const scales = file.json<number[]>('patch_nums');
  return noGrad(() =>
    scope(() => {
      const images = hashImages(file.tensor('tokenizer.latent').size(0), scales.at(-1)! * tokenizer.stride, file.seed);
      const latent = tokenizer.encode(images);
      const indices = tokenizer.quantise(latent, scales);
      return [
        compareFloats('tokenizer.latent', latent, file.tensor('tokenizer.latent')),
        compareIntegers('tokenizer.indices', ops.cat(indices, 1), file.tensor('tokenizer.indices')),
        compareFloats(
          'tokenizer.teacher_input',
          tokenizer.inputs(indices, scales),
          file.tensor('tokenizer.teacher_input'),
        ),
        compareFloats(
          'tokenizer.decode_last',
          tokenizer.decodeScale(indices.at(-1)!, scales.at(-1)!),
          file.tensor('tokenizer.decode_last'),
        ),
      ];
    }),
  );
}

function checkTeacherForcing(file: GoldenFile, { generator }: HashModels): Check[] {
  const scales = file.json<number[]>('patch_nums');
  return scope(() => {
    const logits = generator.logits(file.tensor('generator.labels'), file.tensor('tokenizer.teacher_input'), scales);
    const loss = crossEntropy(logits, file.tensor('tokenizer.indices'));
    loss.backward();
    return [
      compareFloats('generator.logits', logits, file.tensor('generator.logits')),
      compareNumber('generator.loss', loss.item(), file.number('generator.loss'), 1e-5),
      ...compareGradients(file, 'grad_norm.', generator.namedParameters()),
    ];
  });
}

/** The gradient norm of each parameter that the file names, then forgets the gradients. */
export function compareGradients(file: GoldenFile, prefix: string, parameters: Iterable<[string, Tensor]>): Check[] {
  const checks: Check[] = [];
  for (const [name, parameter] of parameters) {
    if (!file.has(prefix + name)) continue;
    const norm = parameter.grad?.linalgVectorNorm().item() ?? 0;
    checks.push(compareNumber(prefix + name, norm, file.number(prefix + name), 1e-3));
    parameter.grad = null;
  }
  return checks;
}

/** Greedy sampling: tokens of each scale, guided logits where the file has them, the image. */
function checkGreedy(file: GoldenFile, models: HashModels, prefix: string, scales: number[], cfg: number): Check[] {
  const labels = file.tensor('generator.labels').toArray();
  const checks: Check[] = [];
  const guidance = { shape: 'ramp', scale: cfg } as const;
  const seeds = labels.map((_, i) => i);
  for (const record of sample(models.generator, models.tokenizer, { labels, seeds, scales, guidance, topK: 1 })) {
    const scale = `${prefix}.scale${record.index}`;
    if (file.has(`${scale}.logits`))
      checks.push(compareFloats(`${scale}.logits`, record.logits_BNV, file.tensor(`${scale}.logits`)));
    checks.push(compareIntegers(`${scale}.indices`, record.indices_BN, file.tensor(`${scale}.indices`)));
    if (record.index === scales.length - 1) {
      using image = record.image();
      using expected = file.tensor(`${prefix}.image`).clamp(-1, 1);
      checks.push(compareFloats(`${prefix}.image`, image, expected));
    }
  }
  return checks;
}
