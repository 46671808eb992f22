// JSON lines: one record a line, appended as they come. A line that a crash cut short can only be the last one, and is dropped.
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs';
import { UsageError } from '../util/errors.js';
import { explainIo, writeAll } from '../util/files.js';

/** Cuts off what follows the last line end: what a crash left of a line. */
function cutTornLine(path: string, descriptor: number): void {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  if (size === 0 || (readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() === '\n')) return;
  ftruncateSync(descriptor, readFileSync(path).lastIndexOf('\n') + 1);
}

/** Appends a record as one line; a line before it that was cut short is cut off. The file is made where it is absent. */
export function appendJsonLine(path: string, record: object): void {
  explainIo(path, () => {
    const descriptor = openSync(path, 'a+');
    try {
      cutTornLine(path, descriptor);
      writeAll(descriptor, Buffer.from(`${JSON.stringify(record)}\n`));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** What there is to say of a line that is no JSON. */
export function brokenLine(path: string, index: number, line: string): string {
  return `${path}: line ${index + 1}: expected a JSON record, got ${JSON.stringify(line.slice(0, 40))}`;
}

/** The last whole line that is JSON and wanted, for which no more of the file is read than it takes; undefined where there is none. */
export function lastJsonLine<T>(path: string, isWanted: (value: unknown) => value is T): T | undefined {
  if (!existsSync(path)) return undefined;
  return explainIo(path, () => {
    const descriptor = openSync(path, 'r');
    try {
      const { size } = fstatSync(descriptor);
      for (let length = Math.min(size, 64 * 1024); ; length = Math.min(size, 4 * length)) {
        const bytes = Buffer.alloc(length);
        readSync(descriptor, bytes, 0, length, size - length);
        const lines = bytes.subarray(0, bytes.lastIndexOf('\n') + 1).toString().split('\n'); // prettier-ignore
        if (length < size) lines.shift(); // it began before what was read
        for (const line of lines.reverse()) {
          const value = parsed(line);
          if (isWanted(value)) return value;
        }
        if (length === size) return undefined;
      }
    } finally {
      closeSync(descriptor);
    }
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Reads all records; a file that is absent holds none, and a last line without its line end is left out.
 * @param broken is told of a whole line that is no JSON, which is then left out
 * @throws UsageError naming file and line of the first such line, where `broken` is not given
 */
export function readJsonLines<T = unknown>(path: string, broken?: (sentence: string) => void): T[] {
  if (!existsSync(path)) return [];
  const lines = explainIo(path, () => readFileSync(path, 'utf8'))
    .split('\n')
    .slice(0, -1);
  return lines.flatMap((line, i) => {
    try {
      return [JSON.parse(line) as T];
    } catch {
      const sentence = brokenLine(path, i, line);
      if (!broken) throw new UsageError(sentence);
      broken(sentence);
      return [];
    }
  });
}
