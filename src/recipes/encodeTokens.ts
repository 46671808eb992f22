// Encodes a set of images into stored tokens, from wherever an earlier run has come to.
// Legend: B images, K crops, M 1 or 2 (plain, mirrored), N tokens of a scale, T tokens of a reading.
import type { Loader, Span } from '../data/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { ops, scope, type Tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { progress } from '../util/progress.js';
import { type Ended, watchSignals } from '../util/signals.js';
import { encodeIndices, encodingFingerprint, type Encoding } from './encoding.js';
import type { TokenSettings } from './tokenManifest.js';
import { TokenStoreWriter } from './tokenStoreWriter.js';

/** What is to be encoded; the rest follows from the tokenizer and the images. */
export type TokenChoice = Pick<TokenSettings, 'data' | 'imageSize' | 'lists' | 'flip' | 'crops'>;

/** How the work is done. */
export interface EncodeOptions extends Encoding {
  /** Images that are read and encoded between two looks at signals. */
  batchSize: number;
  /** Compares the content of what is there with its hashes. */
  verify?: boolean;
  /** Images of a shard; 64 MiB of them by default. */
  shardImages?: number;
  say: (line: string) => void;
}

const saveEvery = 300_000; // milliseconds

const grown = (sides: readonly number[]) => [...new Set(sides)].sort((a, b) => a - b);
const unique = (lists: readonly (readonly number[])[]) => [...new Map(lists.map((list) => [list.join(), [...list]])).values()]; // prettier-ignore

/** The settings of a store. Where scales are independent, all sides of all lists are one. @throws UsageError for what cannot be stored */
function tokenSettingsOf(
  tokenizer: Tokenizer,
  { count, classes }: Pick<Loader, 'count' | 'classes'>,
  { lists, crops, ...choice }: TokenChoice,
  { precision }: Encoding,
): TokenSettings {
  if (tokenizer.vocabularySize > 2 ** 16)
    throw new UsageError(`tokenizer: expected at most 65536 codes, which 16 bits can tell apart, found ${tokenizer.vocabularySize}`); // prettier-ignore
  const independent = tokenizer.family === 'flexvar'; // whose scales are complete pictures; VAR's are residuals
  const side = choice.imageSize / tokenizer.stride;
  const wrong = lists.find((scales) => (independent ? Math.max(...scales) > side : scales.at(-1) !== side));
  if (wrong)
    throw new UsageError(
      `--scales: expected sides ${independent ? 'up to' : 'that end at'} ${side} for images of ${choice.imageSize} pixels, got ${wrong.join()}`,
    );
  return {
    tokenizer: encodingFingerprint(tokenizer),
    independent,
    lists: independent ? [grown(lists.flat())] : unique(lists),
    ...choice,
    classes: [...classes],
    images: count,
    ...(crops && { crops }),
    precision,
  };
}

/** The tokens [B, K, M, T] of images [B · K, 3, H, W]. */
function tokensOfImages(
  tokenizer: Tokenizer,
  image_B3HW: Tensor,
  settings: TokenSettings,
  encoding: Encoding,
): Uint16Array {
  // prettier-ignore
  const sides = settings.flip ? [image_B3HW, image_B3HW.flip([3])] : [image_B3HW];
  const rows_BT = sides.map((one_B3HW) => ops.cat(encodeIndices(tokenizer, one_B3HW, settings.lists, encoding), 1));
  return Uint16Array.from(ops.stack(rows_BT, 1).to('int32').data<'int32'>());
}

/**
 * Encodes the images of a loader that goes through them in order (`openInOrder`) into a folder, or goes on with what it holds.
 * @returns `done`, or the signal that stopped it; everything encoded until then is kept
 */
export async function encodeTokens(
  tokenizer: Tokenizer,
  inOrder: Loader,
  folder: string,
  choice: TokenChoice,
  options: EncodeOptions,
): Promise<Ended> {
  const settings = tokenSettingsOf(tokenizer, inOrder, choice, options);
  const store = new TokenStoreWriter(folder, settings, options);
  const crops = settings.crops?.count ?? 1;
  const signals = watchSignals();
  const spanFrom = (first: number, most: number): Span => ({ first: first * crops, size: Math.min(options.batchSize, most) * crops }); // prettier-ignore
  signals.on();
  const bar = progress({ label: 'encoding', total: settings.images, unit: 'images', start: store.done });
  let saved = performance.now();
  try {
    for (let { wanted } = store; wanted && signals.ended === 'done'; { wanted } = store) {
      const span = spanFrom(wanted.first, wanted.size);
      const images = span.size / crops;
      const after = spanFrom(wanted.first + images, wanted.size - images);
      const { image_B3HW, labels_B } = await inOrder.next(span, after.size ? [after] : []);
      const labels = labels_B.toArray().filter((_, i) => i % crops === 0);
      store.add(scope(() => tokensOfImages(tokenizer, image_B3HW, settings, options)), labels); // prettier-ignore
      image_B3HW.dispose();
      labels_B.dispose();
      bar.update(store.done);
      await new Promise(setImmediate); // lets signals in
      if (performance.now() - saved > saveEvery) {
        store.flush();
        saved = performance.now();
      }
    }
    store.flush();
  } finally {
    bar.stop();
    signals.off();
  }
  const { ended } = signals;
  if (ended !== 'done') options.say(`${ended}: ${store.done} of ${settings.images} images are in ${folder}; the same command goes on`); // prettier-ignore
  return ended;
}
