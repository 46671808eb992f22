// `metrics.jsonl` followed as it grows. A training that goes on from a checkpoint cuts its records back to it; the reader hears of that.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RecordsEvent, RunRecord } from './api/index.js';

/** Whether a line of metrics is a record at a number of images. */
export function isRecord(value: unknown): value is RunRecord {
  return Number.isFinite((value as RunRecord | null)?.imagesSeen);
}

function parsed(line: string): RunRecord[] {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? [value] : [];
  } catch {
    return [];
  }
}

/** What was added to a file of records since it was last looked at. */
export class RunTail {
  /** Whole lines read so far. */
  lines = 0;
  #offset = 0;
  #file: number | undefined;
  #last: number | null = null;

  /** @param path of `metrics.jsonl`, which need not be there yet */
  constructor(readonly path: string) {}

  /**
   * The records that came since, or all of them where the file was written anew; undefined where there are none.
   * @param heard lines of which the records are left out, if so many are there
   */
  next(heard = 0): RecordsEvent | undefined {
    const found = this.#newLines();
    if (!found) return undefined;
    const { lines, isNew } = found;
    const skipped = isNew && heard <= lines.length ? lines.slice(0, heard) : [];
    const before = skipped.flatMap(parsed).at(-1);
    const after = isNew ? (before?.imagesSeen ?? null) : this.#last;
    const records = lines.slice(skipped.length).flatMap(parsed);
    this.#last = records.at(-1)?.imagesSeen ?? after;
    return records.length || (isNew && !skipped.length) ? { after, records } : undefined;
  }

  #newLines(): { lines: string[]; isNew: boolean } | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(this.path, 'r');
    } catch {
      return undefined; // not there yet, or just being replaced
    }
    try {
      const { size, ino } = fstatSync(descriptor);
      const isNew = this.#file !== ino || size < this.#offset;
      if (isNew) [this.#offset, this.lines] = [0, 0];
      this.#file = ino;
      if (size === this.#offset && !isNew) return undefined;
      const bytes = Buffer.alloc(size - this.#offset);
      const read = readSync(descriptor, bytes, 0, bytes.length, this.#offset);
      const end = bytes.subarray(0, read).lastIndexOf('\n') + 1;
      const lines = bytes.subarray(0, end).toString().split('\n').slice(0, -1);
      this.#offset += end;
      this.lines += lines.length;
      return { lines, isNew };
    } finally {
      closeSync(descriptor);
    }
  }
}
