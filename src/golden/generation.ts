// Checks a `flexvar` or `var` file: tokenizer, teacher forcing with gradients, greedy sampling on two lists of scales.
import { crossEntropy } from '../nn/index.js';
import { sample } from '../sampling/index.js';
import { type Family, picturesOf, type Scales, sizeOf, type Tokenizer, tokensOf } from '../tokenizers/index.js';
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { GoldenFile } from './goldenFile.js';
import { hashImages } from './hash.js';
import { type HashModels, withHashModels } from './models.js';
import { type Check, compareChoices, compareFloats, compareNumber } from './report.js';

/** All checks of one file. */
export function checkGeneration(file: GoldenFile): Check[] {
  return withHashModels(file, (models) => [
    ...checkTokenizer(file, models),
    ...checkTeacherForcing(file, models),
    ...file
      .matches(/^greedy\.cfg([\d.]+)\.scale0\.indices$/)
      .flatMap((cfg) => checkGreedy(file, models, `greedy.cfg${cfg}`, file.scales('patch_nums'), Number(cfg))),
    ...checkOtherScales(file, models),
  ]);
}

/** A sequence [B, L] cut into its scales. */
export function splitScales(sequence_BL: Tensor, scales: Scales): Tensor[] {
  return sequence_BL.splitWithSizes(scales.map(tokensOf), 1); // prettier-ignore
}

/** Continuous latent of the hash images that are as large as the last scale says. */
export function hashLatent(file: GoldenFile, { tokenizer }: HashModels, count: number, scales: Scales): Tensor {
  return noGrad(() =>
    scope(() => tokenizer.encode(hashImages(count, sizeOf(scales.at(-1)!)[0] * tokenizer.stride, file.seed))),
  );
}

/** Codes are undecided within this: what float32 rounding moves a cosine, or a squared distance between such codes, by. */
export const codeMargin = 1e-5;

/** By how much each position's nearest code is nearer than the second nearest, given the codes of the scales before [B, L]. */
export function codeMargins(
  tokenizer: Tokenizer,
  latent_BChw: Tensor,
  indices: readonly Tensor[],
  scales: Scales,
): Tensor {
  return scope(() => {
    const wanted = tokenizer.wanted(latent_BChw, indices, scales);
    return ops.cat(wanted.map((map_BChw) => marginsOf(tokenizer.codebook.nearness(map_BChw))), 1); // prettier-ignore
  });
}

/** Latent, indices, inputs and the image of the hash images. */
function checkTokenizer(file: GoldenFile, models: HashModels): Check[] {
  const { tokenizer } = models;
  const scales = file.scales('patch_nums');
  const expected = (name: string) => file.tensor(`tokenizer.${name}`);
  // FlexVAR's files have the last scale's image as it is, VAR's the reconstruction, clamped
  const [picture, clamp] = file.has('tokenizer.decode_last') ? ['decode_last', Infinity] : ['reconstruction', 1];
  return noGrad(() =>
    scope(() => {
      const latent = hashLatent(file, models, expected('latent').size(0), scales);
      const indices = tokenizer.quantise(latent, scales);
      const golden = splitScales(expected('indices'), scales);
      const margins = codeMargins(tokenizer, latent, golden, scales);
      const inputs = tokenizer.inputs(golden, scales);
      const image = picturesOf(tokenizer, golden, scales).at(-1)!.clamp(-clamp, clamp);
      return [
        compareFloats('tokenizer.latent', latent, expected('latent')),
        compareChoices('tokenizer.indices', ops.cat(indices, 1), expected('indices'), margins, codeMargin).check,
        compareFloats('tokenizer.teacher_input', inputs, expected('teacher_input')),
        compareFloats(`tokenizer.${picture}`, image, expected(picture)),
      ];
    }),
  );
}

function checkTeacherForcing(file: GoldenFile, { generator }: HashModels): Check[] {
  const labels = file.tensor('generator.labels');
  return scope(() => {
    const logits = generator.logits(labels, file.tensor('tokenizer.teacher_input'), file.scales('patch_nums'));
    const loss = crossEntropy(logits, file.tensor('tokenizer.indices'));
    loss.backward();
    return [
      compareFloats('generator.logits', logits, file.tensor('generator.logits')),
      compareNumber('generator.loss', loss.item(), file.number('generator.loss'), 1e-5),
      ...compareGradients(file, 'grad_norm.', generator.stateDict()),
    ];
  });
}

/** The gradient norm of every parameter that the file names, then forgets the gradients. */
export function compareGradients(file: GoldenFile, prefix: string, parameters: ReadonlyMap<string, Tensor>): Check[] {
  const checks = file
    .names()
    .filter((name) => name.startsWith(prefix))
    .map((name) => {
      const gradient = parameters.get(name.slice(prefix.length))?.grad;
      if (!gradient) return { name, ok: false, detail: 'there is no such gradient' };
      return compareNumber(name, gradient.linalgVectorNorm().item(), file.number(name), 1e-3);
    });
  for (const parameter of parameters.values()) parameter.grad = null;
  return checks;
}

/** Greedy sampling on the file's second list of scales, where it has one. */
function checkOtherScales(file: GoldenFile, models: HashModels): Check[] {
  if (!file.has('other_steps.scale0.indices')) return [];
  const cfg = /([\d.]+) for other_steps/.exec(file.text('cfg_scale'))?.[1];
  if (cfg === undefined)
    throw new UsageError(
      `${file.path}: metadata 'cfg_scale': expected '… for other_steps', got '${file.text('cfg_scale')}'`,
    );
  return checkGreedy(file, models, 'other_steps', file.scales('other_patch_nums'), Number(cfg));
}

/** Greedy sampling: tokens of each scale, guided logits where the file has them, the image. */
function checkGreedy(file: GoldenFile, models: HashModels, prefix: string, scales: Scales, cfg: number): Check[] {
  const labels = file.numbers('generator.labels');
  const seeds = labels.map((_, i) => i);
  const guidance = { shape: 'ramp', scale: cfg } as const;
  const checks: Check[] = [];
  for (const record of sample(models.generator, models.tokenizer, { labels, seeds, scales, guidance, topK: 1 })) {
    const name = `${prefix}.scale${record.index}`;
    const withLogits = file.has(`${name}.logits`);
    if (withLogits) checks.push(compareFloats(`${name}.logits`, record.logits_BNV, file.tensor(`${name}.logits`)));
    using margins = withLogits ? marginsOf(file.tensor(`${name}.logits`)) : undefined;
    const indices = file.tensor(`${name}.indices`);
    const { check, equal } = compareChoices(`${name}.indices`, record.indices_BN, indices, margins ?? Infinity);
    checks.push(check);
    if (!equal) break;
    if (record.index === scales.length - 1) {
      using image = record.image();
      checks.push(
        scope(() => {
          const expected = file.tensor(`${prefix}.image`);
          return compareFloats(`${prefix}.image`, asInFile(file, image), expected.clamp(-1, 1));
        }),
      );
    }
  }
  return checks;
}

/** A sampled image as a family's files have it: FlexVAR's as it was decoded, VAR's clamped and in [0, 1], as its sampler gives it. */
const imagesInFiles: Record<Family, (image_B3HW: Tensor) => Tensor> = {
  flexvar: (image_B3HW) => image_B3HW,
  var: (image_B3HW) => image_B3HW.clamp(-1, 1).add(1).div(2),
};

/** A sampled image as the file has it. */
export function asInFile({ family }: GoldenFile, image_B3HW: Tensor): Tensor {
  return imagesInFiles[family](image_B3HW);
}

/** How far the best logit lies above the second [B, N]. */
function marginsOf(logits_BNV: Tensor): Tensor {
  return scope(() => {
    const [best_BN2] = logits_BNV.topk(2);
    return best_BN2.select(-1, 0).sub(best_BN2.select(-1, 1));
  });
}
