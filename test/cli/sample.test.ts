// `scalewise sample` with the weights that come with Scalewise, in this process: what it makes, that it goes on, and what it refuses.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/main.js';
import { Classifier } from '../../src/evaluate/index.js';
import { NpzFile, pngTexts } from '../../src/formats/index.js';
import { initialiseConvolutions } from '../../src/models/index.js';
import { saveWeights } from '../../src/nn/index.js';
import { Generator } from '../../src/torch/index.js';
import { temporary } from './run.js';

const folder = temporary();
const at = (name: string) => join(folder, name);
const fast = ['--threads', '1', '--precision', 'float32'];

let [out, told] = ['', ''];
let whenTold: ((text: string) => void) | undefined;
beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation((line: string) => (out += `${line}\n`));
  vi.spyOn(console, 'error').mockImplementation((line: string) => (told += `${line}\n`));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += String(text);
    whenTold?.(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  whenTold = undefined;
  process.exitCode = 0;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function sample(...args: string[]): Promise<{ code: unknown; out: string; err: string }> {
  [out, told] = ['', ''];
  process.exitCode = 0;
  await run(['node', 'scalewise', 'sample', ...fast, ...args]);
  return { code: process.exitCode, out, err: told };
}

/** Runs a command that must succeed. */
async function done(...args: string[]): Promise<string> {
  const { code, out, err } = await sample(...args);
  expect(code, err).toBe(0);
  return out;
}

/** As `sample`, sent a signal once it tells how far it is. */
function stopped(signal: NodeJS.Signals, ...args: string[]) {
  whenTold = (text) => {
    if (!/images\/s/.test(text)) return;
    whenTold = undefined;
    process.emit(signal, signal);
  };
  return sample(...args);
}

const files = (name: string) => readdirSync(at(name)).map((file) => [file, readFileSync(join(at(name), file), 'base64')]); // prettier-ignore
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const parameters = (path: string) => json(pngTexts(path, readFileSync(path)).get('parameters')!);

/** Pixels of the images that the flags make, by the folder that they are put in. */
async function pixels(name: string, ...args: string[]): Promise<string[]> {
  await done('--class', 'Bag', '--seeds', '3,4', '--files', at(name), ...args);
  const bytes = ['000000', '000001'].map((one) => sharp(join(at(name), `${one}.png`)).raw().toBuffer()); // prettier-ignore
  return (await Promise.all(bytes)).map((one) => one.toString('base64'));
}

describe('a stream', () => {
  const total = ['--total', '5', '--class', 'Bag', '--class', 'Sneaker', '--seed', '2'];

  test('into a folder, stopped in the middle, ends with the same files', async () => {
    await done(...total, '--files', at('whole'), '--batch', '2');
    const first = await stopped('SIGINT', ...total, '--files', at('parts'));
    expect([first.code, first.out]).toEqual([130, '']);
    expect(first.err).toMatch(/SIGINT: stopped after [1-4] of 5 images; the same command goes on from here/);
    expect(readdirSync(at('parts')).filter((name) => !/^\d{6}\.png$|^samples\.json$/.test(name))).toEqual([]);
    expect(await done(...total, '--files', at('parts'))).toBe(`5 images in ${at('parts')}\n`);
    expect(files('parts')).toEqual(files('whole'));
    expect(parameters(join(at('whole'), '000004.png'))).toMatchObject({ index: 4, seed: 6, total: 5, order: 'shuffled', independent: true }); // prettier-ignore
    expect(await sample(...total, '--top-k', '9', '--files', at('parts'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/it holds samples of other settings \(topK\)/) as string,
    });
  });

  test('into an .npz, likewise, of images that are not square and computed together', async () => {
    const wide = [...total, '--size', '32x48', '--together', '--batch', '2'];
    await done(...wide, '--npz', at('whole.npz'));
    const first = await stopped('SIGTERM', ...wide, '--npz', at('parts.npz'));
    expect([first.code, existsSync(at('parts.npz'))]).toEqual([143, false]);
    const { path, images, settings } = json(await done(...wide, '--npz', at('parts.npz'), '--json'));
    expect([path, images]).toEqual([at('parts.npz'), 5]);
    expect(settings).toMatchObject({ scales: [1, [2, 3], [3, 5], [5, 8], [8, 12]], batch: 2 });
    expect(readFileSync(at('parts.npz')).equals(readFileSync(at('whole.npz')))).toBe(true);
    using npz = await NpzFile.open(at('parts.npz'));
    expect((await npz.read('arr_0')).shape).toEqual([5, 32, 48, 3]);
  });

  test('its images are those of their seeds, alone or not', async () => {
    const pair = await pixels('pair');
    await done('--class', 'Bag', '--seeds', '4', '--files', at('one'), '--batch', '1');
    const alone = await sharp(join(at('one'), '000000.png'))
      .raw()
      .toBuffer();
    expect(alone.toString('base64')).toBe(pair[1]);
    expect(pair[0]).not.toBe(pair[1]);
  });
});

describe('settings of each scale', () => {
  test('a list of equal values is that value; one that says otherwise at one scale is not', async () => {
    const flags = ['--top-k', '50', '--top-p', '0.9', '--temperature', '1.2', '--guidance', 'constant', '--cfg', '3'];
    const list = (value: number, last = value) => [value, value, value, value, last].join(',');
    const one = await pixels('flags', ...flags);
    expect(await pixels('lists', '--top-k', list(50), '--top-p', list(0.9), '--temperature', list(1.2), '--guidance', list(2))).toEqual(one); // prettier-ignore
    for (const [i, other] of [
      ['--top-k', list(50, 1)],
      ['--top-p', list(0.9, 0.1)],
      ['--temperature', list(1.2, 0.2)],
      ['--cfg-interval', '1:4'],
    ].entries())
      // prettier-ignore
      expect(await pixels(`list${i}`, ...flags, ...other)).not.toEqual(one);
  });

  test('greedy at every scale, seeds make no difference; the published rule draws at some', async () => {
    const greedy = await pixels('greedy', '--greedy', '1,2,3,5,8');
    expect(greedy[0]).toBe(greedy[1]);
    // FlexVAR's sampler takes the most probable tokens at 7: drawing there alone, it draws nowhere
    const scales = ['--scales', '1,7,8'];
    const rest = ['--top-k', '1,0,1'];
    const drawn = await pixels('drawn', ...scales, ...rest);
    const published = await pixels('published', ...scales, ...rest, '--greedy', 'published');
    expect(drawn[0]).not.toBe(drawn[1]);
    expect(published[0]).toBe(published[1]);
  });

  test('codes of a file are never drawn', async () => {
    writeFileSync(at('codes.txt'), Array.from({ length: 100 }, (_, i) => i).join('\n'));
    expect(await pixels('invalid', '--invalid-ids', `@${at('codes.txt')}`)).not.toEqual(await pixels('pair2'));
    expect(parameters(join(at('invalid'), '000000.png'))['invalidIds']).toHaveLength(100);
  });
});

test('weights held in bfloat16 make nearly the same picture', async () => {
  const read = (name: string) =>
    sharp(join(at(name), '000000.png'))
      .raw()
      .toBuffer();
  const flags = ['--class', 'Trouser', '--seeds', '1', '--top-k', '1'];
  await done(...flags, '--files', at('float32'));
  await done(...flags, '--files', at('bfloat16'), '--weights', 'bfloat16');
  const [a, b] = [await read('float32'), await read('bfloat16')];
  expect(b.equals(a)).toBe(false);
  const difference = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
  expect(difference).toBeLessThan(20);
});

test('rejection: the classifier chooses among candidates, and says which', async () => {
  const classifier = new Classifier(10);
  using random = new Generator(1);
  initialiseConvolutions(classifier, random);
  saveWeights(at('c.safetensors'), classifier.stateDict(), { kind: 'classifier', classes: '10' });
  const flags = ['--class', 'Bag', '--count', '2', '--classifier', at('c.safetensors'), '--json'];
  const best = json(await done(...flags, '--reject', '3', '--files', at('best')));
  expect(best['rejection']).toEqual({ images: 2, drawn: 6, reached: 0 });
  expect(parameters(join(at('best'), '000001.png'))).toMatchObject({
    class: 'Bag',
    candidates: 3,
    candidate: expect.any(Number) as number,
    probability: expect.any(Number) as number,
  });
  const easy = json(await done(...flags, '--reject', '3', '--accept', '1e-9', '--files', at('easy')));
  expect(easy['rejection']).toEqual({ images: 2, drawn: 2, reached: 2 });
});

test('one picture of them all: a row a class, boxes of the shape of the images', async () => {
  await done('--class', 'Bag', '--class', 'Coat', '--count', '3', '--size', '32x48', '--out', at('grid.png'));
  const { width, height } = await sharp(at('grid.png')).metadata();
  const label = 12 + 7 * 'Coat'.length;
  expect([width, height]).toEqual([label + 3 * (96 + 2), 2 + 2 * (64 + 2)]);
});

describe('mistakes end in a sentence, and nothing is written', () => {
  test.each<[string[], RegExp]>([
    [['--scales', '1,2,zwei'], /--scales: expected a side or height x width, such as 8 or 4x6, got 'zwei'/],
    [['--size', '30x32'], /--size: expected sides divisible by 4, got 30x32; the nearest is 32x32/],
    [['--schedule', '7'], /--schedule: expected one of 6, 8, .* got 7/],
    [['--guidance', 'rampe'], /--guidance: expected ramp, constant or weights such as 0,1,2, got 'rampe'/],
    [['--guidance', '1,2'], /guidance: expected a weight for each of the 5 scales, got 2/],
    [['--cfg-interval', '3:9'], /--cfg-interval: expected FROM:TO within the scales 1 to 5, got '3:9'/],
    [['--guidance', 'constant', '--full-above', '4'], /--full-above: expected with the guidance ramp, got constant/],
    [['--order', 'sorted'], /--order: expected together with --total; the rows of --count are sorted/],
    [['--top-k', '1,2'], /expected one top-k, or one for each of the 5 scales, got 2/],
    [['--top-p', '1.5'], /--top-p: expected a number from 0 to 1, got 1.5/],
    [['--temperature', '0'], /the temperature must be above 0, got 0/],
    [['--greedy', '7'], /--greedy: expected some of the scales 1,2,3,5,8, got 7/],
    [['--invalid-ids', '@/nowhere/codes'], /\/nowhere\/codes: no such file or folder/],
    [['--invalid-ids', '99999'], /expected invalid codes of 0 to \d+, got 99999/],
    [['--weights', 'int8'], /--weights: expected float32 or bfloat16, got 'int8'/],
    [['--smooth'], /the codes of a flexvar tokenizer cannot be mixed; sample without smooth/],
    [['--total', '4', '--count', '2'], /'--total <n>' cannot be used with option '-n, --count <n>'/],
    [['--seeds', '1,x'], /--seeds: expected a whole number, got 'x'/],
    [['--accept', '0.5'], /--accept: expected together with --reject/],
    [['--reject', '2', '--classifier', '/nowhere'], /--reject: there is no classifier \/nowhere; `scalewise evaluate` trains/],
  ])('%j', async (flags, sentence) => {
    const { code, err } = await sample(...flags, '--files', at('none'));
    expect([code, existsSync(at('none'))]).toEqual([2, false]);
    expect(err).toMatch(sentence);
  }); // prettier-ignore

  test('too many images for a picture', async () => {
    const { code, err } = await sample('--count', '300');
    expect(code).toBe(2);
    expect(err).toMatch(/--out: expected at most 2000 images in one picture, got 3000; choose classes/);
  });
});
