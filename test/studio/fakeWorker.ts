// Workers that compute nothing: the server's tests hold them, let them go on, and let them die. And an app on them.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartWorker, WorkerEvents } from '../../src/studio/jobs/process.js';
import { stampOf } from '../../src/studio/fileStamp.js';
import { type StudioApp, studioApp } from '../../src/studio/server/app.js';
import { type StudioOptions, studioOptions } from '../../src/studio/server/options.js';
import type { Batch, Described, FromWorker, ModelSource, Task, ToWorker } from '../../src/studio/worker/messages.js';

/** A PNG of one pixel. */
export const onePixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64'); // prettier-ignore

/** What the fake models are. */
export const classes = ['Shirt', 'Sneaker', 'Sandal', 'Ankle boot'];

function described({ generator }: ModelSource): Described {
  const isVar = generator.includes('var');
  const marks = { weights: 'w', tokenizer: 't' };
  const stamp = stampOf(generator);
  const seen = stamp && { name: generator, generator: stamp, tokenizer: stamp, marks };
  return {
    source: { generator, tokenizer: stamp ? generator : 'tokenizer', seen },
    created: 1,
    marks,
    details: {
      family: isVar ? 'var' : 'flexvar',
      classes,
      scales: [1, 2],
      imageSize: [16, 16],
      stride: 8,
      vocabularySize: 4,
      schedules: { own: [1, 2], larger: [1, 3] },
      anyScales: !isVar,
      canSmooth: isVar,
      defaults: { cfg: 2, guidance: 'ramp', topK: 0, topP: 0, temperature: 1, smooth: false },
      ramp: isVar ? { steps: null, fullAbove: null } : { steps: 9, fullAbove: 16 },
      parameters: 10,
      source: generator,
      data: 'none',
    },
  };
}

const picture = `data:image/png;base64,${onePixel.toString('base64')}`;
const level = { scale: 1, picture, input: null, alone: null, tokens: [0], correct: [true], entropy: [0], loss: [] };

const explained = {
  family: 'flexvar',
  scales: [1],
  label: 1,
  image: picture,
  pyramid: [level],
  teacher: [level],
  student: [level],
  difference: [[0]],
  losses: { teacher: [0], csf: [null], teacherTotal: 0, csfTotal: null, gamma: 0.01 },
};

/** A worker whose batches go on by themselves, or a scale at a time when told so. */
export class FakeWorker {
  /** Batches that it was given, in their order. */
  readonly batches: Batch[] = [];
  readonly dropped: number[] = [];
  /** Whether batches wait for `step`. */
  isHeld = false;
  /** Why it ends before it is ready. */
  broken: string | undefined;
  /** What it does when it is asked by name, besides `describe`. */
  tasks: Record<string, (input: unknown) => unknown> = {
    explain: () => explained,
    heldOutImages: () => ({ data: 'none', note: 'none', images: [] }),
    refinementChoices: () => ({ presets: [], fields: [] }),
    checkRefinement: () => undefined,
  };
  /** How often it was started. */
  starts = 0;
  #events: WorkerEvents | undefined;
  #going: { batch: Batch; index: number } | undefined;

  readonly start: StartWorker = (events) => {
    this.starts++;
    this.#events = events;
    this.#going = undefined;
    setImmediate(() => {
      if (this.broken === undefined) this.say({ type: 'ready' });
      else {
        this.say({ type: 'broken', why: this.broken });
        this.die('exit code 1');
      }
    });
    return { send: (message) => { setImmediate(() => { this.#take(message); }); }, kill: () => { this.die('signal SIGKILL'); } }; // prettier-ignore
  };

  say(message: FromWorker): void {
    this.#events?.onMessage(message);
  }

  /** It ends. */
  die(how: string): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onExit(how);
  }

  /** Makes the next scale of the batch in hand. */
  step(): void {
    const going = this.#going;
    if (!going) throw new Error('no batch in hand');
    const { batch, index } = going;
    const { scales } = batch.settings;
    const live = batch.members.filter(({ member }) => !this.dropped.includes(member));
    for (const { member, frames } of live) {
      const isLast = index === scales.length - 1;
      const side = scales[index] as number;
      const tokens = new Uint32Array(side * side);
      const png = frames || isLast ? onePixel : undefined;
      this.say({ type: 'scale', member, index, scale: side, weight: index, tokens, entropy: new Float32Array(side * side), png }); // prettier-ignore
    }
    going.index++;
    if (going.index < scales.length && live.length) return;
    this.#going = undefined;
    this.say({ type: 'finished', batch: batch.batch });
  }

  #answer({ task, name, input }: Task): FromWorker {
    try {
      return { type: 'answer', task, output: this.tasks[name]!(input) };
    } catch (error) {
      return { type: 'refused', task, why: { message: (error as Error).message, usage: (error as Error).name === 'UsageError' } }; // prettier-ignore
    }
  }

  #take(message: ToWorker): void {
    if (message.type === 'drop') this.dropped.push(...message.members);
    else if (message.type === 'task' && message.name !== 'describe') {
      this.say(this.#answer(message));
    } else if (message.type === 'task') {
      const source = message.input as ModelSource;
      if (source.generator.includes('missing'))
        this.say({ type: 'refused', task: message.task, why: { message: `--generator: there is no file ${source.generator}`, usage: true } }); // prettier-ignore
      else this.say({ type: 'answer', task: message.task, output: described(source) });
    } else {
      this.batches.push(message);
      this.#going = { batch: message, index: 0 };
      if (!this.isHeld) while (this.#going) this.step();
    }
  }
}

/** Options of a studio with two models, `one` and `two`. */
export function fakeOptions({ start }: FakeWorker): StudioOptions {
  const page = mkdtempSync(join(tmpdir(), 'scalewise-page-'));
  return studioOptions({
    models: [{ generator: 'one' }, { generator: 'two' }],
    page,
    start,
    rate: 0,
    drain: 50,
    loopDelay: 0,
  });
}

/** An app on a fake worker. */
export async function fakeStudio(
  more: Partial<StudioOptions> | ((options: StudioOptions) => Partial<StudioOptions>) = {},
): Promise<StudioApp & { worker: FakeWorker }> {
  const worker = new FakeWorker();
  const base = fakeOptions(worker);
  const opened = await studioApp({ ...base, ...(typeof more === 'function' ? more(base) : more) });
  await opened.studio.open();
  return { ...opened, worker };
}

/** Waits until something is so, for a minute at most. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !isSo(); await new Promise((done) => setTimeout(done, 2)))
    if (performance.now() > end) throw new Error(`it never came to be: ${String(isSo)}`);
}

/** One event of a stream. */
export interface SentEvent {
  id: number;
  /** Its id as it stands there. */
  mark: string;
  name: string;
  data: Record<string, unknown>;
}

/** The events in the text of a stream. */
export function eventsOf(text: string): SentEvent[] {
  return text
    .split('\n\n')
    .filter((part) => part.includes('event: '))
    .map((part) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? '';
      return { id: Number.parseInt(field('id') || '0'), mark: field('id'), name: field('event'), data: JSON.parse(field('data')) as Record<string, unknown> }; // prettier-ignore
    });
}
