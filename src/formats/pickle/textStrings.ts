// Strings of the protocols that are text: quoted with Python's escapes, or raw-unicode-escape.
import type { Machine } from './machine.js';

const simple: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };

/** A quoted string of protocol 0. */
export function quotedString(machine: Machine, line: string): string {
  const body = /^(['"])(.*)\1$/s.exec(line)?.[2];
  if (body === undefined) return machine.refuse('a string is not in quotes');
  return body.replace(/\\(x[0-9a-fA-F]{2}|.|$)/gs, (_, escape: string) => {
    if (escape.startsWith('x') && escape.length === 3) return String.fromCharCode(parseInt(escape.slice(1), 16));
    return Object.hasOwn(simple, escape) ? simple[escape]! : machine.refuse('a string has an unknown escape');
  });
}

/** A string in which only \uXXXX and \UXXXXXXXX are escapes. */
export function rawUnicode(machine: Machine, line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short?: string, long?: string) => {
    const code = parseInt(short ?? long!, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : machine.refuse('a string has a character that cannot be');
  });
}
