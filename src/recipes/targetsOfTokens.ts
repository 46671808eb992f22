// Targets from stored tokens: nothing is encoded, and nothing held in memory but the next spans' tokens.
// Legend: B images, N tokens of a scale.
import { batchIndices, type Span } from '../data/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { scope, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { encodingFingerprint } from './encoding.js';
import { type Crops, readingOf } from './readings.js';
import type { TargetSource } from './targets.js';
import { TokenStore } from './tokenStore.js';

/** What a training wants of stored tokens. */
export interface TokensWanted {
  seed: number;
  /** Whether half of the images are mirrored. */
  flip: boolean;
  /** Whether random crops are wanted, and which; those that are stored by default. */
  crop: boolean;
  crops?: Crops | undefined;
  imageSize: number;
  /** Lists of scales that will be asked for (`listsDrawn`). */
  lists: readonly Scales[];
  device: string;
  /** Also reads all files while the training goes on, and stops it where their content has changed. */
  verify?: boolean;
}

function checkCrops({ folder, settings: { crops: stored } }: TokenStore, { crop, crops }: TokensWanted): void {
  if (crop && !stored)
    throw new UsageError(`${folder}: the tokens are of the images' centres; set crop=false, or encode with --crops`);
  if (!crop && stored)
    throw new UsageError(`${folder}: the tokens are of random crops; set crop=true, or encode without --crops`);
  if (crop && crops && (crops.count !== stored?.count || crops.seed !== stored.seed))
    throw new UsageError(
      `${folder}: expected tokens of ${crops.count} crops of the seed ${crops.seed}, found ${stored?.count} of ${stored?.seed}; leave out the setting crops, or encode again`,
    );
}

function check(store: TokenStore, tokenizer: Tokenizer, wanted: TokensWanted): void {
  const { flip, imageSize, lists } = wanted;
  const { folder, settings } = store;
  if (settings.tokenizer !== encodingFingerprint(tokenizer))
    throw new UsageError(
      `${folder}: the tokens are another tokenizer's; give that one, or encode the images again with this one`,
    );
  if (settings.imageSize !== imageSize)
    throw new UsageError(
      `${folder}: expected tokens of images of ${imageSize} pixels, found those of ${settings.imageSize}; set imageSize=${settings.imageSize}, or encode again`,
    );
  if (flip && !settings.flip)
    throw new UsageError(
      `${folder}: the tokens are of images that are not mirrored; set flip=false, or encode with --flip`,
    );
  checkCrops(store, wanted);
  for (const scales of lists) store.places(scales);
}

/**
 * Opens a folder of stored tokens as a source of targets.
 * @throws UsageError where it is not whole, or of another tokenizer, other images, crops or scales, or no mirrored ones
 */
export function targetsOfTokens(folder: string, tokenizer: Tokenizer, wanted: TokensWanted): TargetSource {
  const store = new TokenStore(folder);
  const { seed, flip, device } = wanted;
  const { images: count, classes } = store.settings;
  try {
    check(store, tokenizer, wanted);
  } catch (error) {
    store.close();
    throw error;
  }
  let damage: unknown;
  const closing = new AbortController();
  const verified = wanted.verify
    ? store.verify(closing.signal).catch((error: unknown) => { if (!closing.signal.aborted) damage = error; })
    : Promise.resolve(); // prettier-ignore

  const read = (span: Span) => {
    const indices = batchIndices(count, seed, span.first, span.size);
    const rows = indices.map((index, i) => store.read(index, readingOf(seed, span.first + i, store.settings, flip)));
    const reading = Promise.all(rows).then((tokens) => ({ indices, tokens }));
    reading.catch(() => undefined); // told to whoever asks for the span
    return reading;
  };
  const keyOf = ({ first, size }: Span) => `${first} ${size}`;
  let ahead = new Map<string, ReturnType<typeof read>>();

  return {
    count,
    classes,
    async next(span, scales, following = []) {
      if (damage !== undefined) throw damage as Error;
      const places = store.places(scales);
      const now = ahead.get(keyOf(span)) ?? read(span);
      ahead = new Map(following.map((one) => [keyOf(one), ahead.get(keyOf(one)) ?? read(one)]));
      const { indices, tokens } = await now;
      const [B, options] = [indices.length, { dtype: 'int64', device } as const];
      const targets = places.map(({ first, tokens: N }) => {
        const indices_BN = new Int32Array(B * N);
        tokens.forEach((row, i) => { indices_BN.set(row.subarray(first, first + N), i * N); }); // prettier-ignore
        return scope(() => tensor(indices_BN, { shape: [B, N], ...options }));
      });
      return {
        targets,
        labels_B: scope(() =>
          tensor(
            indices.map((index) => store.labels[index]!),
            options,
          ),
        ),
      };
    },
    async close() {
      closing.abort(); // a training that was told to stop has no time to read gigabytes
      await Promise.allSettled([verified, ...ahead.values()]);
      store.close();
    },
  };
}
