// Averages of the weights by power functions (Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models",
// arXiv 2312.02696, section 3.1): the average after t steps weighs those of step τ by τ^γ, so that it forgets the beginning at every length of
// training. Snapshots of two such averages are enough to have those of other widths afterwards (emaPostHoc.ts).
import { join } from 'node:path';
import { type Module, saveWeights } from '../nn/index.js';
import { keep, noGrad, ops, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import type { CheckpointPart } from './checkpoint.js';

/** σ_rel of a power function. */
export function sigmaOf(gamma: number): number {
  return Math.sqrt(gamma + 1) / ((gamma + 2) * Math.sqrt(gamma + 3));
}

/** The widest average: the plain mean of all steps. */
const widest = sigmaOf(0);

/**
 * γ of an average of a relative width: σ_rel, the standard deviation of its profile as a share of the training, which is
 * √(γ + 1) / ((γ + 2) √(γ + 3)) (equations 124 to 126, solved by Newton's method from above, where the cubic is convex).
 * @throws UsageError where no power function is that narrow or wide
 */
export function gammaOf(sigma: number): number {
  if (!(sigma > 0 && sigma <= widest))
    throw new UsageError(`EMA: expected a width above 0 and at most ${widest.toFixed(3)}, got ${sigma}`);
  const inverse = sigma ** -2;
  let gamma = 1 / sigma;
  for (let i = 0; i < 50; i++) {
    const value = gamma ** 3 + 7 * gamma ** 2 + (16 - inverse) * gamma + 12 - inverse;
    const slope = 3 * gamma ** 2 + 14 * gamma + 16 - inverse;
    gamma = Math.max(gamma - value / slope, 0);
  }
  return gamma;
}

/** How much of the average stays at step t, counted from 1 (equation 127). */
export function decayOf(gamma: number, t: number): number {
  return (1 - 1 / t) ** (gamma + 1);
}

/** A width as names of files and tensors have it: `sigma0.050`. */
const sigmaName = (sigma: number): string => `sigma${sigma.toFixed(3)}`;

const copyOf = (one: Tensor): Tensor => keep(noGrad(() => one.clone()));

interface Average {
  sigma: number;
  gamma: number;
  /** By parameter, float32, with the parameters. */
  tensors: Map<string, Tensor>;
}

/** Averages of a model's parameters while it trains. */
export class PowerEma {
  readonly #averages: Average[];
  readonly #model: Module;
  #steps = 0;

  /** @param sigmas relative widths; two are enough for others to be computed afterwards */
  constructor(model: Module, sigmas: readonly number[] = [0.05, 0.1]) {
    this.#model = model;
    if (new Set(sigmas.map(sigmaName)).size < sigmas.length)
      throw new UsageError(`ema: expected widths that differ in three decimals, got ${sigmas.join(', ')}`);
    this.#averages = sigmas.map((sigma) => ({
      sigma,
      gamma: gammaOf(sigma),
      tensors: new Map(Array.from(model.namedParameters(), ([name, one]) => [name, copyOf(one)])),
    }));
  }

  /** Takes the weights in; to be called once after every step. */
  update(): void {
    this.#steps++;
    const parameters = this.#model.parameters();
    noGrad(() => {
      for (const { gamma, tensors } of this.#averages) {
        const decay = decayOf(gamma, this.#steps);
        const averages = [...tensors.values()];
        ops.foreachMulScalar_(averages, decay);
        ops.foreachAdd_(averages, parameters, { alpha: 1 - decay });
      }
    });
  }

  /**
   * Writes a file for each average, `step-N-sigmaS.safetensors`, each of them whole or not at all.
   * @param metadata what the model is, as in the files of its checkpoints
   * @returns the files
   */
  snapshot(folder: string, metadata: Readonly<Record<string, string>>): string[] {
    const step = String(this.#steps);
    return this.#averages.map(({ sigma, tensors }) => {
      const file = join(folder, `step-${step.padStart(8, '0')}-${sigmaName(sigma)}.safetensors`);
      saveWeights(file, tensors, { ...metadata, ema_sigma: String(sigma), ema_step: step });
      return file;
    });
  }

  /** The averages as a part of checkpoints. */
  get part(): CheckpointPart {
    return { save: () => this.#state(), load: (state, where) => { this.#load(state, where); } }; // prettier-ignore
  }

  #state(): Map<string, Tensor> {
    const averages = this.#averages.flatMap(({ sigma, tensors }) =>
      Array.from(tensors, ([name, one]): [string, Tensor] => [`${sigmaName(sigma)}.${name}`, one]),
    );
    return new Map([['steps', tensor([this.#steps], { dtype: 'int64' })], ...averages]);
  }

  #load(state: ReadonlyMap<string, Tensor>, where: string): void {
    noGrad(() => {
      for (const [name, one] of this.#state()) {
        const saved = state.get(name);
        if (!saved)
          throw new UsageError(`${where}: expected a tensor '${name}', found none (were other averages kept?)`);
        if (name === 'steps') this.#steps = saved.item();
        else one.copy_(saved);
      }
    });
  }

  dispose(): void {
    for (const { tensors } of this.#averages) for (const one of tensors.values()) one.dispose();
  }
}
