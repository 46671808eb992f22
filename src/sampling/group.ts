// Images that are computed together, and what lives on from scale to scale: the session's caches, the pyramid, the next scale's input.
// Legend: B images, R rows, N tokens of a scale, C width, E code width, V codes.
import { type ScaleTransformer, Session } from '../models/index.js';
import type { Pyramid, Scales, Tokenizer } from '../tokenizers/index.js';
import { autocast, Generator, keep, noGrad, ops, rand, scope, tensor, type Tensor } from '../torch/index.js';
import { seedFor } from '../util/random.js';
import { conditionOf, type Label } from './condition.js';
import { drawTokens, filterLogits, type FilterOptions, temper } from './filter.js';
import { guide } from './guidance.js';
import { mixCodes } from './smooth.js';

/** Tokens that an image is given instead of sampled ones. */
export interface GivenTokens {
  /** [B, N], int64 */
  indices_BN: Tensor;
  /** Where they count [B, N], bool; everywhere without it. */
  kept_BN?: Tensor | undefined;
}

/** How the tokens of one scale are chosen. */
export interface ScaleChoice extends FilterOptions {
  /** Guidance weight. */
  weight: number;
  temperature: number;
  /** Take the most probable tokens. */
  greedy: boolean;
  /** Of all images of the batch. */
  given?: GivenTokens | undefined;
}

/** How a group is sampled. */
export interface GroupOptions {
  labels: readonly Label[];
  seeds: readonly number[];
  /** Place of the group's first image in the batch. */
  first: number;
  scales: Scales;
  /** One a scale. */
  choices: readonly ScaleChoice[];
  invalidIds: readonly number[];
  /** Mix codes instead of choosing one. */
  smooth: boolean;
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
    generator: ScaleTransformer,
    readonly tokenizer: Tokenizer,
    readonly options: GroupOptions,
  ) {
    const { labels, scales, device } = options;
    this.#session = this.#quietly(() => {
      const session = new Session(generator, conditionOf(generator, labels, device), scales, this.#needsNull());
      session.tensors().forEach((one) => this.#hold(one));
      return session;
    });
    this.#pyramid = tokenizer.pyramid(scales);
  }

  /** Samples the next scale: the guided logits [B, N, V] and the tokens [B, N], in the caller's scope. */
  advance(): { logits_BNV: Tensor; indices_BN: Tensor } {
    const { logits_BNV, indices_BN, codes_BNE } = this.#quietly(() => {
      const x_RNC = this.#session.advance(this.#inputs_BNE, this.#needsNull());
      return this.#choose(this.#guidedLogits(x_RNC));
    });
    this.#hold(indices_BN);
    this.#release(this.#inputs_BNE);
    const next = noGrad(() =>
      scope(() => (codes_BNE ? this.#pyramid.pushCodes!(codes_BNE) : this.#pyramid.push(indices_BN))),
    );
    codes_BNE?.dispose();
    this.#inputs_BNE = next && this.#hold(next);
    this.#index++;
    // after the last scale nothing looks back: decoding gets the caches' memory
    if (!next) for (const one of this.#session.tensors()) this.#release(one);
    return { logits_BNV, indices_BN };
  }

  /** The images of the scales so far [B, 3, H, W], in the caller's scope. */
  image(): Tensor {
    return this.#quietly(() => this.#pyramid.image().to('float32').clamp(-1, 1));
  }

  /** Frees what the group holds. */
  dispose(): void {
    for (const one of this.#held) one.dispose();
    this.#pyramid.dispose();
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
    return this.options.choices.slice(this.#index).some(({ weight }) => weight !== 0);
  }

  #guidedLogits(x_RNC: Tensor): Tensor {
    const { choices, invalidIds } = this.options;
    const { weight } = choices[this.#index]!;
    const logits_RNV = this.#session.logits(x_RNC, weight !== 0);
    const logits_BNV = weight === 0 ? logits_RNV : guide(logits_RNV, weight);
    if (!invalidIds.length) return logits_BNV;
    return logits_BNV.indexFill(-1, tensor([...invalidIds], { dtype: 'int64', device: logits_BNV.device }), -Infinity);
  }

  /** Tokens, and mixtures of codes where those are asked for; given ones where they count. */
  #choose(logits_BNV: Tensor): { logits_BNV: Tensor; indices_BN: Tensor; codes_BNE: Tensor | undefined } {
    const { topK, topP, temperature, greedy, given } = this.options.choices[this.#index]!;
    const scaled_BNV = temper(logits_BNV, temperature);
    const only = greedy || topK === 1;
    const tokens = logits_BNV.size(1);
    const needed = !only || this.options.smooth;
    const candidates = needed ? filterLogits(scaled_BNV, only ? { topK: 1 } : { topK, topP }) : undefined;
    const drawn_BN = only ? logits_BNV.argmax(-1) : drawTokens(candidates!, this.#uniforms('scale', [tokens]));
    const indices_BN = given ? this.#kept(given, given.indices_BN, drawn_BN) : drawn_BN;
    if (!this.options.smooth) return { logits_BNV, indices_BN, codes_BNE: undefined };
    const codes_VE = this.tokenizer.codebook.codes();
    const noise_BNV = this.#uniforms('smooth', [tokens, logits_BNV.size(2)]);
    const place = this.#index / Math.max(1, this.options.scales.length - 1);
    const mixed_BNE = mixCodes(candidates!, scaled_BNV, noise_BNV, codes_VE, place);
    const codes_BNE = given ? this.#kept(given, ops.embedding(codes_VE, given.indices_BN), mixed_BNE) : mixed_BNE;
    return { logits_BNV, indices_BN, codes_BNE };
  }

  /** What is given to this group's images [B, N, …] where it counts, else what was made [B, N, …]. */
  #kept({ kept_BN }: GivenTokens, given_BN_: Tensor, made_BN_: Tensor): Tensor {
    const { first, labels } = this.options;
    const own_BN_ = given_BN_.narrow(0, first, labels.length);
    if (!kept_BN) return own_BN_.add(0); // a copy, which lives as long as the group
    const own = kept_BN.narrow(0, first, labels.length);
    return ops.where(made_BN_.shape.length === 3 ? own.unsqueeze(-1) : own, own_BN_, made_BN_);
  }

  /** Uniform numbers of a shape for each image [B, …], each from its image's own generator. */
  #uniforms(purpose: string, shape: readonly number[]): Tensor {
    const rows = this.options.seeds.map((seed) => {
      using generator = new Generator(seedFor(seed, purpose, this.#index));
      return rand([...shape], { generator });
    });
    return ops.stack(rows, 0).to({ device: this.options.device });
  }
}
