// Bytes of a pickle, taken in order: from memory, or from a file of which only a window is held.
import type { Refuse } from './values.js';

const windowBytes = 1 << 16;
const longestLine = 1 << 16;

/** Gives bytes in order and refuses to go past the end: no length that a pickle declares is trusted. */
export class Cursor {
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  /**
   * @param read gives `length` bytes at a position
   * @param position where to begin
   * @param end where the bytes end
   */
  constructor(
    private readonly read: (position: number, length: number) => Buffer,
    public position: number,
    private readonly end: number,
    private readonly refuse: Refuse,
  ) {}

  /** Over bytes in memory. */
  static over(bytes: Buffer, refuse: Refuse): Cursor {
    return new Cursor((position, length) => bytes.subarray(position, position + length), 0, bytes.length, refuse);
  }

  get left(): number {
    return this.end - this.position;
  }

  /** The next bytes, valid until the next call. */
  take(length: number | bigint): Buffer {
    if (length < 0 || length > this.left)
      this.refuse(`it declares ${length} bytes at byte ${this.position}, ${this.left} are left`);
    const count = Number(length);
    let begin = this.position - this.#windowStart;
    if (begin < 0 || begin + count > this.#window.length) {
      this.#window = this.read(this.position, Math.min(Math.max(count, windowBytes), this.left));
      this.#windowStart = this.position;
      begin = 0;
    }
    this.position += count;
    return this.#window.subarray(begin, begin + count);
  }

  byte(): number {
    const begin = this.position - this.#windowStart;
    if (begin >= this.#window.length || begin < 0) return this.take(1)[0]!;
    this.position++;
    return this.#window[begin]!;
  }

  /** The bytes to the next line end, which is passed over. */
  line(): Buffer {
    const start = this.position;
    for (let length = 0; length < longestLine; length++) {
      if (this.byte() !== 0x0a) continue;
      this.position = start;
      return this.take(length + 1).subarray(0, length);
    }
    return this.refuse(`the line at byte ${start} has no end`);
  }
}
