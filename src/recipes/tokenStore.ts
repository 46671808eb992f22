// Stored tokens, read: what a folder that `scalewise data encode` wrote holds of an image, at its place in the files and not all in memory.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile } from '../formats/index.js';
import { type Scales, scalesText, sizeOf, tokensOf } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { readingCount } from './readings.js';
import { readTokenManifest, rowTokens, shardCount, shardName, shardSize, sizeFault, type TokenManifest, type TokenSettings } from './tokenManifest.js'; // prettier-ignore

async function sha256Later(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20, signal })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

const again = 'write it again with the same `scalewise data encode --verify`';

/** Where a scale lies in a reading. */
export interface Place {
  first: number;
  tokens: number;
}

/** An open store. Close it, or use `using`. */
export class TokenStore implements Disposable {
  readonly settings: TokenSettings;
  /** Label of every image. */
  readonly labels: Uint16Array;
  readonly #manifest: TokenManifest;
  readonly #shards: SafetensorsFile[] = [];

  /** @throws UsageError where there is no store, or not a whole one, or a shard is not of its size and shape */
  constructor(readonly folder: string) {
    const manifest = readTokenManifest(folder);
    if (!manifest)
      throw new UsageError(`${folder}: there are no stored tokens; write some with \`scalewise data encode --out ${folder}\``); // prettier-ignore
    this.#manifest = manifest;
    this.settings = manifest.settings;
    this.labels = new Uint16Array(manifest.settings.images);
    try {
      for (let shard = 0; shard < shardCount(manifest); shard++) this.#openShard(shard);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #openShard(shard: number): void {
    const { folder, settings } = this;
    const [name, images] = [shardName(shard), shardSize(this.#manifest, shard)];
    const told = this.#manifest.shards[name];
    if (told?.images !== images)
      throw new UsageError(`${folder}: encoding was stopped before its end; go on with the same \`scalewise data encode\``); // prettier-ignore
    const fault = sizeFault(folder, name, told);
    if (fault !== undefined) throw new UsageError(`${folder}: damaged: ${fault}; ${again}`);
    const file = new SafetensorsFile(join(folder, name));
    this.#shards.push(file);
    const expected = [images, readingCount(settings), rowTokens(settings)].join();
    const [tokens, labels] = ['tokens', 'labels'].map((part) => file.tensors.get(part));
    if (tokens?.dtype !== 'U16' || tokens.shape.join() !== expected || labels?.shape.join() !== String(images))
      throw new UsageError(`${folder}: damaged: ${name} does not hold [${expected}] tokens and their labels; ${again}`);
    const { bytes } = file.read('labels');
    this.labels.set(new Uint16Array(bytes.buffer, bytes.byteOffset, images), shard * this.#manifest.shardImages);
  }

  /** How much there is; tokens are those of one reading, bytes those of all files. */
  get sizes(): { images: number; readings: number; tokens: number; files: number; bytes: number } {
    const { settings } = this;
    const shards = Object.values(this.#manifest.shards);
    return {
      images: settings.images,
      readings: readingCount(settings),
      tokens: rowTokens(settings),
      files: shards.length,
      bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  /** The tokens of one reading of an image: all scales of all lists, one after another. */
  async read(image: number, reading: number): Promise<Uint16Array> {
    const { shardImages } = this.#manifest;
    const bytes = 2 * rowTokens(this.settings);
    const row = (image % shardImages) * readingCount(this.settings) + reading;
    const part = await this.#shards[Math.floor(image / shardImages)]!.readPart('tokens', row * bytes, bytes);
    return new Uint16Array(part.buffer, part.byteOffset, part.byteLength / 2);
  }

  /** Where the tokens of some scales lie in a reading. @throws UsageError where the store does not have them */
  places(scales: Scales): Place[] {
    const { independent, lists } = this.settings;
    let first = 0;
    for (const list of lists) {
      const places = new Map<string, Place>();
      for (const side of list) {
        places.set(String(sizeOf(side)), { first, tokens: tokensOf(side) });
        first += tokensOf(side);
      }
      const found = scales.map((scale) => places.get(String(sizeOf(scale))));
      const fits = independent || scalesText(scales) === scalesText(list);
      if (fits && found.every((place) => place !== undefined)) return found;
    }
    const there = lists.map(scalesText).join(' and ');
    throw new UsageError(
      `${this.folder}: expected tokens of the scales ${scalesText(scales)}, found those of ${there}${independent ? '' : ' (each list as a whole)'}; encode them with \`scalewise data encode --scales\``,
    );
  }

  /**
   * Reads everything and compares it with the manifest, unless `signal` ends it.
   * @throws UsageError that names a shard whose content has changed
   */
  async verify(signal: AbortSignal): Promise<void> {
    for (const [name, { sha256 }] of Object.entries(this.#manifest.shards))
      if ((await sha256Later(join(this.folder, name), signal)) !== sha256)
        throw new UsageError(`${this.folder}: damaged: the content of ${name} has changed since it was written; ${again}`); // prettier-ignore
  }

  close(): void {
    for (const shard of this.#shards.splice(0)) shard.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
