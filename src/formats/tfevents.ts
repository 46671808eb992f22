// TensorBoard event files: scalars and PNG images, appended as TFRecords (length, masked CRC-32C, protobuf message).
// Only the few fields of tensorflow.Event that TensorBoard reads are encoded; the message is small enough to be written by hand.
import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import crc32 from 'crc-32/crc32c.js';
import { explainIo, writeAll } from '../util/files.js';

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

const key = (field: number, wire: number) => varint(field * 8 + wire);
const integer = (field: number, value: number) => Buffer.concat([key(field, 0), varint(value)]);
const bytesField = (field: number, value: Uint8Array | string) => {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([key(field, 2), varint(content.length), content]);
};
const double = (field: number, value: number) => {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), content]);
};
const float = (field: number, value: number) => {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return Buffer.concat([key(field, 5), content]);
};

function maskedCrc(data: Buffer): Buffer {
  const crc = crc32.buf(data) >>> 0;
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return out;
}

/** Frames one message as a TFRecord. */
function record(message: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(message.length));
  return Buffer.concat([length, maskedCrc(length), message, maskedCrc(message)]);
}

let opened = 0; // event files of this process: each gets a name of its own

/** Now, in seconds, but later than every event file of a folder: TensorBoard reads files in the order of their names, and dates jump. */
function secondsOfNext(folder: string): number {
  const before = readdirSync(folder).map((name) => Number(/^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1] ?? 0));
  return Math.max(Math.floor(Date.now() / 1000), ...before.map((seconds) => seconds + 1));
}

/** An open event file of a run's folder; every run of the program opens a new one, as TensorBoard expects. */
export class EventWriter {
  readonly path: string;
  readonly #descriptor: number;

  /** @param options.purgeStep where a resumed run goes on: TensorBoard drops what earlier files hold from this step on */
  constructor(folder: string, options: { purgeStep?: number } = {}) {
    const seconds = explainIo(folder, () => secondsOfNext(folder));
    this.path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${opened++}`);
    this.#descriptor = explainIo(this.path, () => openSync(this.path, 'ax'));
    try {
      this.#event(0, bytesField(3, 'brain.Event:2'));
      if (options.purgeStep !== undefined) this.#event(options.purgeStep, bytesField(7, integer(1, 1))); // SessionLog START
    } catch (error) {
      this.close();
      rmSync(this.path, { force: true });
      throw error;
    }
  }

  #event(step: number, content: Buffer): void {
    const event = Buffer.concat([double(1, Date.now() / 1000), integer(2, step), content]);
    explainIo(this.path, () => {
      const { size } = fstatSync(this.#descriptor);
      try {
        writeAll(this.#descriptor, record(event));
      } catch (error) {
        ftruncateSync(this.#descriptor, size); // readers stop at half a record, and would see nothing that comes after it
        throw error;
      }
    });
  }
  #summary(step: number, value: Buffer): void {
    this.#event(step, bytesField(5, bytesField(1, value)));
  }

  /** One number of a series. */
  scalar(tag: string, step: number, value: number): void {
    this.#summary(step, Buffer.concat([bytesField(1, tag), float(2, value)]));
  }

  /** One PNG of a series, in colour. */
  image(tag: string, step: number, png: Uint8Array, width: number, height: number): void {
    const image = Buffer.concat([integer(1, height), integer(2, width), integer(3, 3), bytesField(4, png)]);
    this.#summary(step, Buffer.concat([bytesField(1, tag), bytesField(4, image)]));
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
