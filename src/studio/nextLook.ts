// How often folders are looked at, whoever asks: what takes long is looked at more rarely.

/** Milliseconds for which nothing is looked at again, and how much longer than the last look that is at least. */
const [pause, patience] = [1000, 20];

/** When something may be looked at again, the look that is over having begun at a time; both in milliseconds. */
export function nextLook(begun: number): number {
  return Date.now() + Math.max(pause, patience * (Date.now() - begun));
}
