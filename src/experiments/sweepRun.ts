// Measures the points of a sweep that were not measured before, model after model, until they are all there or a signal ends it. Several
// processes share the points of a folder: none waits for another while there is something else to measure.
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Column, Figures, Pair } from '../recipes/index.js';
import { duration } from '../util/progress.js';
import { type Ended, watchSignals } from '../util/signals.js';
import { pointText } from './sweepGrid.js';
import type { PointStore, SweepFigure, SweepModel, Task } from './sweepPoints.js';
import { usualPatience } from './sweepWork.js';

/** How a sweep ended. */
export type SweepEnd = Ended;

/** A task with its figures, by key and as a list. */
export interface Measured extends Task {
  figures: Figures;
  columns: readonly Column[];
}

function measuredAs(task: Task, columns: readonly SweepFigure[]): Measured {
  return { ...task, columns, figures: Object.fromEntries(columns.map(({ key, value }) => [key, value])) };
}

/** Says after each point how many there are, and how long the rest will take. */
class Teller {
  readonly #began = performance.now();
  readonly #seeds: boolean;
  #fresh = 0;

  constructor(
    readonly headline: Column,
    readonly tasks: readonly Task[],
    readonly say: (line: string) => void,
  ) {
    this.#seeds = new Set(tasks.map(({ seed }) => seed)).size > 1;
  }

  tell(done: number, { model, point, seed, figures }: Measured): void {
    const total = this.tasks.length;
    const left = ((performance.now() - this.#began) / 1000 / ++this.#fresh) * (total - done);
    const { key, name, digits } = this.headline;
    const rest = done < total ? `, ${duration(left)} left` : '';
    const settings = `${pointText(point)}${this.#seeds ? `, seed ${seed}` : ''}`;
    this.say(`${done}/${total} points${rest}: ${model.name}, ${settings}: ${name} ${figures[key]!.toFixed(digits)}`); // prettier-ignore
  }
}

/** How it went with a task that had no figures: what was found, or why nothing was. */
type Outcome = readonly SweepFigure[] | 'elsewhere' | 'stopped';

/** Measures and keeps a task, unless another process is at it; what one measured meanwhile is read. */
async function measureTask(task: Task, pair: () => Pair, store: PointStore, signal: AbortSignal): Promise<Outcome> {
  const there = store.read(task);
  if (there) return there;
  using work = store.works.take(store.key(task));
  if (!work) return 'elsewhere';
  try {
    const meanwhile = store.read(task); // between the first look and the taking
    const found = meanwhile ?? (await store.judge.measure(task, pair(), { ...store.options, signal, work }));
    if (!found) return 'stopped';
    if (!meanwhile) store.write(task, found);
    work.done();
    return found;
  } catch (error) {
    if (work.isLost) return 'elsewhere';
    throw error;
  }
}

/** Measures tasks of one model until a signal comes; those that other processes are at are left, and answered. */
async function measureModel(
  model: SweepModel,
  tasks: readonly Task[],
  store: PointStore,
  signal: AbortSignal,
  take: (measured: Measured) => void,
): Promise<Task[]> {
  let pair: Pair | undefined;
  const open = () => (pair ??= model.open());
  const elsewhere: Task[] = [];
  try {
    for (const task of tasks) {
      const outcome = await measureTask(task, open, store, signal);
      if (outcome === 'elsewhere') elsewhere.push(task);
      else if (outcome !== 'stopped') take(measuredAs(task, outcome));
      await setImmediate(); // lets signals in
      if (signal.aborted) break;
    }
  } finally {
    pair?.generator.dispose();
    pair?.tokenizer.dispose();
  }
  return elsewhere;
}

/** The measured ones of some tasks, in their order. */
function measuredOf(tasks: readonly Task[], store: PointStore): Measured[] {
  return tasks.flatMap((task) => {
    const figures = store.read(task);
    return figures ? [measuredAs(task, figures)] : [];
  });
}

const pollEvery = 1000; // milliseconds

/** Measures tasks, model after model, and then those again that other processes were at, until none is left or a signal comes. */
async function measureAll(
  tasks: readonly Task[],
  store: PointStore,
  signal: AbortSignal,
  tell: { measured: (measured: Measured) => void; waiting: (count: number) => void },
): Promise<void> {
  let left = tasks;
  while (left.length && !signal.aborted) {
    const elsewhere: Task[] = [];
    for (const model of new Set(left.map((task) => task.model))) {
      const own = left.filter((task) => task.model === model);
      elsewhere.push(...(await measureModel(model, own, store, signal, tell.measured)));
      if (signal.aborted) return;
    }
    if (left === tasks && elsewhere.length) tell.waiting(elsewhere.length);
    left = elsewhere;
    if (left.length) await setTimeout(pollEvery, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Measures what was not measured before. Answers all points that there are then, in the tasks' order: a part of them where a signal ended it. Each
 * model is loaded once, not at all where nothing of it is missing, and again for what another process left undone.
 */
export async function runSweep(
  tasks: readonly Task[],
  store: PointStore,
  say: (line: string) => void,
): Promise<{ points: Measured[]; end: SweepEnd }> {
  const missing = tasks.filter((task) => store.read(task) === undefined);
  let done = tasks.length - missing.length;
  if (missing.length) say(`${done}/${tasks.length} points are there; Ctrl-C stops it, and the same command goes on`); // prettier-ignore
  const signals = watchSignals();
  signals.on();
  const teller = new Teller(store.judge.headline, tasks, say);
  try {
    await measureAll(missing, store, signals.signal, {
      measured: (measured) => {
        teller.tell(++done, measured);
      },
      waiting: (count) => {
        say(`waiting for ${count} ${count === 1 ? 'point' : 'points'} that other processes measure; what shows no sign of life for ${usualPatience} minutes is taken over`); // prettier-ignore
      },
    });
  } finally {
    signals.off();
  }
  const points = measuredOf(tasks, store);
  const { ended: end } = signals;
  if (end !== 'done') say(`${end}: ${points.length} of ${tasks.length} points are in ${store.out}; the same command goes on`); // prettier-ignore
  return { points, end };
}
