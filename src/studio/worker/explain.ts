// SAR's two passes over one image, as its training makes them: every number here is what src/sar computes. Both passes choose their tokens by the
// same random numbers, so that only what they were fed tells them apart.
// Legend: B images (one), N tokens of a scale, L tokens of all scales, V codes, E code width, H and W sides of the image.
import { batch, type ImageSet, toImages } from '../../data/index.js';
import { type Cell, cellsOf } from '../../evaluate/index.js';
import { latentPyramid } from '../../experiments/analysis/pyramids.js';
import { decodedOf } from '../../experiments/analysis/scalePictures.js';
import type { Models } from '../../recipes/index.js';
import {
  contrastiveStudentForcingLoss,
  type ForcingContext,
  fullPass,
  inputsFor,
  rollout,
  sarSettings,
  splitScales,
  studentPass,
  studentTokens,
  teacherForcingLoss,
  tokenDivergences,
} from '../../sar/index.js';
import { Generator, noGrad, scope, type Tensor, tensor } from '../../torch/index.js';
import { UsageError } from '../../util/errors.js';
import type { Explanation, PassLevel, Scales } from '../api/index.js';
import { entropyBits } from './entropy.js';
import { heldOutOf } from './heldOut.js';
import type { ExplainTask } from './messages.js';
import type { ModelShelf } from './modelShelf.js';
import { pictureUrl } from './pictureUrl.js';

/** What the worker answers: the contract's explanation without what only the server knows. */
export type Explained = Omit<Explanation, 'model' | 'class'> & { label: number | null };

/** An answer whose pictures are not files yet. */
type Drawn<T> = T extends string ? T | Cell : T extends readonly (infer U)[] ? Drawn<U>[] : T extends object ? { [K in keyof T]: Drawn<T[K]> } : T; // prettier-ignore

const rounded = (values: Iterable<number>) => Array.from(values, (one) => Math.round(one * 1e4) / 1e4);
const cellOf = (image_B3HW: Tensor): Cell => cellsOf(image_B3HW)[0]!;

/** One pass with what is to be told of it. */
interface PassOf {
  /** Tokens [B, N] that fed it. */
  fed: readonly Tensor[];
  /** Its logits [B, N, V] by scale. */
  logits: readonly Tensor[];
  /** Tokens [B, N] chosen from them. */
  tokens: readonly Tensor[];
  /** Tokens [B, N] that its loss asks for. */
  wanted: readonly Tensor[];
}

/** Each token's cross-entropy [N], in nats. */
const lossesOf = (logits_BNV: Tensor, wanted_BN: Tensor): number[] => rounded(logits_BNV.to('float32').logSoftmax(-1).gather(-1, wanted_BN.unsqueeze(-1)).neg().toArray()); // prettier-ignore

function levelsOf(
  { tokenizer, targets, scales }: ForcingContext,
  { fed, logits, tokens, wanted }: PassOf,
  firstScale: number,
): Drawn<PassLevel>[] {
  const pictures = decodedOf(tokenizer, { fed, tokens }, scales);
  const inputs = latentPyramid(tokenizer, fed, scales).map(({ input_B3hw }) => input_B3hw);
  return (scales as Scales).map((scale, i) => ({
    scale,
    picture: cellOf(pictures[i]!),
    input: inputs[i] ? cellOf(inputs[i]) : null,
    tokens: tokens[i]!.toArray(),
    correct: tokens[i]!.eq(targets[i]!).to('float32').toArray().map(Boolean),
    entropy: rounded(entropyBits(logits[i]!)),
    loss: i < firstScale ? [] : lossesOf(logits[i]!, wanted[i]!),
  }));
}

function pyramidOf({ tokenizer, targets, scales }: ForcingContext): Drawn<Explanation['pyramid']> {
  return latentPyramid(tokenizer, targets, scales).map(({ target_BN, target_B3hw, input_B3hw, alone_B3hw }, i) => ({
    scale: (scales as Scales)[i]!,
    picture: cellOf(target_B3hw),
    alone: alone_B3hw ? cellOf(alone_B3hw) : null,
    input: input_B3hw ? cellOf(input_B3hw) : null,
    tokens: target_BN.toArray(),
  }));
}

/** The context of a training step on one image, in which nothing is left to chance but the choice of tokens. */
function contextOf({ generator, tokenizer }: Models, task: ExplainTask, image_B3HW: Tensor, label: number | null): Omit<ForcingContext, 'random'> {
  const { scales, rollout: tokens } = task;
  const { device } = image_B3HW;
  return {
    generator,
    tokenizer,
    labels_B: tensor([label ?? generator.nullClass], { dtype: 'int64', device }),
    targets: tokenizer.tokens(image_B3HW, scales),
    scales,
    step: 0,
    labelDrop: 0,
    settings: sarSettings.parse({ tokens }),
  };
} // prettier-ignore

function explained(models: Models, task: ExplainTask, image_B3HW: Tensor, label: number | null): Drawn<Explained> {
  const { seed, scales } = task;
  const { device } = image_B3HW;
  using random = new Generator(seed, device);
  const context: ForcingContext = { ...contextOf(models, task, image_B3HW, label), random };
  const { labels_B, targets } = context;
  const choose = (logits_BLV: Tensor, inputs_BLE: Tensor | undefined) => {
    using again = new Generator(seed, device);
    return rollout({ ...context, random: again }, logits_BLV, inputs_BLE);
  };

  const inputs_BLE = inputsFor(context, targets);
  const teacher_BLV = fullPass(context, labels_B, inputs_BLE); // pass 1
  const teacher = splitScales(teacher_BLV, scales);
  const chosen = choose(teacher_BLV, inputs_BLE);
  const student = studentPass(context, labels_B, chosen); // pass 2
  const student_BLV = student?.all_BAV ?? teacher_BLV;
  const own = splitScales(student_BLV, scales);
  const tokens = student ? choose(student_BLV, student.inputs_BLE) : chosen;
  const firstScale = student?.firstScale ?? scales.length;

  return {
    family: models.generator.family,
    scales,
    label,
    image: cellOf(image_B3HW),
    pyramid: pyramidOf(context),
    teacher: levelsOf(context, { fed: targets, logits: teacher, tokens: chosen, wanted: targets }, 0),
    student: levelsOf(context, { fed: chosen, logits: own, tokens, wanted: chosen }, firstScale),
    difference: own.map((own_BNV, i) => rounded(tokenDivergences(own_BNV, teacher[i]!).div(Math.LN2).clampMin(0).toArray())),
    losses: {
      teacher: teacher.map((logits_BNV, i) => teacherForcingLoss(logits_BNV, [targets[i]!]).item()),
      csf: own.map((own_BNV, i) => (i < firstScale ? null : contrastiveStudentForcingLoss(own_BNV, chosen[i]!).item())),
      teacherTotal: teacherForcingLoss(teacher_BLV, targets).item(),
      csfTotal: student ? contrastiveStudentForcingLoss(student.logits_BLV, studentTokens(student, chosen)).item() : null,
      gamma: context.settings.gamma,
    },
  };
} // prettier-ignore

/** The image [B, 3, H, W] of a task, and its label. */
function imageOf({ image, label }: ExplainTask, { card }: Models): { image_B3HW: Tensor; label: number | null } {
  if (typeof image !== 'number') {
    const { pixels, height, width } = image;
    return { image_B3HW: toImages(tensor(pixels, { shape: [1, 3, height, width] })), label: label ?? null };
  }
  const { set, labelOf } = heldOutOf(card);
  checkIndex(set, image);
  const { image_B3HW } = batch(set, [image]);
  return { image_B3HW, label: label === undefined ? labelOf(image) : label };
}

function checkIndex({ labels, name }: ImageSet, index: number): void {
  if (index >= labels.length)
    throw new UsageError(`image: expected one of the ${labels.length} held-out images of ${name}, got ${index}; GET /api/explanations/images lists some`); // prettier-ignore
}

/** The drawn pictures as files. */
async function written<T>(value: Drawn<T>): Promise<T> {
  if (typeof value !== 'object' || value === null) return value as T;
  if ('rgb' in value) return (await pictureUrl(value as unknown as Cell)) as T;
  if (Array.isArray(value))
    return typeof value[0] === 'object' ? ((await Promise.all(value.map((one) => written(one)))) as T) : (value as T);
  const entries = Object.entries(value).map(async ([name, one]) => [name, await written(one)] as const);
  return Object.fromEntries(await Promise.all(entries)) as T;
}

/** Explains SAR by one image. @throws UsageError where the model or the image cannot be had */
export async function explain(shelf: ModelShelf, task: ExplainTask): Promise<Explained> {
  const models = shelf.take(task.source);
  const drawn = noGrad(() =>
    scope(() => {
      const { image_B3HW, label } = imageOf(task, models);
      return explained(models, task, image_B3HW.to({ device: shelf.settings.device }), label);
    }),
  );
  return written<Explained>(drawn);
}
