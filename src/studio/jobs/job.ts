// A job: what one request asks to be computed, how far it is, and what came of it.
import type { Generation, GenerationState, Problem, SettledRequest } from '../api/index.js';
import type { StudioError } from '../errors.js';
import type { BatchSettings, ScaleMade } from '../worker/messages.js';
import { EventLog } from './eventLog.js';

/** One image that a job consists of. */
export interface Unit {
  /** A number that no other unit of this server has. */
  member: number;
  job: Job;
  model: string;
  /** Which of the model's images. */
  image: number;
  seed: number;
  settings: BatchSettings;
  /** Equal for units that may be computed in one batch. */
  key: string;
}

/** A picture that came of a job. */
export interface KeptFrame {
  index: number;
  scale: ScaleMade['scale'];
  /** Without a text. */
  png: Uint8Array;
}

/** What a job is made of. */
export interface JobPlan {
  id: string;
  /** Whose turn it takes. */
  client: string;
  request: SettledRequest;
  /** Whether pictures of the scales before the last are wanted. */
  frames: boolean;
  /** Keep what came of it, to be asked for later. */
  isKept: boolean;
}

let members = 0;

/** A job from its beginning to its end. */
export class Job {
  readonly log = new EventLog();
  readonly created = Math.floor(Date.now() / 1000);
  readonly units: readonly Unit[];
  /** Pictures by unit. */
  readonly #frames = new Map<number, KeptFrame[]>();
  readonly #finished = new Set<number>();
  readonly #ends: ((job: Job) => void)[] = [];
  state: GenerationState = 'waiting';
  error: StudioError | undefined;
  position = -1;
  #bytes = 0;
  #begun = 0;

  constructor(
    readonly plan: JobPlan,
    units: readonly Omit<Unit, 'job' | 'member'>[],
  ) {
    this.units = units.map((unit) => ({ ...unit, member: ++members, job: this }));
  }

  get id(): string {
    return this.plan.id;
  }
  get isOver(): boolean {
    return this.state !== 'waiting' && this.state !== 'running';
  }
  /** Bytes that it takes, about. */
  get bytes(): number {
    const canvas = this.units[0]?.settings.edit?.canvas;
    return this.#bytes + 2 * this.log.bytes + (canvas ? canvas.pixels.byteLength + canvas.keep.byteLength : 0);
  }

  /** Says how many jobs are computed before it. */
  place(position: number): void {
    if (this.isOver || position === this.position) return;
    this.position = position;
    this.log.add('state', { state: this.state, position });
  }

  /** Says that it is being computed. */
  begin(): void {
    if (this.state !== 'waiting') return;
    this.state = 'running';
    this.#begun = performance.now();
    this.position = 0;
    this.log.add('state', { state: 'running', position: 0 });
  }

  /** Takes one scale of one of its images; the last image's last scale ends it. */
  take(unit: Unit, { index, scale, weight, tokens, entropy, png }: ScaleMade): void {
    if (this.isOver) return;
    if (png) {
      const frames = this.#frames.get(unit.member) ?? [];
      frames.push({ index, scale, png });
      this.#frames.set(unit.member, frames);
      this.#bytes += png.byteLength;
    }
    const { model, image, seed } = unit;
    const frame = png ? this.frameUrl(unit, index) : '';
    const bits = Array.from(entropy, (one) => Math.round(one * 1e4) / 1e4);
    this.log.add('scale', { model, image, seed, index, scale, weight, tokens: [...tokens], entropy: bits, frame });
    if (index < unit.settings.scales.length - 1) return;
    this.#finished.add(unit.member);
    if (this.#finished.size === this.units.length)
      this.#end('done', { state: 'done', seconds: Math.round(performance.now() - this.#begun) / 1000 });
  }

  /** Ends it without a result; one that is over stays as it is. */
  fail(error: StudioError): void {
    if (this.isOver) return;
    this.error = error;
    if (error.type === 'cancelled') this.#end('cancelled', { state: 'cancelled' });
    else this.#end('failed', { state: 'failed', error: error.problem });
  }

  /** Calls `then` when it is over, at once where it is. */
  whenOver(then: (job: Job) => void): void {
    if (this.isOver) then(this);
    else this.#ends.push(then);
  }

  frameUrl({ model, image }: Pick<Unit, 'model' | 'image'>, index: number): string {
    return `/api/generations/${this.id}/frames/${model}/${image}/${index}.png`;
  }

  /** The picture of one scale of one image. */
  frame(model: string, image: number, index: number): KeptFrame | undefined {
    const unit = this.units.find((one) => one.model === model && one.image === image);
    return unit && this.#frames.get(unit.member)?.find((one) => one.index === index);
  }

  /** The image of a unit. */
  result(unit: Unit): KeptFrame | undefined {
    return this.frame(unit.model, unit.image, unit.settings.scales.length - 1);
  }

  /** As the contract has it. */
  describe(): Generation {
    const { id, state, created, error, plan } = this;
    return {
      id,
      state,
      position: Math.max(0, this.position),
      created,
      request: plan.request,
      scales: plan.request.scales,
      images: this.units.map((unit) => ({
        model: unit.model,
        image: unit.image,
        seed: unit.seed,
        frames: (this.#frames.get(unit.member) ?? []).map(({ index, scale }) => ({
          index,
          scale,
          url: this.frameUrl(unit, index),
        })),
      })),
      ...(error && { error: error.problem satisfies Problem }),
    };
  }

  #end(state: GenerationState, event: object): void {
    if (this.isOver) return;
    this.state = state;
    this.position = 0;
    this.log.add(state, event);
    this.log.close();
    for (const then of this.#ends.splice(0)) then(this);
  }
}
