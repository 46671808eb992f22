// Long work that SIGINT and SIGTERM stop cleanly: the first one asks it to end, another one leaves at once.
// npm and `timeout` send a signal to a whole group of processes and pass it on besides; such an echo must not count as the user's second one.

const echoMilliseconds = 1000;

/** How work ended that a signal may stop. */
export type Ended = 'done' | 'SIGINT' | 'SIGTERM';

/** Tells whether a signal is one more that the user sent, and not the echo of the first. */
export function secondSignal(): () => boolean {
  let first: number | undefined;
  return () => {
    first ??= performance.now();
    return performance.now() - first > echoMilliseconds;
  };
}

/** The exit code of work that a signal ended: as a shell gives it. */
export function exitCodeOf(ended: Ended): number {
  return { done: 0, SIGINT: 130, SIGTERM: 143 }[ended];
}

/** What listens for signals between `on` and `off`; at other times one ends the program at once. */
export interface SignalWatch {
  /** The first signal that came; `done` until then. */
  readonly ended: Ended;
  /** Aborted when it comes. */
  readonly signal: AbortSignal;
  on: () => void;
  off: () => void;
}

/** A watch that is off; `told` hears of the first signal. A second one, which is no echo of the first, leaves at once. */
export function watchSignals(told?: (signal: Exclude<Ended, 'done'>) => void): SignalWatch {
  const isSecond = secondSignal();
  const controller = new AbortController();
  let ended: Ended = 'done';
  const hear = (signal: Exclude<Ended, 'done'>) => {
    if (isSecond()) process.exit(exitCodeOf(ended));
    if (ended !== 'done') return;
    ended = signal;
    controller.abort();
    told?.(signal);
  };
  return {
    get ended() {
      return ended;
    },
    signal: controller.signal,
    on: () => void process.on('SIGINT', hear).on('SIGTERM', hear),
    off: () => void process.off('SIGINT', hear).off('SIGTERM', hear),
  };
}
