// Something asked for again and again while the page is in view.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** The newest answer, or why there is none. */
export interface Polled<T> {
  value: T | undefined;
  error: unknown;
  /** Asks at once. */
  retry: () => void;
}

/**
 * Asks when it is first shown, and then every so many milliseconds after an answer.
 * @param ask must stay the same function as long as the same is asked
 * @param pause milliseconds, perhaps by what was answered last
 * @param again whether it is worth asking once more
 */
export function usePolled<T>(
  ask: () => Promise<T>,
  pause: number | ((value: T | undefined) => number),
  again: (value: T) => boolean = () => true,
): Polled<T> {
  const [value, setValue] = useState<{ of: () => Promise<T>; value: T }>();
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  const wanted = useRef({ again, pause });
  wanted.current = { again, pause };
  const newest = useRef<T | undefined>(undefined);
  useEffect(() => {
    let [left, timer] = [false, undefined as ReturnType<typeof setTimeout> | undefined];
    const turn = async () => {
      let isWanted = true;
      try {
        if (!document.hidden) {
          const answer = await ask();
          if (left) return;
          setValue({ of: ask, value: answer });
          setError(undefined);
          newest.current = answer;
          isWanted = wanted.current.again(answer);
        }
      } catch (reason) {
        if (left) return;
        setError(reason);
      }
      const { pause: rest } = wanted.current;
      if (isWanted) timer = setTimeout(() => void turn(), typeof rest === 'number' ? rest : rest(newest.current));
    };
    void turn();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [ask, attempt]);
  const retry = useCallback(() => setAttempt((before) => before + 1), []);
  return { value: value?.of === ask ? value.value : undefined, error, retry };
}
