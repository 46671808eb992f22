// Numbers of a pickle, in binary and in text. Integers that a double holds exactly become numbers, longer ones bigints.
import type { Machine } from './machine.js';

const mostDigits = 300;
const mostBytes = 128;

const narrowed = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

/** An integer in decimal text. */
export function textInteger(machine: Machine, text: string): number | bigint {
  if (text.length > mostDigits || !/^[+-]?\d+$/.test(text))
    return machine.refuse('an integer is malformed or too long');
  return narrowed(BigInt(text.replace('+', '')));
}

/** A float in Python's text. */
export function textFloat(machine: Machine, text: string): number {
  const [, sign, name] = /^([+-]?)(inf|nan)$/.exec(text) ?? [];
  if (name !== undefined) return name === 'nan' ? NaN : sign === '-' ? -Infinity : Infinity;
  if (text.length > mostDigits || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
    return machine.refuse('a float is malformed or too long');
  return Number(text);
}

/** A two's complement integer, little-endian; no bytes are zero. */
export function longInteger(machine: Machine, bytes: Buffer): number | bigint {
  if (bytes.length > mostBytes) return machine.refuse(`an integer of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const value = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  return narrowed(BigInt.asIntN(bytes.length * 8, value));
}
