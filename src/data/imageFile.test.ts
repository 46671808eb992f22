// Image files of every kind that folders hold, made here: each becomes the same upright 8-bit RGB, or is refused with a reason.
import fc from 'fast-check';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import type { CropChance } from './chance.js';
import { BrokenImage, mostPixels, planCrop, readImage } from './imageFile.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-image-'));
const at = (name: string) => join(folder, name);

/** A picture of four flat quarters: red, green (above), blue, grey (below). */
const quarters = [
  [200, 40, 40],
  [40, 180, 60],
  [30, 60, 210],
  [120, 120, 120],
];
function picture(width: number, height: number, colours: readonly number[][] = quarters): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set(colours[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]!, (y * width + x) * 3);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The colour in the middle of each quarter of an image that was read. */
function corners(pixels: Uint8Array, side: number): number[][] {
  const [near, far] = [side >> 2, side - 1 - (side >> 2)];
  return [near, far].flatMap((y) =>
    [near, far].map((x) => [0, 1, 2].map((channel) => pixels[(channel * side + y) * side + x]!)),
  );
}

function expectNear(actual: number[][], expected: number[][], tolerance: number): void {
  actual.forEach((colour, i) => {
    colour.forEach((value, j) => {
      expect(Math.abs(value - expected[i]![j]!), `${String(actual)} against ${String(expected)}`).toBeLessThanOrEqual(
        tolerance,
      );
    });
  });
}

/** The picture's quarters as pixels of any depth and number of channels. */
function pixelsOfQuarters<T extends Uint8Array | Uint16Array>(into: T, colours: readonly number[][]): T {
  const channels = into.length / 1600;
  for (let i = 0; i < 1600; i++) into.set(colours[(i < 800 ? 0 : 2) + (i % 40 < 20 ? 0 : 1)]!, i * channels);
  return into;
}
const rawImage = (data: Uint8Array | Uint16Array) =>
  sharp(data, { raw: { width: 40, height: 40, channels: (data.length / 1600) as 1 | 2 | 3 | 4 } });

describe('every kind becomes the same picture', () => {
  test.each<[string, (path: string) => Promise<unknown>, number]>([
    ['PNG', (path) => picture(40, 40).png().toFile(path), 0],
    ['JPEG', (path) => picture(40, 40).jpeg({ quality: 95 }).toFile(path), 8],
    ['WebP', (path) => picture(40, 40).webp({ lossless: true }).toFile(path), 0],
    ['TIFF', (path) => picture(40, 40).tiff({ compression: 'lzw' }).toFile(path), 0],
    ['GIF', (path) => picture(40, 40).gif().toFile(path), 3],
    ['AVIF', (path) => picture(40, 40).avif({ quality: 90 }).toFile(path), 8],
    ['palette PNG', (path) => picture(40, 40).png({ palette: true, colours: 8 }).toFile(path), 3],
    ['16-bit PNG', (path) => picture(40, 40).toColourspace('rgb16').png().toFile(path), 1],
    ['opaque PNG with alpha', (path) => picture(40, 40).ensureAlpha().png().toFile(path), 0],
  ])('%s', async (name, write, tolerance) => {
    const path = at(name);
    await write(path);
    const { pixels, width, height } = await readImage(path, 20);
    expect([width, height, pixels.length]).toEqual([40, 40, 3 * 20 * 20]);
    expectNear(corners(pixels, 20), quarters, tolerance);
  });

  test('the fixtures are what they are called', async () => {
    expect((await sharp(at('16-bit PNG')).metadata()).depth).toBe('ushort');
    expect((await sharp(at('palette PNG')).metadata()).isPalette).toBe(true);
  });

  test.each([
    ['with the profile it was made by', true],
    ['without a profile', false],
  ])('CMYK JPEG %s', async (_, hasProfile) => {
    const printable = [[180, 110, 100], [110, 160, 110], [100, 120, 170], [120, 120, 120]]; // prettier-ignore
    const inks = picture(40, 40, printable).toColourspace('cmyk').jpeg({ quality: 95 });
    await (hasProfile ? inks.withIccProfile('cmyk') : inks).toFile(at('cmyk'));
    expect(await sharp(at('cmyk')).metadata()).toMatchObject({ space: 'cmyk', hasProfile });
    // Ink is no light, and the paper's profile is the machine's: within 30 of colours that print can show; inverted inks would be 100 off.
    expectNear(corners((await readImage(at('cmyk'), 20)).pixels, 20), printable, 30);
  });

  const greys = [10, 90, 170, 250];
  test.each<[string, number, () => Sharp]>([
    ['grey PNG', 1, () => rawImage(pixelsOfQuarters(new Uint8Array(1600), greys.map((v) => [v]))).toColourspace('b-w').png()], // prettier-ignore
    ['grey JPEG', 1, () => rawImage(pixelsOfQuarters(new Uint8Array(1600), greys.map((v) => [v]))).toColourspace('b-w').jpeg()], // prettier-ignore
    ['16-bit grey PNG', 1, () => rawImage(pixelsOfQuarters(new Uint16Array(1600), greys.map((v) => [v * 257]))).toColourspace('grey16').png()], // prettier-ignore
    ['grey PNG with alpha', 2, () => rawImage(pixelsOfQuarters(new Uint8Array(3200), greys.map((v) => [v, 255]))).toColourspace('b-w').png()], // prettier-ignore
  ])('%s: three equal channels', async (name, channels, image) => {
    await image().toFile(at(name));
    expect((await sharp(at(name)).metadata()).channels).toBe(channels);
    const { pixels } = await readImage(at(name), 20);
    expectNear(
      corners(pixels, 20),
      greys.map((grey) => [grey, grey, grey]),
      name.includes('JPEG') ? 6 : 1,
    );
    expect(pixels.subarray(0, 400)).toEqual(pixels.subarray(400, 800));
    expect(pixels.subarray(0, 400)).toEqual(pixels.subarray(800));
  });

  const white = [255, 255, 255];
  test.each<[string, string, (opaque: number[][]) => Uint8Array | Uint16Array]>([
    ['colour', 'srgb', (colours) => pixelsOfQuarters(new Uint8Array(6400), colours)],
    ['16-bit colour', 'rgb16', (colours) => pixelsOfQuarters(new Uint16Array(6400), colours.map((c) => c.map((v) => v * 257)))], // prettier-ignore
  ])('clear parts of %s become white, half-clear ones half white', async (_, space, make) => {
    const [a, b, c, d] = quarters;
    await rawImage(make([[...a!, 0], [...b!, 128], [...c!, 255], [...d!, 255]])).toColourspace(space).png().toFile(at('alpha')); // prettier-ignore
    expect(await sharp(at('alpha')).metadata()).toMatchObject({
      channels: 4,
      depth: space === 'srgb' ? 'uchar' : 'ushort',
    });
    const half = b!.map((v) => Math.round((v * 128 + 255 * 127) / 255));
    expectNear(corners((await readImage(at('alpha'), 20)).pixels, 20), [white, half, c!, d!], 1);
  });

  test('clear parts of grey become white', async () => {
    const pixels = pixelsOfQuarters(new Uint8Array(3200), [[0, 0], [50, 255], [100, 0], [150, 255]]); // prettier-ignore
    await rawImage(pixels).toColourspace('b-w').png().toFile(at('grey alpha'));
    expect((await sharp(at('grey alpha')).metadata()).channels).toBe(2);
    expectNear(corners((await readImage(at('grey alpha'), 20)).pixels, 20), [white, [50, 50, 50], white, [150, 150, 150]], 1); // prettier-ignore
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is undone', async (orientation) => {
    // What a camera stores when the upright picture is `picture(60, 40)`: the inverse of what the tag asks for.
    const inverse: Record<number, (image: Sharp) => Sharp> = {
      1: (image) => image,
      2: (image) => image.flop(),
      3: (image) => image.rotate(180),
      4: (image) => image.flip(),
      5: (image) => image.rotate(270).flop(),
      6: (image) => image.rotate(270),
      7: (image) => image.rotate(90).flop(),
      8: (image) => image.rotate(90),
    };
    const upright = await picture(60, 40).png().toBuffer();
    const turned = await inverse[orientation]!(sharp(upright)).png().toBuffer();
    await sharp(turned).withMetadata({ orientation }).jpeg({ quality: 95 }).toFile(at('exif'));
    const { pixels, width, height } = await readImage(at('exif'), 20);
    expect([width, height]).toEqual([60, 40]);
    expectNear(corners(pixels, 20), quarters, 10);
  });
});

test('a JPEG in memory is what it is in a file: progressive, grey, rotated, with a comment', async () => {
  const colour = await picture(60, 40).jpeg().toBuffer();
  const comment = Buffer.concat([
    colour.subarray(0, 2),
    Buffer.from('\xff\xfe\0\x06word', 'latin1'),
    colour.subarray(2),
  ]);
  const others = [
    picture(60, 40).jpeg({ progressive: true }),
    picture(60, 40).toColourspace('b-w').jpeg(),
    picture(60, 40).withMetadata({ orientation: 6 }).jpeg(),
  ];
  for (const bytes of [colour, comment, ...(await Promise.all(others.map((one) => one.toBuffer())))]) {
    writeFileSync(at('bytes'), bytes);
    expect(await readImage(bytes, 20)).toEqual(await readImage(at('bytes'), 20));
  }
  const huge = Buffer.from(colour);
  const frame = huge.indexOf(Buffer.from([0xff, 0xc0]));
  huge.writeUInt32BE(0xffff_ffff, frame + 5);
  await expect(readImage(huge, 20)).rejects.toThrow(BrokenImage);
  for (let i = 0; i < 100; i++) {
    const flipped = Buffer.from(colour);
    flipped[(i * 37) % 200]! ^= 1 << (i % 8);
    await readImage(flipped, 20).catch((error: unknown) => {
      expect(error).toBeInstanceOf(BrokenImage);
    });
  }
});

describe('broken files say why', () => {
  const refusal = async (path: string) => {
    const error: unknown = await readImage(path, 20).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BrokenImage);
    return (error as Error).message;
  };

  test('a text named .png, an SVG, an empty file, a file that is gone', async () => {
    writeFileSync(at('text.png'), 'no image, just words in a file');
    expect(await refusal(at('text.png'))).toMatch(/no image by its first bytes/);
    writeFileSync(at('drawing.png'), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expect(await refusal(at('drawing.png'))).toMatch(/no image by its first bytes/);
    writeFileSync(at('empty.png'), '');
    expect(await refusal(at('empty.png'))).toMatch(/the file is empty/);
    expect(await refusal(at('gone.png'))).toMatch(/no such file/);
  });

  test.each(['jpeg', 'png', 'webp'] as const)('%s, cut in the middle', async (format) => {
    const noise = Buffer.from(Array.from({ length: 90 * 90 * 3 }, (_, i) => (i * 7919) % 251));
    const whole = await sharp(noise, { raw: { width: 90, height: 90, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    for (const part of [0.02, 0.5, 0.9]) {
      writeFileSync(at('cut'), whole.subarray(0, Math.ceil(whole.length * part)));
      expect(await refusal(at('cut')), `${part}`).not.toContain(at('cut'));
    }
  });

  test('a bomb of pixels', async () => {
    const side = Math.ceil(Math.sqrt(mostPixels)) + 10;
    const blank = sharp({
      create: { width: side, height: side, channels: 3, background: '#fff' },
      limitInputPixels: false,
    });
    await blank.png({ compressionLevel: 9 }).toFile(at('bomb.png'));
    expect(readFileSync(at('bomb.png')).length).toBeLessThan(1_000_000);
    expect(await refusal(at('bomb.png'))).toMatch(/pixel limit/);
  });
});

describe('crops', () => {
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const chance: fc.Arbitrary<CropChance> = fc.tuple(draw, draw, draw);

  test('the square lies in the image, whose short side is between side and side/0.88', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 512 }),
        fc.option(chance, { nil: undefined }),
        (width, height, side, draw) => {
          const plan = planCrop(width, height, side, draw);
          const short = Math.min(plan.width, plan.height);
          expect(short).toBeGreaterThanOrEqual(side);
          expect(short).toBeLessThanOrEqual(draw ? Math.ceil(side / 0.88) : side);
          expect(plan.left).toBeGreaterThanOrEqual(0);
          expect(plan.top).toBeGreaterThanOrEqual(0);
          expect(plan.left + side).toBeLessThanOrEqual(plan.width);
          expect(plan.top + side).toBeLessThanOrEqual(plan.height);
          expect(Math.abs(plan.width / plan.height / (width / height) - 1)).toBeLessThanOrEqual(1 / short);
        },
      ),
    );
  });

  test('without chance the centre; every short side, place and both ends are reached', () => {
    expect(planCrop(300, 200, 100)).toEqual({ width: 150, height: 100, left: 25, top: 0 });
    const plans = Array.from({ length: 100 }, (_, i) => planCrop(200, 200, 88, [i / 100, 0, 0.999]));
    expect(new Set(plans.map((plan) => plan.width)).size).toBe(13); // 88 … 100
    expect(plans.every((plan) => plan.left === 0 && plan.top === plan.height - 88)).toBe(true);
  });

  test('the flip mirrors, and only where asked for', async () => {
    await picture(40, 40).png().toFile(at('flip'));
    const read = async (flip: boolean) => corners((await readImage(at('flip'), 20, { flip })).pixels, 20);
    const [a, b, c, d] = quarters;
    expect(await read(true)).toEqual([b, a, d, c]);
    expect(await read(false)).toEqual(quarters);
  });

  test('a mirrored crop is the mirror of the same crop', async () => {
    const noise = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7919) % 251);
    const bytes = await sharp(noise, { raw: { width: 40, height: 30, channels: 3 } })
      .png()
      .toBuffer();
    const read = (flip: boolean) => readImage(bytes, 20, { crop: [0.5, 0.2, 0.9], flip });
    const [plain, mirrored] = [await read(false), await read(true)];
    expect(mirrored.pixels).toEqual(plain.pixels.map((_, i) => plain.pixels[i - (i % 20) + 19 - (i % 20)]!));
  });

  test('a panorama is cut in its middle without being made whole', async () => {
    await sharp({ create: { width: 20000, height: 20, channels: 3, background: '#336699' } })
      .png()
      .toFile(at('wide'));
    const { pixels } = await readImage(at('wide'), 64);
    expect(new Set(corners(pixels, 64).map(String))).toEqual(new Set(['51,102,153']));
  });
});
