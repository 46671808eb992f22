// A signal twice: npm and `timeout` send one to a whole group of processes and pass it on besides, which must not count as the user's second one.

const echoMilliseconds = 1000;

/** Tells whether a signal is one more that the user sent, and not the echo of the first. */
export function secondSignal(): () => boolean {
  let first: number | undefined;
  return () => {
    first ??= performance.now();
    return performance.now() - first > echoMilliseconds;
  };
}
