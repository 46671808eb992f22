// The search for the largest batch that a device's memory holds.

/**
 * The largest batch that fits, to a twelfth: doubled from one that does until memory lacks, then by halves between. `isIn` answers
 * undefined where it cannot be told, which ends the search.
 */
export async function largestBatch(known, most, isIn) {
  let [low, high] = [known, Infinity];
  while (low < most && high - low > Math.max(1, low / 12)) {
    const middle = Math.min(most, high === Infinity ? 2 * low : Math.round((low + high) / 2));
    const answer = await isIn(middle);
    if (answer === undefined) break;
    if (answer) low = middle;
    else high = middle;
  }
  return low;
}
