// Images that are computed together, and what lives on from scale to scale: the session's caches, the tokens, the next scale's input.
// Legend: B images, R rows, N tokens of a scale, C width, E code width, V codes.
import { type FlexVar, Session } from '../models/index.js';
import type { Pyramid, Scales, Tokenizer } from '../tokenizers/index.js';
import { autocast, Generator, keep, noGrad, ops, rand, scope, tensor, type Tensor } from '../torch/index.js';
import { seedFor } from '../util/random.js';
import { drawTokens, filterLogits, type FilterOptions } from './filter.js';
import { guide } from './guidance.js';

/** How the tokens of a group are chosen. */
export interface GroupOptions extends FilterOptions {
  labels: readonly number[];
  seeds: readonly number[];
  scales: Scales;
  /** Guidance weight of each scale. */
  weights: readonly number[];
  temperature: number;
  greedySides: readonly number[];
  invalidIds: readonly number[];
  precision: 'float32' | 'bfloat16';
  device: string;
}

/** A group in the middle of sampling. */
export class Group {
  readonly #held = new Set<Tensor>();
  readonly #session: Session;
  readonly #pyramid: Pyramid;
  #index = 0;
  #inputs_BNE: Tensor | undefined;

  constructor(
    generator: FlexVar,
    tokenizer: Tokenizer,
    readonly options: GroupOptions,
  ) {
    const { labels, scales, device } = options;
    this.#session = this.#quietly(() => {
      const session = new Session(
        generator,
        tensor([...labels], { dtype: 'int64', device }),
        scales,
        this.#needsNull(),
      );
      session.tensors().forEach((one) => this.#hold(one));
      return session;
    });
    this.#pyramid = tokenizer.pyramid(scales);
  }

  /** Samples the next scale: the guided logits [B, N, V] and the tokens [B, N], in the caller's scope. */
  advance(): { logits_BNV: Tensor; indices_BN: Tensor } {
    const chosen = this.#quietly(() => {
      const x_RNC = this.#session.advance(this.#inputs_BNE, this.#needsNull());
      const logits_BNV = this.#guidedLogits(x_RNC);
      return { logits_BNV, indices_BN: this.#choose(logits_BNV) };
    });
    this.#hold(chosen.indices_BN);
    this.#release(this.#inputs_BNE);
    const next = noGrad(() => scope(() => this.#pyramid.push(chosen.indices_BN)));
    this.#inputs_BNE = next && this.#hold(next);
    this.#index++;
    return chosen;
  }

  /** The images of the scales so far [B, 3, H, W], in the caller's scope. */
  image(): Tensor {
    return this.#quietly(() => this.#pyramid.image().to('float32').clamp(-1, 1));
  }

  /** Frees what the group holds. */
  dispose(): void {
    for (const one of this.#held) one.dispose();
  }

  #quietly<T>(body: () => T): T {
    const { device, precision } = this.options;
    return noGrad(() => autocast({ device, dtype: precision }, () => scope(body)));
  }

  #hold(one: Tensor): Tensor {
    this.#held.add(keep(one));
    return one;
  }

  #release(one: Tensor | undefined): void {
    if (one && this.#held.delete(one)) one.dispose();
  }

  /** Whether this scale or a later one is guided. */
  #needsNull(): boolean {
    return this.options.weights.slice(this.#index).some((weight) => weight !== 0);
  }

  #guidedLogits(x_RNC: Tensor): Tensor {
    const { weights, invalidIds } = this.options;
    const weight = weights[this.#index]!;
    const logits_RNV = this.#session.logits(x_RNC, weight !== 0);
    const logits_BNV = weight === 0 ? logits_RNV : guide(logits_RNV, weight);
    if (!invalidIds.length) return logits_BNV;
    return logits_BNV.indexFill(-1, tensor([...invalidIds], { dtype: 'int64', device: logits_BNV.device }), -Infinity);
  }

  #choose(logits_BNV: Tensor): Tensor {
    const { topK, topP, temperature, greedySides, scales } = this.options;
    if (topK === 1 || greedySides.includes(scales[this.#index]!)) return logits_BNV.argmax(-1);
    const scaled_BNV = temperature === 1 ? logits_BNV : logits_BNV.div(temperature);
    return drawTokens(filterLogits(scaled_BNV, { topK, topP }), this.#uniforms(logits_BNV.size(1)));
  }

  /** One uniform number a token [B, N], each row from its image's own generator. */
  #uniforms(tokens: number): Tensor {
    const rows = this.options.seeds.map((seed) => {
      using generator = new Generator(seedFor(seed, 'scale', this.#index));
      return rand([tokens], { generator });
    });
    return ops.stack(rows, 0).to({ device: this.options.device });
  }
}
