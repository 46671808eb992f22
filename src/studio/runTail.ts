// `metrics.jsonl` followed as it grows, a piece at a time. A training that goes on from a checkpoint cuts its records back to it; the reader hears
// of that, also one who was away meanwhile: marks hold a sum of all that was read.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { brokenLine } from '../formats/index.js';
import type { RecordsEvent, RunRecord } from './api/index.js';

/** Bytes that are read at once, at least as long as the longest line. */
const piece = 256 * 1024;

/** Broken lines that are told of. */
const mostTold = 20;

/** Whether a line of metrics is a record at a number of images. */
export function isRecord(value: unknown): value is RunRecord {
  return Number.isFinite((value as RunRecord | null)?.imagesSeen);
}

/** What was added to a file of records since it was last looked at. */
export class RunTail {
  /** Sentences on the lines that are no JSON. */
  problems: string[] = [];
  /** Whether there was more than was read. */
  isBehind = false;
  #lines = 0;
  #offset = 0;
  #sum = 0;
  #file: number | undefined;
  #last: number | null = null;

  /** @param path of `metrics.jsonl`, which need not be there yet */
  constructor(readonly path: string) {}

  /** How far it has read what. */
  get mark(): string {
    return `${this.#lines}-${this.#sum.toString(16)}`;
  }

  /** Goes on behind what a reader heard, if the file still begins with that; else from its beginning. */
  resume(mark: string): void {
    const heard = parseInt(mark, 10);
    for (let left = heard; left > 0; left = heard - this.#lines) {
      const found = this.#take(left);
      if (!found?.lines.length) break;
      const last = found.lines.findLast((line) => this.#parsed(line).length);
      if (last !== undefined) this.#last = this.#parsed(last)[0]!.imagesSeen;
    }
    if (this.mark !== mark) this.#forget();
  }

  /** The records that came since, or the first ones where the file was written anew; undefined where there are none. */
  next(): RecordsEvent | undefined {
    const found = this.#take();
    if (!found) return undefined;
    const after = found.isNew ? null : this.#last;
    const before = this.#lines - found.lines.length;
    const records = found.lines.flatMap((line, i) => this.#parsed(line, before + i));
    this.#last = records.at(-1)?.imagesSeen ?? after;
    return records.length || found.isNew ? { after, records } : undefined;
  }

  #parsed(line: string, index?: number): RunRecord[] {
    try {
      const value: unknown = JSON.parse(line);
      return isRecord(value) ? [value] : [];
    } catch {
      if (index !== undefined && this.problems.length < mostTold)
        this.problems.push(brokenLine(this.path, index, line));
      return [];
    }
  }

  #forget(): void {
    [this.#lines, this.#offset, this.#sum, this.#file, this.#last] = [0, 0, 0, undefined, null];
    this.problems = [];
  }

  /** Whole lines from where it stands, at most so many. */
  #take(most = Infinity): { lines: string[]; isNew: boolean } | undefined {
    let descriptor: number;
    this.isBehind = false;
    try {
      descriptor = openSync(this.path, 'r');
    } catch {
      return undefined; // not there yet, or just being replaced
    }
    try {
      const { size, ino } = fstatSync(descriptor);
      if (this.#file !== ino || size < this.#offset) this.#forget();
      const isNew = this.#file === undefined;
      this.#file = ino;
      if (size === this.#offset && !isNew) return undefined;
      return { lines: this.#linesOf(descriptor, size, most), isNew };
    } finally {
      closeSync(descriptor);
    }
  }

  #linesOf(descriptor: number, size: number, most: number): string[] {
    let [bytes, end] = [Buffer.alloc(0), 0];
    for (let length = piece; end === 0 && bytes.length < size - this.#offset; length *= 4) {
      bytes = Buffer.alloc(Math.min(length, size - this.#offset));
      const read = readSync(descriptor, bytes, 0, bytes.length, this.#offset);
      end = endOfLines(bytes.subarray(0, read), most);
    }
    const whole = bytes.subarray(0, end);
    const lines = whole.toString().split('\n').slice(0, -1);
    this.isBehind = end > 0 && bytes.length < size - this.#offset;
    this.#offset += end;
    this.#sum = crc32(whole, this.#sum);
    this.#lines += lines.length;
    return lines;
  }
}

/** Where the last whole line ends, or the one of a number; 0 where none does. */
function endOfLines(bytes: Buffer, most: number): number {
  if (most === Infinity) return bytes.lastIndexOf('\n') + 1;
  let end = 0;
  for (let left = most; left > 0; left--) {
    const next = bytes.indexOf('\n', end) + 1;
    if (next === 0) break;
    end = next;
  }
  return end;
}
