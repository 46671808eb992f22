// What every forcing strategy is given, and the passes that they are built of.
// Legend: B batch, N tokens of a scale, L tokens of all scales, E code width, V codes.
import type { ScaleTransformer } from '../models/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { full, type Generator, noGrad, ops, rand, type Tensor } from '../torch/index.js';
import type { SarSettings } from './settings.js';

/** One training step's batch and means. */
export interface ForcingContext {
  generator: ScaleTransformer;
  tokenizer: Tokenizer;
  labels_B: Tensor;
  /** Ground-truth tokens [B, N] of each scale. */
  targets: readonly Tensor[];
  scales: Scales;
  /** Number of this step, from 0. */
  step: number;
  /** Draws label drop, stochastic depth and tokens. */
  random: Generator;
  /** Probability that a sample's label is replaced by the null class. */
  labelDrop: number;
  settings: SarSettings;
  /** Whether the loss and the accuracy of every scale are wanted too. */
  measure?: boolean;
}

/** The loss to minimise, and the numbers worth recording. */
export interface ForcingResult {
  loss: Tensor;
  parts: Record<string, Tensor>;
}

/** A forcing strategy. */
export type Forcing = (context: ForcingContext) => ForcingResult;

/** Labels [B], some of them replaced by the null class. */
export function dropLabels({ labels_B, labelDrop, generator, random }: ForcingContext): Tensor {
  if (labelDrop === 0) return labels_B;
  return noGrad(() => {
    const drop_B = rand(labels_B.shape, { generator: random, device: labels_B.device }).lt(labelDrop);
    return ops.where(
      drop_B,
      full(labels_B.shape, generator.nullClass, { dtype: 'int64', device: labels_B.device }),
      labels_B,
    );
  });
}

/** Labels of a step's later pass: the first pass's, or drawn anew. */
export function labelsOfNextPass(context: ForcingContext, first_B: Tensor): Tensor {
  return context.settings.labelDropMask === 'shared' ? first_B : dropLabels(context);
}

/** The generator's inputs [B, L − first, E] for given tokens, without gradient; undefined where there is only one scale. */
export function inputsFor({ tokenizer, scales }: ForcingContext, tokens: readonly Tensor[]): Tensor | undefined {
  return scales.length > 1 ? noGrad(() => tokenizer.inputs(tokens, scales)) : undefined;
}

/** A pass over all scales: logits [B, L, V] for given labels and inputs. */
export function fullPass(
  { generator, scales, random }: ForcingContext,
  labels_B: Tensor,
  inputs_BLE: Tensor | undefined,
): Tensor {
  return generator.logits(labels_B, inputs_BLE, scales, { pathDrop: random });
}
