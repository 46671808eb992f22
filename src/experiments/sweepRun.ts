// Measures the points of a sweep that were not measured before, model after model, until they are all there or a signal ends it between two of them.
import { setImmediate } from 'node:timers/promises';
import type { Assessor, Figures } from '../recipes/index.js';
import { duration } from '../util/progress.js';
import { secondSignal } from '../util/signals.js';
import { pointText } from './sweepGrid.js';
import { type PointStore, settingsAt, type SweepModel, type Task } from './sweepPoints.js';

/** How a sweep ended. */
export type SweepEnd = 'done' | 'SIGINT' | 'SIGTERM';

/** A task with its figures. */
export interface Measured extends Task {
  figures: Figures;
}

/** Notes the first SIGINT or SIGTERM. They come in between two points; a second one, which is no echo of the first, leaves at once. */
function watchSignals(): { end: SweepEnd; off: () => void } {
  const isSecond = secondSignal();
  const stop = (signal: 'SIGINT' | 'SIGTERM') => {
    if (isSecond()) process.exit(signal === 'SIGINT' ? 130 : 143);
    if (state.end === 'done') state.end = signal;
  };
  const state: ReturnType<typeof watchSignals> = {
    end: 'done',
    off: () => process.off('SIGINT', stop).off('SIGTERM', stop),
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return state;
}

/** Says after each point how many there are, and how long the rest will take. */
class Teller {
  readonly #began = performance.now();
  readonly #seeds: boolean;
  #fresh = 0;

  constructor(
    readonly headline: Assessor['headline'],
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
  signals: { end: SweepEnd },
  take: (measured: Measured) => void,
): Promise<void> {
  const pair = model.open();
  try {
    for (const task of tasks) {
      let figures = store.read(task);
      if (figures === undefined) {
        const { seed, point } = task;
        figures = store.judge.assessor.assess(pair, settingsAt(model, point), { ...store.options, seed });
        store.write(task, figures);
      }
      take({ ...task, figures });
      await setImmediate(); // lets signals in
      if (signals.end !== 'done') return;
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
    return figures ? [{ ...task, figures }] : [];
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
  if (missing.length) say(`${done}/${tasks.length} points are there; Ctrl-C ends after the point under way, and the same command goes on`); // prettier-ignore
  const signals = watchSignals();
  const teller = new Teller(store.judge.assessor.headline, tasks, say);
  try {
    for (const model of new Set(missing.map((task) => task.model))) {
      const own = missing.filter((task) => task.model === model);
      await measureModel(model, own, store, signals, (measured) => {
        teller.tell(++done, measured);
      });
      if (signals.end !== 'done') break;
    }
  } finally {
    signals.off();
  }
  const points = measuredOf(tasks, store);
  const { end } = signals;
  if (end !== 'done') say(`${end}: ${points.length} of ${tasks.length} points are in ${store.out}; the same command goes on`); // prettier-ignore
  return { points, end };
}
