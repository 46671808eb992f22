// The optional adversary of tokenizer training: a patch discriminator with an optimiser of its own, in turns with the tokenizer.
import { initialiseConvolutions } from '../models/index.js';
import { adversarialLoss, discriminatorLoss, PatchDiscriminator } from '../tokenizers/index.js';
import { type CheckpointPart, type Clock, optimizerStep } from '../train/index.js';
import { Generator, type Tensor } from '../torch/index.js';
import { seedFor } from '../util/random.js';
import { modelPart, optimizationOf, type Optimization } from './optimization.js';
import type { TokenizerSettings } from './settings.js';

/** A discriminator that learns beside the tokenizer. */
export class Adversary {
  readonly #discriminator = new PatchDiscriminator();
  readonly #optimization: Optimization;
  /** What checkpoints keep of it. */
  readonly parts: Record<string, CheckpointPart>;

  constructor(settings: TokenizerSettings) {
    using random = new Generator(seedFor(settings.seed, 'discriminator'));
    initialiseConvolutions(this.#discriminator, random);
    this.#discriminator.to({ device: settings.device });
    this.#optimization = optimizationOf(this.#discriminator, settings);
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

  /** One step of the discriminator on true and decoded images. */
  learn(clock: Clock, real_B3HW: Tensor, fake_B3HW: Tensor): Record<string, number> {
    const numbers = optimizerStep(this.#optimization.at(clock), () => ({
      loss: discriminatorLoss(this.#discriminator.forward(real_B3HW), this.#discriminator.forward(fake_B3HW)),
      parts: {},
    }));
    return { loss_discriminator: numbers['loss']! };
  }
}
