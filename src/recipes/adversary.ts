// The optional adversary of tokenizer training: a patch discriminator with an optimiser of its own, in turns with the tokenizer.
import { initialiseConvolutions } from '../models/index.js';
import { adversarialLoss, discriminatorLoss, PatchDiscriminator } from '../tokenizers/index.js';
import { type CheckpointPart, type Clock, optimizerStep, type World } from '../train/index.js';
import { Generator, type Tensor } from '../torch/index.js';
import { seedFor } from '../util/random.js';
import { modelPart, optimizationOf, type Optimization } from './optimization.js';
import type { TokenizerSettings } from './settings.js';

/** True images and their decoded likes [B, 3, H, W]. */
export interface Pair {
  image_B3HW: Tensor;
  reconstruction_B3HW: Tensor;
}

/** A discriminator that learns beside the tokenizer. */
export class Adversary {
  readonly #discriminator = new PatchDiscriminator();
  readonly #optimization: Optimization;
  /** What checkpoints keep of it. */
  readonly parts: Record<string, CheckpointPart>;

  constructor(settings: TokenizerSettings, world: World) {
    using random = new Generator(seedFor(settings.seed, 'discriminator'));
    initialiseConvolutions(this.#discriminator, random);
    this.#discriminator.to({ device: settings.device });
    this.#optimization = optimizationOf(this.#discriminator, settings, world, 'once');
    this.parts = {
      discriminator: modelPart(this.#discriminator, () => ({ kind: 'discriminator' })),
      discriminator_optimizer: this.#optimization.part,
    };
  }

  /** What the tokenizer is charged for decoded images [B, 3, H, W]. */
  charge(fake_B3HW: Tensor): Tensor {
    this.#discriminator.requireGrad(false);
    const loss = adversarialLoss(this.#discriminator.forward(fake_B3HW));
    this.#discriminator.requireGrad(true);
    return loss;
  }

  /** One step of the discriminator on the micro-batches of the tokenizer's. */
  learn(clock: Clock, pairs: readonly Pair[]): Record<string, number> {
    const judge = (image_B3HW: Tensor) => this.#discriminator.forward(image_B3HW);
    const forwards = pairs.map(({ image_B3HW, reconstruction_B3HW }) => () => ({
      loss: discriminatorLoss(judge(image_B3HW), judge(reconstruction_B3HW)),
      parts: {},
    }));
    const { numbers, skipped } = optimizerStep(this.#optimization.at(clock), forwards);
    return { loss_discriminator: numbers['loss']!, ...(skipped !== undefined && { discriminator_skipped: 1 }) };
  }

  dispose(): void {
    this.#optimization.dispose();
    this.#discriminator.dispose();
  }
}
