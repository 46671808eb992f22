// Entropies of tokens, counted: of a scale's tokens, and of a scale's tokens given the token of the scale before that lies at the same place.
// Counting few tokens of many codes underestimates (Paninski 2003); the Miller–Madow correction and a shuffled control say by how much.
import { sizeOf, type Scale } from '../../tokenizers/index.js';

/** An entropy in bits a token: as counted, and with Miller and Madow's correction (1955). */
export interface Entropy {
  plugIn: number;
  millerMadow: number;
}

/** How often each value occurs. */
function countsOf(values: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Entropy of counted values: Σ −p log₂ p, corrected by (K − 1) / 2N nats where K values occur in N. */
export function entropyOf(values: Iterable<number>): Entropy {
  const counts = [...countsOf(values).values()];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const plugIn = -counts.reduce((sum, count) => sum + (count / total) * Math.log2(count / total), 0);
  return { plugIn, millerMadow: plugIn + (counts.length - 1) / (2 * total * Math.LN2) };
}

/** H(child | parent) = H(parent, child) − H(parent), of pairs at the same index; `codes` exceeds every value. */
export function conditionalEntropyOf(children: ArrayLike<number>, parents: ArrayLike<number>, codes: number): Entropy {
  const joint = entropyOf(Array.from(children, (child, i) => parents[i]! * codes + child));
  const alone = entropyOf(Array.from(parents));
  return { plugIn: joint.plugIn - alone.plugIn, millerMadow: joint.millerMadow - alone.millerMadow };
}

/** For every token of a scale, in reading order, the place of the token of the scale before it that covers it: nearest-neighbour enlargement. */
export function parentPlaces(parent: Scale, child: Scale): number[] {
  const [[parentHeight, parentWidth], [height, width]] = [sizeOf(parent), sizeOf(child)];
  return Array.from({ length: height * width }, (_, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    return Math.floor((row * parentHeight) / height) * parentWidth + Math.floor((column * parentWidth) / width);
  });
}
