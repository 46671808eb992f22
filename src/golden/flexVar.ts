// Checks a `flexvar` file: tokenizer, teacher forcing with gradients, greedy sampling on two lists of scales.
import { areaResize, crossEntropy, unitLength } from '../nn/index.js';
import { sample } from '../sampling/index.js';
import type { Scales } from '../tokenizers/index.js';
import { noGrad, ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { GoldenFile } from './goldenFile.js';
import { hashImages } from './hash.js';
import { type HashModels, withHashModels } from './models.js';
import { type Check, compareChoices, compareFloats, compareNumber } from './report.js';

/** The largest side that the published sampler's guidance ramp applies to. */
export const rampSide = 16;

/** All checks of one file. */
export function checkFlexVar(file: GoldenFile): Check[] {
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
  return sequence_BL.splitWithSizes(scales.map((side) => side * side), 1); // prettier-ignore
}

/** Continuous latent of the hash images that are as large as the last scale says. */
export function hashLatent(file: GoldenFile, { tokenizer }: HashModels, count: number, scales: Scales): Tensor {
  return noGrad(() => scope(() => tokenizer.encode(hashImages(count, scales.at(-1)! * tokenizer.stride, file.seed))));
}

/** Codes are undecided within this: what float32 rounding moves a cosine by. */
export const codeMargin = 1e-5;

/** By how much each position's nearest code is nearer than the second nearest, in cosine [B, L]. */
export function codeMargins({ codebook }: HashModels['tokenizer'], latent_BChw: Tensor, scales: Scales): Tensor {
  return scope(() => {
    const margins = scales.map((side) => {
      const rows_BNC = areaResize(latent_BChw, side).flatten(2).transpose(1, 2);
      return marginsOf(unitLength(rows_BNC, 2).matmul(codebook.codes().t()));
    });
    return ops.cat(margins, 1);
  });
}

/** Latent, indices, inputs and the last scale's image of the hash images. */
function checkTokenizer(file: GoldenFile, models: HashModels): Check[] {
  const { tokenizer } = models;
  const scales = file.scales('patch_nums');
  const expected = (name: string) => file.tensor(`tokenizer.${name}`);
  return noGrad(() =>
    scope(() => {
      const latent = hashLatent(file, models, expected('latent').size(0), scales);
      const indices = tokenizer.quantise(latent, scales);
      const margins = codeMargins(tokenizer, latent, scales);
      const golden = splitScales(expected('indices'), scales);
      const inputs = tokenizer.inputs(golden, scales);
      const image = tokenizer.decodeScale(golden.at(-1)!, scales.at(-1)!);
      return [
        compareFloats('tokenizer.latent', latent, expected('latent')),
        compareChoices('tokenizer.indices', ops.cat(indices, 1), expected('indices'), margins, codeMargin).check,
        compareFloats('tokenizer.teacher_input', inputs, expected('teacher_input')),
        compareFloats('tokenizer.decode_last', image, expected('decode_last')),
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
  const guidance = { shape: 'ramp', scale: cfg, fullAbove: rampSide } as const;
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
      using expected = file.tensor(`${prefix}.image`).clamp(-1, 1);
      checks.push(compareFloats(`${prefix}.image`, image, expected));
    }
  }
  return checks;
}

/** How far the best logit lies above the second [B, N]. */
function marginsOf(logits_BNV: Tensor): Tensor {
  return scope(() => {
    const [best_BN2] = logits_BNV.topk(2);
    return best_BN2.select(-1, 0).sub(best_BN2.select(-1, 1));
  });
}
