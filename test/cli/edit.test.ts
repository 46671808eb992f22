// `scalewise edit` with the weights that come with Scalewise, on an image that they make themselves.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { program } from '../../src/cli/main.js';
import { UsageError } from '../../src/util/errors.js';
import { sha256File } from '../../src/util/files.js';
import { temporary } from './run.js';

const folder = temporary();
const at = (name: string) => join(folder, name);
const edit = (...args: string[]) =>
  program().parseAsync(['edit', ...args, '--threads', '1', '--precision', 'float32'], { from: 'user' });
const pixels = async (path: string) => (await sharp(path).raw().toBuffer()).toJSON().data;
let image: string;

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await edit('interpolate', '--class', 'Coat', 'Bag', '--images', '2', '-n', '1', '--files', at('made'), '-o', at('made.png')); // prettier-ignore
  image = at('made/seed-0-image-0.png');
  await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000' } }).png().toFile(at('black.png')); // prettier-ignore
  const white = { create: { width: 32, height: 32, channels: 3 as const, background: '#fff' } };
  await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000' } })
    .composite([{ input: white, left: 16, top: 32 }])
    .png()
    .toFile(at('mask.png')); // the box 8,16,16,16 at twice its size
  await sharp(white).resize(40, 20).png().toFile(at('wide.png'));
});

describe('edits', () => {
  test('a mask and a box of the same place give the same image; --paste leaves all other pixels alone', async () => {
    const paste = ['-i', image, '-n', '1', '--feather', '0']; // which implies --paste
    await edit('inpaint', ...paste, '--mask', at('mask.png'), '--files', at('masked'), '-o', at('masked.png'));
    await edit('inpaint', ...paste, '--box', '8,16,16,16', '--files', at('boxed'), '-o', at('boxed.png'));
    const [masked, boxed] = [at('masked/seed-0.png'), at('boxed/seed-0.png')];
    expect(sha256File(masked)).toBe(sha256File(boxed));
    const [before, after] = [await pixels(image), await pixels(boxed)];
    const changed = before.flatMap((value, i) => (value === after[i] ? [] : [Math.floor(i / 3)]));
    expect(changed.length).toBeGreaterThan(20);
    for (const pixel of changed) {
      expect(Math.floor(pixel / 32)).toBeGreaterThanOrEqual(16);
      expect(pixel % 32).toBeGreaterThanOrEqual(8);
      expect(pixel % 32).toBeLessThan(24);
    }
  });
  test('a class edit differs from in-painting with the same seed', async () => {
    const where = ['-i', image, '-n', '1', '--box', '0,0,32,32'];
    await edit('class', '--class', 'Sandal', ...where, '--files', at('class'), '-o', at('class.png'));
    await edit('inpaint', ...where, '--files', at('none'), '-o', at('none.png'));
    expect(sha256File(at('class/seed-0.png'))).not.toBe(sha256File(at('none/seed-0.png')));
  });
  test('a larger canvas with FlexVAR: out-painting from 32 to 48 pixels', async () => {
    await edit('outpaint', '-i', image, '--scales', '1,2,3,5,8,12', '--right', '16', '--down', '16', '-n', '1', '--files', at('large'), '-o', at('large.png')); // prettier-ignore
    expect(await sharp(at('large/seed-0.png')).metadata()).toMatchObject({ width: 48, height: 48 });
  });
  test('refining with all scales kept does not depend on the seed; with fewer it does', async () => {
    const hashes = async (kept: string) => {
      await edit('refine', '-i', image, '--keep-scales', kept, '-n', '2', '--files', at(`kept${kept}`), '-o', at('refined.png')); // prettier-ignore
      expect(readdirSync(at(`kept${kept}`))).toEqual(['seed-0.png', 'seed-1.png']);
      return [0, 1].map((seed) => sha256File(at(`kept${kept}/seed-${seed}.png`)));
    };
    const [all, few] = [await hashes('5'), await hashes('3')];
    expect(all[0]).toBe(all[1]);
    expect(few[0]).not.toBe(few[1]);
  });
});

describe('mistakes end in a sentence', () => {
  const masked = (...more: string[]) => ['inpaint', '-i', image, ...more];
  test.each<[string, () => string[], RegExp]>([
    ['no mask and no box', () => masked(), /expected either --mask or --box/],
    ['an empty mask', () => masked('--mask', at('black.png')), /--mask: expected white .*black.png has none/],
    ['a mask of another shape', () => masked('--mask', at('wide.png')), /--mask: expected the shape of the image \(32 × 32 pixels\), got 40 × 20/],
    ['a box outside the image', () => masked('--box', '20,20,20,4'), /--box: 20,20,20,4 is not a box within the image of 32 × 32 pixels/],
    ['a box of three numbers', () => masked('--box', '1,2,3'), /--box: expected x,y,width,height, got '1,2,3'/],
    ['a missing image', () => ['refine', '-i', at('absent.png')], /--image: there is no file .*absent.png/],
    ['a wrong class', () => masked('--box', '0,0,8,8', '--class', 'Sandel'), /'Sandel' is none of .*did you mean 'Sandal'/],
    ['no margins', () => ['outpaint', '-i', image], /give --left, --right, --up or --down/],
    ['margins as large as the canvas', () => ['outpaint', '-i', image, '--left', '32'], /leave nothing of a canvas of 32 × 32 pixels/],
    ['too many scales kept', () => ['refine', '-i', image, '--keep-scales', '6'], /--keep-scales: expected 1 to 5, the number of scales, got 6/],
    ['one class only', () => ['interpolate', '--class', 'Bag'], /at least two classes/],
  ])('%s', async (_, args, sentence) => {
    const error: unknown = await edit(...args(), '-o', at('no.png')).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(sentence);
    expect(existsSync(at('no.png'))).toBe(false);
  }); // prettier-ignore
});
