// The published augmentation beside ours: Pillow's own pixels of the same crops, and JPEGs at reduced scale beside the whole.
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readImage } from './imageFile.js';

/** Decibels between two images, PSNR. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return 10 * Math.log10(255 ** 2 / (a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length));
}

/** Stripes, ramps and squares of 96 × 72 pixels, in whole numbers: any language makes the same. */
function picture(): Uint8Array {
  const floor = Math.floor;
  const value = (x: number, y: number, c: number) =>
    49 +
    ((x * (2 + c)) % 97) +
    ((y * (3 - c) + x) % 61) -
    floor(((floor((x * y) / 7) % 53) * (c + 1)) / 2) +
    60 * ((floor(x / 16) + floor(y / 16)) % 2);
  return Uint8Array.from({ length: 96 * 72 * 3 }, (_, i) =>
    Math.max(0, Math.min(255, value(floor(i / 3) % 96, floor(i / 288), i % 3))),
  );
}

/**
 * The upper left 16 × 16 pixels of that picture with a short side of so many pixels, [16, 16, 3], by Pillow 11.3: BOX halving while the short
 * side is at least twice what it should become, then BICUBIC. At 40 nothing is halved, at 17 twice.
 */
const byPillow = {
  40: [
    'MzQzOTs8PkJFRElPSVBXTldgVF5pWGRxaXeFobHBprfJq77SsMXdts3Qu9SKwNuUODc1Pj4+Q0RGSUtPTlJWU1lfWF9nW2RubHeCpLG9',
    'qbbFrr3MssTXuMvJvdGCwtiMPjs3REE/SEdHTU5OUlRVV1pdXGBlX2VrcHd+qLC4rLW/sbvGtcHQu8jCv855xNSDQz45SERATUpHUlBN',
    'V1ZUW1tbYGFiY2VmdHd6q6+zr7S5s7m/uL/KvcW6wspxxtB6SUE7TkdBUkxHV1JNW1dTX1xZZGJfZ2Vjd3Z2rq6vsrO0tri6u7zCv8Ky',
    'xMdpyM1xTkU8U0pCV09HW1NNX1hSZF1YaGJda2Vge3Zysq6rtbKvube0vbu8wsCsyMVhysloVEg+WE1DXFJIYFZNZFpRaF5WbGNbbmZd',
    'fnZvtK2mubGpvrWuwrm2wr6ktcJZpcRdWEs/XE9CYFNHZFdKZ1tPa19Tb2NWcmVZg3Vqva2itrClsrSpmriwk7ubir9QltFsZ1hJaltM',
    'bl9QcmNUdWVWemlagG1eeW9gfHtriqKTgaaWeamZfKmahrqcmtx7pe+XoI9+o5KBqZWErJiGqpqJnp6MkaGPgKWScZyJQm1aR3BdS3Rg',
    'W5GKa62aca1Yc5FZppOBqZaDl5iFjpuHeZ2IeaCLeKKNfqaPdpyFR2tUSnBXXpSJbaWyb4uacXRMdHFQh5aCeJiDc5qFc5yGeJ6He6GI',
    'fqKKgqaMeZ2BSm5PXoaCbIambm6ncWqSc25DdnFHcZmDdZuEeJ2Fe5+GfaCGgKGGg6SHh6mJe5B4W2NzbWyhbmSdcGegc2qKdmw8eW0+',
    'eJ2Fe56GfZ+GgKGFgqOFhKWFh52FioOEhmqHaVuQb2SZcGWXc2aadmiEeGkzemk0fqCHgKGHgqOGhKWEhp2EiYKDimqCjmaAmIWxcGSV',
    'cmOSc2ORdmSTeGV8emUqfWcug6WJhaeIh56GiYSEi2uCjGaBjWZ8mHeTopTCcmGNdGKMdmKLeGKMemFzfWMkkYhc',
  ].join(''),
  17: [
    'Ozo8SEtPU1piZ3J9qrnLtMfKwtubur+KmF9yqWWJtHOcuqWrptWpk86skcugZmxzSEM+VFBOXVxecHJ0s7i+u8K6yNOHu7RymFNXn1ht',
    'l2F/iYKLdpmHeJxwi7d4a2dlU0lAXVRMZl5WeHFrubazvL2rw9B4prJnclFTeVB2iEiUlHGjjKaAi69um8SDdGlfbVxPcWVXdG1efHpr',
    'laaYjrSalM18mbiJiE1+kzuJoEeSmmtthpRPiaZfnsSAjYR8npmGk5+KjKaPeqGKR21jY4iLb4FajHJjyXCl0XOv7JK2r4JvXGklXHct',
    'Xok9l5mJd5+Ge6KGg5uHhI+KZmiLdGiPd2tHmntj2oGt4oSg7ZKbqH9oU3EnT4xARp1PdKCIh56MjJCJkn2Imn6kcF2OeWB7hHRNppBz',
    '2YuP1YWC3aCpjo51NHkrOYszR51OiqGadmNxe1Fqg1Vtmn+lknqfkIacm6l6mJpRm3BYoHh3r4mNkZZzZKFRaqVfdKNuiXGOYTVOXDNE',
    'WD1RamiJoaXCo8DNp9J4mbBNd1Q9hFdKlGRkoY57m7F9nKmFsbyjhmB9T0JURTxISFJkU2uDkay8o8esrdFbq8JdhVg5l1FWpUxsrm16',
    'ppp+naeHn8GfcnCKN0VTNj5FSVttW2pyq8Ovsc2VwuRwt7Jekjk/ojJWpTZponCBj6eEhrWPjs2mYXeMcnuEcXJyiZediZRtiJ92kY9q',
    'opVIqoFKumF8s1+IvXamjnmFT39ZVI1hYqR5gY+gk5eclpSIrLWMqp15dl5dc2Vjam4uhYFSvH6RwYOp0pS/lYSNRnFHT4RWWZZplqCv',
    'n52UnIhjm4d5iYCBUk9aZG90Y3QtholTwYeXyYOi357GoIeKVXpKXo9daaJvpKWXgHhueW9hhHx4iIuQVFleZnBsc4Y/kY1R0ZGc2ZGt',
    '7KPEsZWVYoRRXo9fV41af4CAQjcuRzwxT0U5a2proqOmqaygvMp+uLJ0mlRarGF4snWUnZeXeqqQdKKAhLV8aGZl',
  ].join(''),
};

test.each([
  [40, 36, 4.5 / 6, 54],
  [17, 16, 1.5 / 4, 33],
] as const)('a short side of %i pixels is what Pillow makes', async (short, side, scale, decibels) => {
  const bytes = await sharp(picture(), { raw: { width: 96, height: 72, channels: 3 } })
    .png()
    .toBuffer();
  const { pixels } = await readImage(bytes, side, { crop: [scale, 0, 0] });
  const corner = Uint8Array.from({ length: 768 }, (_, i) => {
    const [y, x] = [Math.floor(i / 48), Math.floor(i / 3) % 16];
    return pixels[((i % 3) * side + y) * side + x]!;
  });
  const found = psnr(corner, Buffer.from(byPillow[short], 'base64'));
  expect(found).toBeGreaterThan(decibels);
});

/** Octaves of noise with a grain as photographs have it. */
async function photograph(width: number, height: number): Promise<Buffer> {
  const sum = new Float64Array(width * height * 3).fill(128);
  for (let octave = 1; octave <= 8; octave++) {
    const [w, h] = [2 ** octave + 1, 2 ** octave + 1];
    const noise = Uint8Array.from({ length: w * h * 3 }, (_, i) => (Math.imul(i + octave, 2654435761) >>> 11) & 255);
    const raw = sharp(noise, { raw: { width: w, height: h, channels: 3 } }).resize(width, height, { fit: 'fill' });
    (await raw.raw().toBuffer()).forEach((value, i) => (sum[i]! += ((value - 128) * 1.9) / 2 ** (octave * 0.75)));
  }
  return sharp(Uint8ClampedArray.from(sum), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

test.each([2, 4])('a JPEG decoded at 1/%i of its size is the whole one, resized', async (times) => {
  const side = 64;
  const bytes = await photograph(160 * times, 100 * times);
  const { pixels } = await readImage(bytes, side, { crop: [0, 0, 0] });
  const whole = await sharp(bytes)
    .resize(Math.round(160 * 0.64), side, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
    .extract({ left: 0, top: 0, width: side, height: side })
    .raw()
    .toBuffer();
  const plane = side * side;
  const planes = Uint8Array.from(pixels, (_, i) => whole[(i % plane) * 3 + Math.floor(i / plane)]!);
  expect(psnr(pixels, planes)).toBeGreaterThan(48);
});
