// The optional adversary of tokenizer training: a patch discriminator with an optimiser of its own, in turns with the tokenizer.
import { initialiseConvolutions } from '../models/index.js';
import { adversarialLoss, discriminatorLoss, PatchDiscriminator } from '../tokenizers/index.js';
import { type CheckpointPart, type Clock, optimizerStep, type StepOutcome, type World } from '../train/index.js';
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

  /** One step of the discriminator on the micro-batches of the tokenizer's; skipped where its own loss is not finite. */
  learn(clock: Clock, pairs: readonly Pair[]): StepOutcome {
    const judge = (image_B3HW: Tensor) => this.#discriminator.forward(image_B3HW);
    const forwards = pairs.map(({ image_B3HW, reconstruction_B3HW }) => () => ({
      loss: discriminatorLoss(judge(image_B3HW), judge(reconstruction_B3HW)),
      parts: {},
    }));
    const { numbers, skipped } = optimizerStep(this.#optimization.at(clock), forwards);
    const named = { loss_discriminator: numbers['loss']! };
    return { numbers: named, ...(skipped !== undefined && { skipped: `the discriminator's ${skipped}` }) };
  }

  dispose(): void {
    this.#optimization.dispose();
    this.#discriminator.dispose();
  }
}
