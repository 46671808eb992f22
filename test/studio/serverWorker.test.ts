// The studio with a real worker on the weights that come with Scalewise: the command line's images, whatever else is in the batch, and OpenAI's
// own client.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStudio, type OpenedStudio, processStarter, studioOptions } from '../../src/studio/index.js';
import type { GenerationAccepted } from '../../src/studio/api/index.js';
import { pngTexts } from '../../src/formats/index.js';
import { running, temporary } from '../cli/run.js';
import { eventsOf } from './fakeWorker.js';

const weights = join(import.meta.dirname, '..', '..', 'weights', 'fashion-mnist');
const token = '0123456789abcdef';
let studio: OpenedStudio;
let base: string;
let openai: OpenAI;

beforeAll(async () => {
  const models = ['generator-sar', 'generator'].map((name) => ({ generator: join(weights, `${name}.safetensors`) }));
  const start = processStarter({ device: 'cpu', threads: 1, keep: 2 });
  studio = await openStudio(studioOptions({ models, page: temporary(), start, token }), { host: '127.0.0.1', port: 0 });
  await studio.loaded;
  base = `http://127.0.0.1:${studio.port}`;
  openai = new OpenAI({ apiKey: token, baseURL: `${base}/v1`, maxRetries: 0 });
});
afterAll(() => studio.stop());

const pixelsOf = (png: Buffer) => sharp(png).raw().toBuffer();
const headers = { authorization: `Bearer ${token}` };

/** Asks for a generation and listens to its end: the pictures of its images. */
async function generated(request: object, client: string): Promise<Buffer[]> {
  const asked = await fetch(`${base}/api/generations`, {
    method: 'POST',
    body: JSON.stringify(request),
    headers: { ...headers, 'content-type': 'application/json', 'x-scalewise-client': client },
  });
  const { id } = (await asked.json()) as GenerationAccepted;
  const events = eventsOf(await (await fetch(`${base}/api/generations/${id}/events`, { headers })).text());
  expect(events.at(-1)!.name).toBe('done');
  const last = events.filter(({ name, data }) => name === 'scale' && data['index'] === 4);
  const pictures = last.map(async ({ data }) => (await fetch(`${base}${data['frame'] as string}`, { headers })).arrayBuffer()); // prettier-ignore
  return (await Promise.all(pictures)).map((bytes) => Buffer.from(bytes));
}

test('an image has the pixels of the command line’s, alone and beside those of other requests', async () => {
  const folder = join(temporary(), 'files');
  const flags = ['--class', 'Bag', '--count', '2', '--seed', '11', '--cfg', '3', '--top-k', '50', '--precision', 'float32', '--threads', '1']; // prettier-ignore
  expect(await running(['sample', ...flags, '--files', folder])).toMatchObject({ code: 0 });
  const wanted = await Promise.all([0, 1].map((i) => pixelsOf(readFileSync(join(folder, `00000${i}.png`)))));
  const request = { class: 'Bag', seed: 11, cfg: 3, topK: 50 };
  const [alone] = await generated(request, 'a');
  expect((await pixelsOf(alone!)).equals(wanted[0]!)).toBe(true);
  const all = await Promise.all([
    generated({ ...request, class: 'Coat', seed: 1, count: 3 }, 'b'),
    generated({ ...request, seed: 12 }, 'c'),
    generated({ ...request, count: 2 }, 'd'),
  ]);
  expect((await pixelsOf(all[1][0]!)).equals(wanted[1]!)).toBe(true);
  expect(all[2].map((png) => png.toString('base64'))).toEqual([
    alone!.toString('base64'),
    all[1][0]!.toString('base64'),
  ]);
  const parameters = JSON.parse(pngTexts('image', alone!).get('parameters')!) as Record<string, unknown>;
  const kept = JSON.parse(pngTexts('image', readFileSync(join(folder, '000000.png'))).get('parameters')!) as Record<string, unknown>; // prettier-ignore
  for (const name of ['weights', 'tokenizer', 'scales', 'guidance', 'topK', 'seed', 'label']) expect([name, parameters[name]]).toEqual([name, kept[name]]); // prettier-ignore
});

test('OpenAI’s client lists the models, makes images, streams them, and edits one', async () => {
  const ids = (await openai.models.list()).data.map(({ id }) => id);
  expect(ids).toEqual(['generator-sar', 'generator']);
  const made = await openai.images.generate({ model: 'generator', prompt: 'Sneaker', n: 2, size: 'auto', ...{ x_seed: 4 } }); // prettier-ignore
  const images = made.data!.map(({ b64_json }) => Buffer.from(b64_json!, 'base64'));
  expect(images).toHaveLength(2);
  expect(made.data![0]!.revised_prompt).toBe('Sneaker');
  expect(await sharp(images[0]).metadata()).toMatchObject({ width: 32, height: 32, format: 'png' });

  const stream = await openai.images.generate({ model: 'generator', prompt: '7', stream: true, partial_images: 2, ...{ x_seed: 4 } }); // prettier-ignore
  const types: string[] = [];
  let final = '';
  for await (const event of stream) {
    types.push(event.type);
    final = event.b64_json;
  }
  expect(types).toEqual(['image_generation.partial_image', 'image_generation.partial_image', 'image_generation.completed']); // prettier-ignore
  expect((await pixelsOf(Buffer.from(final, 'base64'))).equals(await pixelsOf(images[0]!))).toBe(true);

  const alpha = Buffer.alloc(32 * 32 * 4, 255);
  for (let at = 3; at < alpha.length / 2; at += 4) alpha[at] = 0;
  const mask = await sharp(alpha, { raw: { width: 32, height: 32, channels: 4 } })
    .png()
    .toBuffer();
  const files = { image: await toFile(images[0]!, 'a.png', { type: 'image/png' }), mask: await toFile(mask, 'm.png', { type: 'image/png' }) }; // prettier-ignore
  const edited = await openai.images.edit({ model: 'generator', ...files, prompt: 'Sneaker', n: 1, ...{ x_seed: 9, x_feather: 0 } }); // prettier-ignore
  const result = await pixelsOf(Buffer.from(edited.data![0]!.b64_json!, 'base64'));
  const before = await pixelsOf(images[0]!);
  const half = before.length / 2;
  expect(result.subarray(half).equals(before.subarray(half))).toBe(true);
  expect(result.subarray(0, half).equals(before.subarray(0, half))).toBe(false);

  const links = await openai.images.generate({ model: 'generator', prompt: 'Bag', response_format: 'url' });
  const [link] = links.data!;
  expect((await fetch(link!.url!, { headers })).headers.get('content-type')).toBe('image/png');
});

test('what OpenAI’s client asks wrongly, it is told', async () => {
  const refused = async (body: object) => openai.images.generate({ prompt: 'Bag', ...body }).then(() => 'taken', (error: unknown) => (error as Error).message); // prettier-ignore
  expect(await refused({ prompt: 'Sneeker' })).toMatch(/^400 prompt: 'Sneeker' is none of the 10 classes.*'Sneaker'/);
  expect(await refused({ x_temperature: 0 })).toMatch(/^400 x_temperature: expected at least 0\.01, found 0/);
  const stranger = new OpenAI({ apiKey: 'wrong', baseURL: `${base}/v1`, maxRetries: 0 });
  await expect(stranger.models.list()).rejects.toThrow(/^401/);
});

test('out-painting keeps the image, and an edit of a made image needs no upload', async () => {
  const [image] = await generated({ class: 'Coat', seed: 2 }, 'e');
  const [wide] = await generated({ class: 'Coat', seed: 2, scales: [1, [2, 3], [3, 5], [5, 8], [8, 12]], edit: { image: `data:image/png;base64,${image!.toString('base64')}`, margins: { right: 16 }, feather: 0 } }, 'e'); // prettier-ignore
  expect(await sharp(wide).metadata()).toMatchObject({ width: 48, height: 32 });
  const left = await sharp(wide).extract({ left: 0, top: 0, width: 32, height: 32 }).raw().toBuffer();
  expect(left.equals(await pixelsOf(image!))).toBe(true);
});
