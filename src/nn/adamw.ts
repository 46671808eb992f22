// AdamW (Loshchilov and Hutter 2019) over all parameters at once: libtorch's fused kernel where it has one, its foreach kernels otherwise.
import { has, keep, noGrad, ops, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** Parameters that share their weight decay. */
export interface ParameterGroup {
  parameters: ReadonlyMap<string, Tensor>;
  /** Whether the optimiser's weight decay applies. */
  decay: boolean;
}

/** What stays fixed through training; learning rate and weight decay are given at each step. */
export interface AdamWOptions {
  betas?: readonly [number, number];
  eps?: number;
}

interface Slot {
  parameter: Tensor;
  decay: boolean;
  firstMoment: Tensor;
  secondMoment: Tensor;
  /** float32 scalar: the optimiser's steps, as the fused kernel wants it. */
  steps: Tensor;
}

type Updated = Slot & { gradient: Tensor };

const lists = (slots: readonly Updated[]) => ({
  parameters: slots.map((slot) => slot.parameter),
  gradients: slots.map((slot) => slot.gradient),
  first: slots.map((slot) => slot.firstMoment),
  second: slots.map((slot) => slot.secondMoment),
  steps: slots.map((slot) => slot.steps),
});

/** Elements updated at a time where an update needs temporaries of its parameters' size. */
const chunkSize = 2 ** 24;

/** Slots in runs of at most `chunkSize` elements, or of one slot. */
function chunks(slots: readonly Updated[]): Updated[][] {
  const made: Updated[][] = [];
  let room = 0;
  for (const slot of slots) {
    const size = slot.parameter.numel;
    if (size > room) {
      made.push([]);
      room = chunkSize;
    }
    made.at(-1)!.push(slot);
    room -= size;
  }
  return made;
}

const fusedKernel = 'aten::_fused_adamw_';

/** The optimiser; its moments are float32 and lie with the parameters. */
export class AdamW {
  readonly #slots = new Map<string, Slot>();
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  readonly #fused: boolean;
  #steps = 0;

  constructor(groups: readonly ParameterGroup[], { betas = [0.9, 0.95], eps = 1e-8 }: AdamWOptions = {}) {
    this.#betas = betas;
    this.#eps = eps;
    this.#fused = has(fusedKernel);
    for (const { parameters, decay } of groups) {
      for (const [name, parameter] of parameters) {
        const like = () => keep(noGrad(() => ops.zerosLike(parameter)));
        const steps = keep(zeros([], { device: parameter.device }));
        this.#slots.set(name, { parameter, decay, firstMoment: like(), secondMoment: like(), steps });
      }
    }
  }

  /** One update of every parameter that has a gradient. */
  step(learningRate: number, weightDecay: number): void {
    this.#steps++;
    noGrad(() => {
      ops.foreachAddScalar_(Array.from(this.#slots.values(), (slot) => slot.steps), 1); // prettier-ignore
      for (const decay of [true, false]) {
        scope(() => {
          this.#update(decay, learningRate, decay ? weightDecay : 0);
        });
      }
    });
  }

  #update(decay: boolean, learningRate: number, weightDecay: number): void {
    const slots: Updated[] = [];
    for (const slot of this.#slots.values()) {
      const gradient = slot.decay === decay ? slot.parameter.grad : null;
      if (gradient) slots.push({ ...slot, gradient });
    }
    if (!slots.length) return;
    if (!this.#fused) {
      for (const some of chunks(slots)) scope(() => { this.#updateForeach(some, learningRate, weightDecay); }); // prettier-ignore
      return;
    }
    const { parameters, gradients, first, second, steps } = lists(slots);
    const [beta1, beta2] = this.#betas;
    const options = { lr: learningRate, beta1, beta2, weightDecay, eps: this.#eps, amsgrad: false, maximize: false };
    ops.fusedAdamw_(parameters, gradients, first, second, [], steps, options);
  }

  /** The same in several kernels, the roots of the second moments beside them. */
  #updateForeach(slots: readonly Updated[], learningRate: number, weightDecay: number): void {
    const { parameters, gradients, first, second } = lists(slots);
    const [beta1, beta2] = this.#betas;
    ops.foreachMulScalar_(parameters, 1 - learningRate * weightDecay);
    ops.foreachMulScalar_(first, beta1);
    ops.foreachAdd_(first, gradients, { alpha: 1 - beta1 });
    ops.foreachMulScalar_(second, beta2);
    ops.foreachAddcmul_(second, gradients, gradients, 1 - beta2);
    const denominators = ops.foreachSqrt(second);
    ops.foreachDivScalar_(denominators, Math.sqrt(1 - beta2 ** this.#steps));
    ops.foreachAddScalar_(denominators, this.#eps);
    ops.foreachAddcdiv_(parameters, first, denominators, -learningRate / (1 - beta1 ** this.#steps));
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    for (const { parameter } of this.#slots.values()) parameter.grad = null;
  }

  /** Its state by name: `<parameter>.exp_avg`, `<parameter>.exp_avg_sq` and `step`. The moments are the live ones, not copies. */
  state(): Map<string, Tensor> {
    const state = new Map<string, Tensor>([['step', tensor([this.#steps], { dtype: 'int64' })]]);
    for (const [name, slot] of this.#slots) {
      state.set(`${name}.exp_avg`, slot.firstMoment);
      state.set(`${name}.exp_avg_sq`, slot.secondMoment);
    }
    return state;
  }

  /** Takes up a saved state; throws a UsageError where a tensor is missing. */
  loadState(state: ReadonlyMap<string, Tensor>, where = 'optimizer state'): void {
    const find = (name: string) => {
      const found = state.get(name);
      if (!found) throw new UsageError(`${where}: expected a tensor '${name}', found none (is it another model's?)`);
      return found;
    };
    this.#steps = find('step').item();
    noGrad(() => {
      for (const [name, slot] of this.#slots) {
        slot.firstMoment.copy_(find(`${name}.exp_avg`));
        slot.secondMoment.copy_(find(`${name}.exp_avg_sq`));
        slot.steps.fill_(this.#steps);
      }
    });
  }

  dispose(): void {
    for (const slot of this.#slots.values())
      for (const one of [slot.firstMoment, slot.secondMoment, slot.steps]) one.dispose();
  }
}
