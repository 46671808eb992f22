// Labels as data sets write them, class numbers or names, as places in one list of classes.
import { UsageError } from '../../util/errors.js';

/** A class number, a class name, or nothing. */
export type RawLabel = number | string | undefined;

const mostClasses = 65_535; // labels are 16-bit

/** A label out of a text: a whole number is the number of a class. */
export function labelFrom(text: string): RawLabel {
  const plain = text.trim();
  return /^\d+$/.test(plain) ? Number(plain) : plain || undefined;
}

/** Classes, and each image's place in them. */
export interface Labelled {
  classes: readonly string[];
  labels: Uint16Array;
}

/** Numbers are places in `names`, or where there are none their own names. */
function byNumber(name: string, raw: readonly number[], names: readonly string[] | undefined): Labelled {
  const highest = raw.reduce((most, one) => Math.max(most, one), 0);
  const count = names?.length ?? highest + 1;
  const bad = raw.find((one) => !Number.isInteger(one) || one < 0 || one >= count);
  if (bad !== undefined)
    throw new UsageError(`${name}: expected class numbers from 0 to ${count - 1}, found ${bad}; correct the label`);
  if (count > mostClasses) throw new UsageError(`${name}: expected at most ${mostClasses} classes, found ${count}`);
  return { classes: names ?? Array.from({ length: count }, (_, i) => `${i}`), labels: Uint16Array.from(raw) };
}

function byName(name: string, raw: readonly string[]): Labelled {
  const classes = [...new Set(raw)].sort((a, b) => (a < b ? -1 : 1));
  if (classes.length > mostClasses)
    throw new UsageError(`${name}: expected at most ${mostClasses} classes, found ${classes.length}`);
  const places = new Map(classes.map((one, i) => [one, i]));
  return { classes, labels: Uint16Array.from(raw, (one) => places.get(one)!) };
}

/**
 * Places in a list of classes. Numbers stay what they are; names are sorted. Without any label all images are of the one class `flatName`.
 * @param nameOf what an image is called in messages
 * @param names the class names, where the data set has a list of them
 * @throws UsageError where labels are missing, of two kinds, or out of range
 */
export function classify(
  name: string,
  raw: readonly RawLabel[],
  nameOf: (index: number) => string,
  { flatName, names }: { flatName: string; names?: readonly string[] | undefined },
): Labelled {
  const kinds = new Set(raw.map((one) => typeof one));
  if (kinds.size === 1 && kinds.has('undefined')) return { classes: [flatName], labels: new Uint16Array(raw.length) };
  const missing = raw.indexOf(undefined);
  if (missing >= 0)
    throw new UsageError(`${name}: ${nameOf(missing)} has no label, others have one; add it, or remove the image`);
  if (kinds.size === 2) {
    const other = raw.findIndex((one) => typeof one !== typeof raw[0]);
    throw new UsageError(
      `${name}: ${nameOf(0)} has the label '${raw[0]!}', ${nameOf(other)} '${raw[other]!}'; use numbers for all, or names for all`,
    );
  }
  return kinds.has('number') ? byNumber(name, raw as number[], names) : byName(name, raw as string[]);
}
