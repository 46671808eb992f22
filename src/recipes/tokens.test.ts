// Targets are the same to the bit from pixels, from latents in memory and from stored tokens; encoding survives interruptions and tells of damage.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyFlexVar, tinyVar } from '../../test/models.js';
import {
  type ImageSet,
  type ImageSource,
  type Loader,
  openLoader,
  openTrainingData,
  type Span,
} from '../data/index.js';
import { forcings, sarSettings } from '../sar/index.js';
import type { Scales, Tokenizer } from '../tokenizers/index.js';
import { Generator, noGrad, scope, setThreads } from '../torch/index.js';
import { seedFor } from '../util/random.js';
import { encodeTokens, type TokenChoice } from './encodeTokens.js';
import { generatorPresets } from './presets.js';
import { chanceAmong, type Crops, openInOrder } from './readings.js';
import { listsDrawn } from './scaleLists.js';
import { type TargetSource, targetsOfPixels } from './targets.js';
import { targetsOfLatents } from './targetsOfLatents.js';
import { targetsOfTokens } from './targetsOfTokens.js';
import { TokenStore } from './tokenStore.js';

setThreads(1); // models this small are only slowed down by more

const side = 8;
const count = 23;
const seed = 11;
const encoding = { device: 'cpu', precision: 'float32' } as const;
const set: ImageSet = {
  ...{ name: 'noise', split: 'train', height: side, width: side, channels: 3, classes: ['a', 'b', 'c'] },
  labels: Uint16Array.from({ length: count }, (_, i) => i % 3),
  pixels: Uint8Array.from({ length: count * 3 * side * side }, (_, i) => seedFor('pixel', i) % 256),
};
const flexVar = tinyFlexVar({ vocabularySize: 64, width: 16, heads: 2, positionSide: 4 });
const lists = { flexvar: [1, 2, 3, 4], var: [1, 2, 4] };
const residual = tinyVar({ vocabularySize: 64, scales: lists.var, width: 16, heads: 2 });
const choice: TokenChoice = { data: 'noise', imageSize: side, lists: [lists.flexvar], flip: true };
const spans: Span[] = [{ first: 0, size: 6 }, { first: 6, size: 11 }, { first: 17, size: 1 }, { first: 18, size: 2 * count }]; // prettier-ignore

const root = mkdtempSync(join(tmpdir(), 'scalewise-tokens-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
let folders = 0;
const newFolder = () => join(root, `store${folders++}`);

interface EncodeMore {
  tokenizer?: Tokenizer;
  choice?: TokenChoice;
  images?: ImageSet | ImageSource;
  batchSize?: number;
  verify?: boolean;
  /** What becomes of the loader, e.g. a signal in the middle. */
  wrap?: (loader: Loader) => Loader;
}

/** Encodes into a folder, in shards of ten images. */
async function encode(folder: string, more: EncodeMore = {}) {
  const {
    tokenizer = flexVar.tokenizer,
    images = set,
    batchSize = 4,
    verify,
    wrap = (loader: Loader) => loader,
  } = more;
  const chosen = more.choice ?? choice;
  const loader = wrap(openInOrder(images, { side, crops: chosen.crops }));
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const options = { ...encoding, batchSize, shardImages: 10, say, ...(verify && { verify }) };
  const end = await encodeTokens(tokenizer, loader, folder, chosen, options).finally(() => loader.close());
  return { end, said };
}

/** Every target and label of some spans. */
async function allOf(source: TargetSource, scales: Scales, wanted = spans): Promise<string[]> {
  const found: string[] = [];
  for (const [i, span] of wanted.entries()) {
    const { targets, labels_B } = await source.next(span, scales, wanted.slice(i + 1, i + 2));
    const rows = targets.map((one) => one.toArray());
    const labels = labels_B.toArray();
    expect(targets.map(({ dtype, shape }) => [dtype, shape[0]])).toEqual(scales.map(() => ['int64', span.size]));
    for (let row = 0; row < span.size; row++)
      found.push(`${labels[row]!}: ${rows.map((one) => one.slice((row * one.length) / span.size, ((row + 1) * one.length) / span.size).join(' ')).join(' | ')}`); // prettier-ignore
    for (const one of [...targets, labels_B]) one.dispose();
  }
  await source.close();
  return found;
}

const pixels = (tokenizer: Tokenizer) =>
  targetsOfPixels(tokenizer, openLoader(set, { side, seed, flip: true, crop: false }), encoding);
const wanted = { seed, flip: true, crop: false, imageSize: side, lists: [[1, 2, 4]], device: 'cpu' };

describe.each([
  ['FlexVAR', flexVar, [lists.flexvar, [1, 3, 4]]],
  ['VAR', residual, [lists.var, [1, 3, 4]]],
] as const)('%s', (_, { generator, tokenizer }, wantedLists) => {
  const folder = newFolder();
  const chosen = { ...choice, lists: wantedLists.map((list) => [...list]) };
  beforeAll(async () => {
    expect((await encode(folder, { tokenizer, choice: chosen })).end).toBe('done');
  });

  test.each(wantedLists.map((list) => [list]))(
    'targets at %j: from pixels, latents and tokens; any span',
    async (scales) => {
      const expected = await allOf(pixels(tokenizer), scales);
      expect(new Set(expected).size).toBeGreaterThan(count); // mirrored images are others
      const inOrder = openInOrder(set, { side, crops: undefined });
      const latents = await targetsOfLatents(tokenizer, inOrder, { seed, readings: { flip: true }, encoding });
      expect(await allOf(latents, scales)).toEqual(expected);
      expect(await allOf(targetsOfTokens(folder, tokenizer, wanted), scales)).toEqual(expected);
      const ones = expected.slice(0, 20).map((__, first) => ({ first, size: 1 }));
      expect(await allOf(pixels(tokenizer), scales, ones)).toEqual(expected.slice(0, 20));
      expect(await allOf(targetsOfTokens(folder, tokenizer, wanted), scales, ones)).toEqual(expected.slice(0, 20));
    },
  );

  test('the loss of a SAR step: equal to the bit', async () => {
    const scales = lists[tokenizer.family];
    const lossOf = async (source: TargetSource) => {
      const { targets, labels_B } = await source.next({ first: 5, size: 7 }, scales);
      await source.close();
      using random = new Generator(4);
      const settings = sarSettings.parse({ forcing: 'sar' });
      const context = { generator, tokenizer, labels_B, targets, scales, step: 0, random, labelDrop: 0.1, settings };
      return scope(() => forcings.sar(context).loss.item());
    };
    const [fromPixels, fromTokens] = [await lossOf(pixels(tokenizer)), await lossOf(targetsOfTokens(folder, tokenizer, wanted))]; // prettier-ignore
    expect(fromPixels).toBeGreaterThan(0);
    expect(fromTokens).toBe(fromPixels);
  });

  test('scales that are not there are refused', () => {
    using store = new TokenStore(folder);
    expect(store.places(wantedLists[1]).map(({ tokens }) => tokens)).toEqual([1, 9, 16]);
    expect(() => store.places([1, 5])).toThrow(/expected tokens of the scales 1,5, found those of 1,2,/);
    if (tokenizer.family === 'var') expect(() => store.places([1, 4])).toThrow(/1,2,4 and 1,3,4 \(each list as a whole\)/);
    else expect(store.places([2, 4])).toEqual([{ first: 1, tokens: 4 }, { first: 14, tokens: 16 }]); // prettier-ignore
  });
});

test('crops: the stored ones are what a loader cuts by the same numbers', async () => {
  const folder = join(root, 'photos');
  for (const [name, shift] of [
    ['cats', 1],
    ['dogs', 2],
  ] as const) {
    // prettier-ignore
    mkdirSync(join(folder, 'train', name), { recursive: true });
    for (let i = 0; i < 4; i++) {
      const noise = Uint8Array.from({ length: 24 * 20 * 3 }, (_, at) => seedFor(shift, i, at) % 256);
      await sharp(noise, { raw: { width: 24, height: 20, channels: 3 } }).png().toFile(join(folder, 'train', name, `${i}.png`)); // prettier-ignore
    }
  }
  const { images } = await openTrainingData(folder, { imageSize: side, crop: true }, () => undefined);
  const crops: Crops = { count: 3, seed: 2 };
  const [store, tokenizer] = [newFolder(), flexVar.tokenizer];
  await encode(store, { images, choice: { ...choice, crops } });
  const few = [{ first: 3, size: 5 }, { first: 8, size: 20 }]; // prettier-ignore
  const loader = openLoader(images, { side, seed, flip: true, crop: true, chance: chanceAmong(crops, seed) });
  const expected = await allOf(targetsOfPixels(tokenizer, loader, encoding), lists.flexvar, few);
  expect(new Set(expected).size).toBeGreaterThan(12);
  expect(await allOf(targetsOfTokens(store, tokenizer, { ...wanted, crop: true, crops }), lists.flexvar, few)).toEqual(
    expected,
  );
  const readings = { flip: true, crops };
  const latents = await targetsOfLatents(tokenizer, openInOrder(images, { side, crops }), { seed, readings, encoding });
  expect(await allOf(latents, lists.flexvar, few)).toEqual(expected);
  const open = (crop: boolean, crops?: Crops) => () => targetsOfTokens(store, tokenizer, { ...wanted, crop, crops });
  expect(open(false)).toThrow(/are of random crops; set crop=true, or encode without --crops/);
  expect(open(true, { count: 3, seed: 1 })).toThrow(
    /expected tokens of 3 crops of the seed 1, found 3 of 2; leave out/,
  );
});

/** Every file of a folder. */
const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));

/** A loader that the process gets a signal under, or that fails, at a call. */
const at =
  (call: number, event: () => void) =>
  (loader: Loader): Loader => {
    let calls = 0;
    return { ...loader, next: (...args) => { if (++calls === call) event(); return loader.next(...args); } }; // prettier-ignore
  };

test('the lists of a training: the fixed one, or every side that may be drawn', () => {
  const { scales, scaleSchedule } = generatorPresets['flexvar-d16'];
  const sixteen = Array.from({ length: 16 }, (_, i) => i + 1);
  expect(listsDrawn({ scales, scaleSchedule }, 'flexvar')).toEqual([sixteen]);
  expect(listsDrawn({ scales }, 'var')).toEqual([scales]);
  expect(() => listsDrawn({ scales, scaleSchedule }, 'var')).toThrow(/random lists of scales cannot be served/);
});

describe('interruptions and damage', () => {
  const whole = newFolder();
  beforeAll(async () => {
    await encode(whole);
  });

  test('the same bytes after signals, a crash, and with any batch', async () => {
    const folder = newFolder();
    const expected = filesOf(whole);
    expect(Object.keys(expected).sort()).toEqual(['manifest.json', ...[0, 1, 2].map((i) => `tokens-0000${i}.safetensors`)]); // prettier-ignore
    const signal = (name: NodeJS.Signals) => () => void process.kill(process.pid, name);
    const first = await encode(folder, { wrap: at(2, signal('SIGINT')) });
    expect(first.end).toBe('SIGINT');
    expect(first.said.join()).toMatch(/^SIGINT: (8|12|16) of 23 images are in .*; the same command goes on$/);
    expect(() => new TokenStore(folder)).toThrow(/encoding was stopped before its end; go on with the same/);
    expect((await encode(folder, { batchSize: 1, wrap: at(1, signal('SIGTERM')) })).end).toBe('SIGTERM');
    const crash = at(2, () => { throw new Error('crash'); }); // prettier-ignore
    await expect(encode(folder, { wrap: crash })).rejects.toThrow('crash');
    writeFileSync(join(folder, 'tokens-00001.safetensors.0123abcd.part'), 'half of a shard'); // as kill -9 leaves it
    expect((await encode(folder, { batchSize: 7 })).end).toBe('done');
    expect(filesOf(folder)).toEqual(expected);
    await encode(folder, { wrap: at(1, () => { throw new Error('nothing is left to encode'); }) }); // prettier-ignore
  });

  test('a damaged shard: a sentence, and only it is written again', async () => {
    const folder = newFolder();
    await encode(folder);
    const path = join(folder, 'tokens-00001.safetensors');
    const before = readFileSync(path);
    truncateSync(path, 100);
    expect(() => targetsOfTokens(folder, flexVar.tokenizer, wanted)).toThrow(
      `${folder}: damaged: tokens-00001.safetensors should have ${before.length} bytes, has 100; write it again with the same \`scalewise data encode --verify\``,
    );
    let calls = 0;
    await encode(folder, { wrap: (loader) => ({ ...loader, next: (...args) => { calls++; return loader.next(...args); } }) }); // prettier-ignore
    expect([calls, readFileSync(path).equals(before)]).toEqual([3, true]);
    rmSync(path);
    expect(() => new TokenStore(folder)).toThrow(/damaged: tokens-00001\.safetensors is missing/);
    writeFileSync(path, Buffer.from(before).fill(before.at(-1)! ^ 1, before.length - 1));
    const source = targetsOfTokens(folder, flexVar.tokenizer, { ...wanted, verify: true });
    const [span] = spans as [Span];
    await expect(async () => {
      for (;;) await source.next(span, [1, 2]).finally(() => new Promise(setImmediate));
    }).rejects.toThrow(/damaged: the content of tokens-00001\.safetensors has changed since it was written/);
    await source.close();
    using store = new TokenStore(folder);
    await expect(store.verify(AbortSignal.abort())).rejects.toThrow(/aborted/);
    await encode(folder, { verify: true });
    expect(filesOf(folder)).toEqual(filesOf(whole));
  });

  test('tokens of something else are refused', async () => {
    const other = tinyFlexVar({ vocabularySize: 64, width: 16, heads: 2, positionSide: 4, depth: 1 }).tokenizer;
    noGrad(() => other.encoder.convIn.weight_OIKK.mul_(2));
    expect(() => targetsOfTokens(whole, other, wanted)).toThrow(/the tokens are another tokenizer's; give that one/);
    expect(() => targetsOfTokens(whole, flexVar.tokenizer, { ...wanted, imageSize: 16 })).toThrow(/set imageSize=8/);
    await expect(encode(whole, { tokenizer: other })).rejects.toThrow(/holds tokens of other settings \(tokenizer\)/);
    await expect(encode(whole, { choice: { ...choice, flip: false, lists: [[1, 2]] } })).rejects.toThrow(
      /\(lists, flip\)/,
    );
    const classes = ['a', 'b', 'd'];
    await expect(encode(whole, { images: { ...set, classes } })).rejects.toThrow(/other settings \(classes\)/);
    await expect(encode(root)).rejects.toThrow(/expected a new folder, or one with stored tokens/);
    await expect(encode(newFolder(), { choice: { ...choice, lists: [[1, 5]] } })).rejects.toThrow(/sides up to 4 for images of 8 pixels, got 1,5/); // prettier-ignore
    expect(() => targetsOfTokens(whole, flexVar.tokenizer, { ...wanted, lists: [[1, 7]] })).toThrow(
      /scales 1,7, found/,
    );
    expect(() => targetsOfTokens(whole, flexVar.tokenizer, { ...wanted, crop: true })).toThrow(/set crop=false, or encode with --crops/); // prettier-ignore
    const plain = newFolder();
    await encode(plain, { choice: { ...choice, flip: false } });
    expect(() => targetsOfTokens(plain, flexVar.tokenizer, wanted)).toThrow(/set flip=false, or encode with --flip/);
    writeFileSync(join(plain, 'manifest.json'), '{}');
    expect(() => new TokenStore(plain)).toThrow(/no manifest of stored tokens, or a damaged one/);
    expect(() => new TokenStore(join(root, 'nowhere'))).toThrow(/there are no stored tokens; write some with/);
  });
});
