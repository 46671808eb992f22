// Texts in PNG files: put, read back, replaced; other readers see them and still decode the picture; damage is told.
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../util/errors.js';
import { pngTexts, withPngTexts } from './pngText.js';

const rgb = Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => i * 7);
const png = await sharp(rgb, { raw: { width: 4, height: 3, channels: 3 } })
  .png()
  .toBuffer();

/** Types of the chunks, in order. */
function types(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
    found.push(bytes.toString('latin1', at + 4, at + 8));
  return found;
}

describe('texts', () => {
  test('of any content come back, and sharp decodes the same pixels', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), async (a, b) => {
        const texts = { parameters: a.replaceAll('\0', ''), Software: b.replaceAll('\0', '') };
        const made = withPngTexts(png, texts);
        expect(Object.fromEntries(pngTexts('a.png', made))).toEqual(texts);
        expect(new Uint8Array(await sharp(made, { failOn: 'warning' }).raw().toBuffer())).toEqual(rgb);
      }),
      { numRuns: 50 },
    );
  });

  test('another reader finds them, before the pixels: ASCII as tEXt, the rest as iTXt', async () => {
    const texts = { parameters: '{"class":"beetle","seed":3}', Title: 'Käfer, 猫 and 🐈' };
    const made = withPngTexts(png, texts);
    const { comments } = await sharp(made).metadata();
    expect(comments).toEqual(Object.entries(texts).map(([keyword, text]) => ({ keyword, text })));
    expect(types(made)).toEqual(['IHDR', 'tEXt', 'iTXt', ...types(png).slice(1)]);
  });

  test('a text replaces the one of its keyword, and leaves the others', () => {
    const first = withPngTexts(png, { parameters: 'old', Title: 'kept' });
    const second = withPngTexts(first, { parameters: 'ü 新' });
    expect(Object.fromEntries(pngTexts('a.png', second))).toEqual({ parameters: 'ü 新', Title: 'kept' });
    expect(withPngTexts(png, {})).toEqual(png);
  });

  test.each(['', ' a', 'a ', 'a\0', 'ключ', 'a'.repeat(80)])('the keyword %j is none', (keyword) => {
    expect(() => withPngTexts(png, { [keyword]: 'text' })).toThrow('internal: PNG allows no text');
  });
});

describe('refused in a sentence', () => {
  const made = withPngTexts(png, { parameters: '{}' });
  test.each<[string, Uint8Array, RegExp]>([
    ['no PNG', Buffer.from('GIF89a and more'), /does not begin as one/],
    ['nothing', new Uint8Array(), /does not begin as one/],
    ['bytes after its end', Buffer.concat([made, Buffer.of(0)]), /bytes follow its end/],
    ['no IHDR at its front', Buffer.concat([made.subarray(0, 8), made.subarray(-12)]), /first chunk is not IHDR/],
  ])('%s', (_, bytes, message) => {
    expect(() => pngTexts('a.png', bytes)).toThrow(UsageError);
    expect(() => pngTexts('a.png', bytes)).toThrow(message);
  });

  test('cut at any byte', () => {
    for (let cut = 8; cut < made.length; cut++)
      expect(() => pngTexts('a.png', made.subarray(0, cut))).toThrow(new UsageError('a.png: not a whole PNG: it ends early; write it again')); // prettier-ignore
  });

  test('any byte changed', () => {
    for (let at = 0; at < made.length; at++) {
      const bad = Buffer.from(made);
      bad[at]! ^= 1 << (at % 8);
      expect(() => pngTexts('a.png', bad), `byte ${at}`).toThrow(UsageError);
    }
  });
});
