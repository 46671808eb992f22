// The `.npy` format of NumPy: a header in Python's notation, then the elements. What the arrays of an `.npz` are made of.
// Read strictly: little-endian numbers in C order; Python objects, which could run code, are refused.
import { UsageError } from '../util/errors.js';

const elementSizes = {
  '|b1': 1,
  '|i1': 1,
  '|u1': 1,
  '<i2': 2,
  '<u2': 2,
  '<f2': 2,
  '<i4': 4,
  '<u4': 4,
  '<f4': 4,
  '<i8': 8,
  '<u8': 8,
  '<f8': 8,
} as const;

/** Element types by NumPy's codes, e.g. `|u1` for bytes and `<f8` for float64. */
export type NpyType = keyof typeof elementSizes;

/** What an array is. */
export interface NpyHeader {
  type: NpyType;
  shape: readonly number[];
}

const magic = '\x93NUMPY';
const longestHeader = 65_535;

/** Bytes that the elements take. */
export function npyBytes({ type, shape }: NpyHeader): number {
  return shape.reduce((product, side) => product * side, elementSizes[type]);
}

/** The bytes that stand before the elements, as NumPy writes them (version 1.0, a multiple of 64). */
export function encodeNpyHeader({ type, shape }: NpyHeader): Buffer {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, ' ');
  header.write(`${magic}\x01\x00`, 'latin1');
  header.writeUInt16LE(length - 10, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', length - 1);
  return header;
}

/** How many bytes the header takes that `start` begins; undefined where more of them are needed to tell. */
export function npyHeaderLength(where: string, start: Buffer): number | undefined {
  if (start.length < 12) return undefined;
  if (start.toString('latin1', 0, 6) !== magic) refuse(where, 'it does not begin as one');
  const version = start[6]!;
  if (version < 1 || version > 3) refuse(where, `it has the unknown version ${version}.${start[7]!}`);
  const length = version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (length > longestHeader) refuse(where, `its header would have ${length} bytes`);
  return (version === 1 ? 10 : 12) + length;
}

/** Reads a whole header. */
export function parseNpyHeader(where: string, header: Buffer): NpyHeader {
  const fields = parseFields(where, header.toString('latin1', header[6] === 1 ? 10 : 12));
  const { descr, fortran_order: order, shape: sides } = fields;
  if (descr === undefined || order === undefined || sides === undefined)
    refuse(where, 'its header lacks one of descr, fortran_order and shape');
  if (!Object.hasOwn(elementSizes, descr)) refuse(where, `its elements are of the type ${JSON.stringify(descr)}; expected little-endian numbers`); // prettier-ignore
  const shape = sides.split(',').filter((side) => side.trim() !== '').map((side) => parseInt(side, 10)); // prettier-ignore
  if (order === 'True' && shape.length > 1)
    refuse(where, 'its elements are in Fortran order; save it through numpy.ascontiguousarray');
  const parsed = { type: descr as NpyType, shape };
  if (![...shape, npyBytes(parsed)].every(Number.isSafeInteger)) refuse(where, `its shape (${sides}) is too large`);
  return parsed;
}

/** One `'key': value` of the dictionary with what follows it: a string, a truth value, or a tuple of whole numbers. */
const field = /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(((?:\s*\d+L?\s*,)*(?:\s*\d+L?)?\s*)\))\s*(?:,|(?=\}))/y; // prettier-ignore

/** The dictionary of a header by its keys; the order of the keys is free, as the format says. */
function parseFields(where: string, text: string): Partial<Record<'descr' | 'fortran_order' | 'shape', string>> {
  const found: Record<string, string> = {};
  if (!text.startsWith('{')) refuse(where, 'its header is no dictionary');
  let at = 1;
  for (;;) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (!match) break;
    const [, , key, , string, truth, tuple] = match;
    if (key! in found) refuse(where, `its header names '${key!}' twice`);
    const values = { descr: string, fortran_order: truth, shape: tuple };
    const value = values[key as keyof typeof values];
    if (value === undefined) refuse(where, `its header has a malformed '${key!}'`);
    found[key!] = value;
    at = field.lastIndex;
  }
  if (!/^\s*\}\s*$/.test(text.slice(at))) refuse(where, 'its header is not the dictionary that NumPy writes');
  return found;
}

function refuse(where: string, what: string): never {
  throw new UsageError(`${where}: not an array of numbers as NumPy writes it: ${what}`);
}
