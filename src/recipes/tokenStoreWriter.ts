// Writes stored tokens image after image: shard by shard, each whole before the manifest tells of it, so that encoding goes on after any
// interruption. A shard that is begun can be written short, and is filled up when encoding goes on.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '../formats/index.js';
import { differences } from '../util/differences.js';
import { UsageError } from '../util/errors.js';
import { sha256File } from '../util/files.js';
import { readingCount } from './readings.js';
import { imageTokens, readTokenManifest, rowTokens, shardCount, shardName, shardSize, sizeFault, type TokenManifest, type TokenSettings, tokenSettings, writeTokenManifest } from './tokenManifest.js'; // prettier-ignore

const leastShardBytes = 2 ** 26;
const mostShards = 256;

/** Images of a shard: 64 MiB of tokens, more where there would be more files than a process may hold open. */
function defaultShardImages(settings: TokenSettings): number {
  const bytes = 2 * imageTokens(settings);
  return Math.max(1, Math.floor(leastShardBytes / bytes), Math.ceil(settings.images / mostShards));
}

const asBytes = (values: Uint16Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The shard that is being filled. */
interface OpenShard {
  number: number;
  images: number;
  tokens: Uint16Array;
  labels: Uint16Array;
}

/** A store that is being written. */
export class TokenStoreWriter {
  readonly #manifest: TokenManifest;
  readonly #imageTokens: number;
  #open: OpenShard | undefined;

  /**
   * Begins a store, or goes on with the one that the folder holds.
   * @param options.verify reads all that is there: shards whose content has changed are written anew, as those of another size always are
   * @throws UsageError where the folder holds other things, or tokens of other settings
   */
  constructor(
    readonly folder: string,
    settings: TokenSettings,
    options: { shardImages?: number; verify?: boolean } = {},
  ) {
    const wanted = tokenSettings.parse(settings); // in the order of the schema: the same settings, the same bytes
    const before = readTokenManifest(folder);
    if (!before && existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length))
      throw new UsageError(`${folder}: expected a new folder, or one with stored tokens and their manifest.json; choose another --out`); // prettier-ignore
    const changed = before ? [...new Set(differences(before.settings, wanted).map((key) => key.split('.')[0]!))] : [];
    if (changed.length)
      throw new UsageError(
        `${folder}: it holds tokens of other settings (${changed.join(', ')}); choose another --out, or the same settings to continue`,
      );
    this.#imageTokens = imageTokens(settings);
    const shardImages = options.shardImages ?? defaultShardImages(settings);
    this.#manifest = before ?? { format: 'scalewise tokens 1', dtype: 'uint16', settings: wanted, shardImages, shards: {} }; // prettier-ignore
    for (const name of before ? readdirSync(folder) : []) if (name.endsWith('.part')) rmSync(join(folder, name)); // of a killed run
    this.#forgetDamaged(options.verify ?? false);
    writeTokenManifest(folder, this.#manifest);
  }

  #forgetDamaged(verify: boolean): void {
    const whole = Object.entries(this.#manifest.shards).filter(
      ([name, shard]) =>
        sizeFault(this.folder, name, shard) === undefined &&
        // a short shard is read again to be filled up: it must be right
        ((!verify && shard.images === this.#fullSize(name)) || sha256File(join(this.folder, name)) === shard.sha256),
    );
    this.#manifest.shards = Object.fromEntries(whole);
  }

  #fullSize(name: string): number {
    return shardSize(this.#manifest, Number(/\d+/.exec(name)![0]));
  }

  /** Images that are stored, or wait to be. */
  get done(): number {
    const stored = Object.values(this.#manifest.shards).reduce((sum, { images }) => sum + images, 0);
    const open = this.#open;
    return open ? stored - (this.#manifest.shards[shardName(open.number)]?.images ?? 0) + open.images : stored;
  }

  /** The images that are wanted next: some that lie in one shard; undefined where all are there. */
  get wanted(): { first: number; size: number } | undefined {
    const { shardImages, shards } = this.#manifest;
    const { number, images } = this.#open ?? { number: -1, images: 0 };
    for (let shard = 0; shard < shardCount(this.#manifest); shard++) {
      const there = shard === number ? images : (shards[shardName(shard)]?.images ?? 0);
      const size = shardSize(this.#manifest, shard) - there;
      if (size) return { first: shard * shardImages + there, size };
    }
    return undefined;
  }

  /** Adds images, from the first that is wanted on: their tokens, and their labels. */
  add(tokens: Uint16Array, labels: readonly number[]): void {
    const { wanted } = this;
    if (!wanted || labels.length > wanted.size || tokens.length !== labels.length * this.#imageTokens)
      throw new Error(`internal: ${labels.length} images of ${tokens.length} tokens where ${wanted?.size ?? 0} are wanted`); // prettier-ignore
    const open = (this.#open ??= this.#begin(Math.floor(wanted.first / this.#manifest.shardImages)));
    open.tokens.set(tokens, open.images * this.#imageTokens);
    open.labels.set(labels, open.images);
    open.images += labels.length;
    if (open.images === shardSize(this.#manifest, open.number)) this.flush();
  }

  /** Opens a shard to be filled, with what a short one of its number holds. */
  #begin(number: number): OpenShard {
    const size = shardSize(this.#manifest, number);
    const [tokens, labels] = [new Uint16Array(size * this.#imageTokens), new Uint16Array(size)];
    const images = this.#manifest.shards[shardName(number)]?.images ?? 0;
    if (images) {
      const { tensors } = readSafetensors(join(this.folder, shardName(number)));
      asBytes(tokens).set(tensors.get('tokens')!.bytes);
      asBytes(labels).set(tensors.get('labels')!.bytes);
    }
    return { number, images, tokens, labels };
  }

  /** Writes what waits, as a short shard where it is not full. */
  flush(): void {
    if (!this.#open) return;
    const { number, images, tokens, labels } = this.#open;
    const { settings, shards } = this.#manifest;
    const name = shardName(number);
    const path = join(this.folder, name);
    const shape = [images, readingCount(settings), rowTokens(settings)];
    const source = (values: Uint16Array, of: readonly number[]) => ({
      dtype: 'U16' as const,
      shape: of,
      bytes: () => asBytes(values).subarray(0, 2 * of.reduce((product, size) => product * size, 1)),
    });
    writeSafetensors(path, new Map([['tokens', source(tokens, shape)], ['labels', source(labels, [images])]])); // prettier-ignore
    shards[name] = { images, bytes: statSync(path).size, sha256: sha256File(path) };
    this.#manifest.shards = Object.fromEntries(Object.entries(shards).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeTokenManifest(this.folder, this.#manifest);
    this.#open = undefined;
  }
}
