// Where a stream of sampled images goes: a folder of PNG files, or the evaluator's `.npz`. Nothing is held in memory; what an interrupted run left
// whole is kept, and sampling goes on after it.
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, cellPng } from '../evaluate/index.js';
import { type ImageArrayShape, NpzImageWriter, withPngTexts } from '../formats/index.js';
import { differences } from '../util/differences.js';
import { UsageError } from '../util/errors.js';
import { explainIo, writeFileAtomic } from '../util/files.js';

/** Settings as they are kept: values of JSON. */
export type KeptSettings = Readonly<Record<string, unknown>>;

/** Where images go, in their order. */
export interface ImageSink {
  /** Images that are there: the next one added has this index. */
  readonly done: number;
  /** Adds the next image; `own` is what made this one, e.g. its class and its seed. */
  add(image: Cell, own: KeptSettings): Promise<void>;
  /** Says that the images so far are all. */
  finish(): void;
}

/** What lies beside the images: the settings of the whole run, and how many there are once they are all there. */
interface RunRecord {
  settings: KeptSettings;
  images?: number;
}

function writeRecord(path: string, record: RunRecord): void {
  writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** Reads a record; undefined where there is none. */
function readRecord(path: string): RunRecord | undefined {
  if (!existsSync(path)) return undefined;
  const text = explainIo(path, () => readFileSync(path, 'utf8'));
  try {
    const record = JSON.parse(text) as Partial<RunRecord> | null;
    if (typeof record?.settings === 'object') return record as RunRecord;
  } catch {
    // no JSON: told below
  }
  throw new UsageError(`${path}: it does not hold the settings of a sampling; choose another place for the samples`);
}

/** Begins a record, or refuses to go on with samples that were made otherwise. */
function claim(place: string, path: string, settings: KeptSettings, hasSamples: boolean): void {
  const wanted = JSON.parse(JSON.stringify(settings)) as KeptSettings;
  const before = readRecord(path);
  if (before === undefined && hasSamples)
    throw new UsageError(`${place}: it is there, and ${path}, which would say how it was made, is not; choose another place for the samples`); // prettier-ignore
  const changed = before === undefined ? [] : differences(before.settings, wanted);
  if (changed.length)
    throw new UsageError(
      `${place}: it holds samples of other settings (${changed.join(', ')}); choose another place, or the same settings to continue`,
    );
  if (before === undefined) writeRecord(path, { settings: wanted });
}

const pngEnd = Buffer.from('0000000049454e44ae426082', 'hex');

/** Whether a file is there and ends as a PNG does: it gets its name when it is whole, so this finds what was cut later. */
function isWholePng(path: string): boolean {
  if (!existsSync(path)) return false;
  return explainIo(path, () => {
    const descriptor = openSync(path, 'r');
    try {
      const end = Buffer.alloc(pngEnd.length);
      const at = fstatSync(descriptor).size - end.length;
      return at > 0 && readSync(descriptor, end, 0, end.length, at) === end.length && end.equals(pngEnd);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** A folder `000000.png`, `000001.png`, … with the settings in each file's text `parameters`, and those of the run in `samples.json`. */
class FolderSink implements ImageSink {
  readonly #record: string;
  #done = 0;

  constructor(
    readonly folder: string,
    readonly settings: KeptSettings,
  ) {
    this.#record = join(folder, 'samples.json');
    claim(folder, this.#record, settings, existsSync(this.#file(0)));
    while (isWholePng(this.#file(this.#done))) this.#done++;
  }

  get done(): number {
    return this.#done;
  }

  async add(cell: Cell, own: KeptSettings): Promise<void> {
    const png = await cellPng(cell);
    const parameters = JSON.stringify({ ...this.settings, ...own, index: this.#done });
    writeFileAtomic(this.#file(this.#done), withPngTexts(png, { parameters }));
    this.#done++;
  }

  finish(): void {
    writeRecord(this.#record, { settings: this.settings, images: this.#done });
  }

  #file(index: number): string {
    return join(this.folder, `${String(index).padStart(6, '0')}.png`);
  }
}

/** The evaluator's file, with the settings of the run in `NAME.npz.json`. */
class NpzSink implements ImageSink {
  readonly #record: string;
  /** Undefined where the file is whole. */
  readonly #writer: NpzImageWriter | undefined;

  constructor(
    readonly path: string,
    readonly shape: ImageArrayShape,
    readonly settings: KeptSettings,
  ) {
    this.#record = `${path}.json`;
    const whole = existsSync(path);
    claim(path, this.#record, { ...settings, ...shape }, whole || existsSync(`${path}.partial`));
    if (!whole) this.#writer = new NpzImageWriter(path, shape);
  }

  get done(): number {
    return this.#writer?.done ?? this.shape.count;
  }

  add({ rgb, width, height }: Cell): Promise<void> {
    if (!this.#writer) throw new Error(`internal: an image more for ${this.path}, which is whole`);
    if (width !== this.shape.width || height !== this.shape.height)
      throw new Error(`internal: an image of ${width} × ${height} in an array of ${this.shape.width} × ${this.shape.height}`); // prettier-ignore
    this.#writer.add(rgb);
    return Promise.resolve();
  }

  finish(): void {
    this.#writer?.finish();
    writeRecord(this.#record, { settings: { ...this.settings, ...this.shape }, images: this.shape.count });
  }
}

/** A sink of PNG files. @throws UsageError where the folder holds samples of other settings, or of unknown ones. */
export function openSampleFolder(folder: string, settings: KeptSettings): ImageSink {
  return new FolderSink(folder, settings);
}

/** A sink that is one `.npz` of `shape.count` images for ADM's evaluator. @throws UsageError like `openSampleFolder`. */
export function openSampleNpz(path: string, shape: ImageArrayShape, settings: KeptSettings): ImageSink {
  return new NpzSink(path, shape, settings);
}
