// The nearest of some names to one that was mistyped.

/** Edits (insertions, deletions, substitutions) that make one word of another. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** The candidate nearest to `name`, or undefined where none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits];
  }
  return best;
}

/** `; did you mean 'x'?`, or nothing where no candidate is near: the end of an error sentence. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const best = nearest(name, candidates);
  return best === undefined ? '' : `; did you mean '${best}'?`;
}

/** The candidates nearest to `name`, the nearest first: those that it is a part of, then by edits; at most so many. */
export function nearestNames(name: string, candidates: readonly string[], most: number): string[] {
  const wanted = name.toLowerCase();
  const edits = (one: string) => (one.toLowerCase().includes(wanted) ? 0 : distance(wanted, one.toLowerCase()));
  const ranked = candidates.map((one) => ({ one, edits: edits(one) }));
  return ranked
    .sort((a, b) => a.edits - b.edits)
    .slice(0, most)
    .map(({ one }) => one);
}
