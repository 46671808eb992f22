// Measures the points of a sweep that were not measured before, model after model, until they are all there or a signal ends it between two of them.
import { setImmediate } from 'node:timers/promises';
import type { Column, Figures } from '../recipes/index.js';
import { duration } from '../util/progress.js';
import { type Ended, watchSignals } from '../util/signals.js';
import { pointText } from './sweepGrid.js';
import type { PointStore, SweepFigure, SweepModel, Task } from './sweepPoints.js';

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

/** Measures and keeps tasks of one model until a signal comes; those that another process measured meanwhile are read. */
async function measureModel(
  model: SweepModel,
  tasks: readonly Task[],
  store: PointStore,
  signal: AbortSignal,
  take: (measured: Measured) => void,
): Promise<void> {
  const pair = model.open();
  try {
    for (const task of tasks) {
      const there = store.read(task);
      const figures = there ?? (await store.judge.measure(task, pair, { ...store.options, signal }));
      if (!figures) return;
      if (!there) store.write(task, figures);
      take(measuredAs(task, figures));
      await setImmediate(); // lets signals in
      if (signal.aborted) return;
    }
  } finally {
    pair.generator.dispose();
    pair.tokenizer.dispose();
  }
}

/** The measured ones of some tasks, in their order. */
function measuredOf(tasks: readonly Task[], store: PointStore): Measured[] {
  return tasks.flatMap((task) => {
    const figures = store.read(task);
    return figures ? [measuredAs(task, figures)] : [];
  });
}

/**
 * Measures what was not measured before. Answers all points that there are then, in the tasks' order: a part of them where a signal ended it. Each
 * model is loaded once at most, and not at all where nothing of it is missing.
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
    for (const model of new Set(missing.map((task) => task.model))) {
      const own = missing.filter((task) => task.model === model);
      await measureModel(model, own, store, signals.signal, (measured) => {
        teller.tell(++done, measured);
      });
      if (signals.ended !== 'done') break;
    }
  } finally {
    signals.off();
  }
  const points = measuredOf(tasks, store);
  const { ended: end } = signals;
  if (end !== 'done') say(`${end}: ${points.length} of ${tasks.length} points are in ${store.out}; the same command goes on`); // prettier-ignore
  return { points, end };
}
