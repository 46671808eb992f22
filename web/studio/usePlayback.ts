// Things shown one after another, as the scales of an image or the samples of a training.
import { useEffect, useState } from 'preact/hooks';

/** Whether it plays, and what begins and ends it. */
export interface Playback {
  playing: boolean;
  toggle: () => void;
}

/** Shows so many things by their index, each for `pace` milliseconds. */
export function usePlayback(count: number, pace: number, show: (index: number) => void): Playback {
  const [at, setAt] = useState<number>();
  useEffect(() => {
    if (at === undefined) return undefined;
    show(at);
    const timer = setTimeout(() => setAt(at + 1 < count ? at + 1 : undefined), pace);
    return () => clearTimeout(timer);
  }, [at, count]);
  return { playing: at !== undefined, toggle: () => setAt(at === undefined ? 0 : undefined) };
}
