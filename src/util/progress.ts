// How long work shows itself: a bar with rate and remaining time on a terminal, a plain line now and then in a pipe; always on stderr.
import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** A piece of work under way. */
export interface Progress {
  /** Tells how much is done now (absolute) and an optional note such as the loss. */
  update(done: number, note?: string): void;
  /** Ends the display. */
  stop(): void;
}

const lineEvery = 10_000; // milliseconds

/** Seconds in words, e.g. `2 min 5 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h} h ${m} min` : m ? `${m} min ${s} s` : `${s} s`;
}

/** What is counted: from `start` (work done by an earlier run) to `total` in `unit`s, e.g. images. */
export interface ProgressOptions {
  label: string;
  total: number;
  unit: string;
  start?: number;
  /** Shows nothing: for processes of a world besides the first. */
  quiet?: boolean;
}

/** Shows work under way. */
export function progress({ label, total, unit, start = 0, quiet = false }: ProgressOptions): Progress {
  if (quiet) return { update: () => undefined, stop: () => undefined };
  const began = performance.now();
  const rate = (done: number) => (done - start) / Math.max((performance.now() - began) / 1000, 1e-3);
  const describe = (done: number) => {
    const perSecond = rate(done);
    const left = done > start ? duration((total - done) / perSecond) : '?';
    return `${perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toFixed(2)} ${unit}/s, ${left} left`;
  };
  return process.stderr.isTTY ? bar(label, total, start, unit, describe) : lines(label, total, unit, describe);
}

function bar(label: string, total: number, start: number, unit: string, describe: (done: number) => string): Progress {
  const bars = new MultiBar(
    {
      format: `${label} {bar} {value}/{total} ${unit} · {state}{note}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: false,
      emptyOnZero: true,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  const one: SingleBar = bars.create(total, start, { state: '', note: '' });
  let stopped = false;
  return {
    update(done, note) {
      one.update(Math.min(done, total), { state: describe(done), note: note ? ` · ${note}` : '' });
      bars.update();
    },
    stop() {
      if (!stopped) bars.stop();
      stopped = true;
    },
  };
}

function lines(label: string, total: number, unit: string, describe: (done: number) => string): Progress {
  let last = -Infinity;
  let done = -1;
  let written = -1;
  let note: string | undefined;
  const write = () => {
    written = done;
    process.stderr.write(`${label}: ${done}/${total} ${unit}, ${describe(done)}${note ? `, ${note}` : ''}\n`);
  };
  return {
    update(now, text) {
      done = now;
      note = text;
      if (performance.now() - last < lineEvery) return;
      last = performance.now();
      write();
    },
    stop() {
      if (done >= 0 && written !== done) write();
    },
  };
}
