// An answer that is asked for once, and again when told to.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** An answer that is waited for. */
export interface Asked<T> {
  value: T | undefined;
  error: unknown;
  retry: () => void;
}

/**
 * Asks once, and again when told to.
 * @param ask must stay the same function as long as the same is asked
 */
export function useAsked<T>(ask: () => Promise<T>): Asked<T> {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<unknown>();
  const turn = useRef(0); // a late answer to an earlier question is not taken
  const retry = useCallback(() => {
    const mine = ++turn.current;
    setError(undefined);
    ask().then(
      (answer) => mine === turn.current && setValue(answer),
      (reason: unknown) => mine === turn.current && setError(reason),
    );
  }, [ask]);
  useEffect(retry, [retry]);
  return { value, error, retry };
}
