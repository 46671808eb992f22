// Explanations with a real worker on the weights that come with Scalewise: the library's numbers for an image that is sent, one that was made, and
// one of the data, which a cache of the test's own holds; and what is asked wrongly.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toImages } from '../../src/data/index.js';
import { writeSafetensors } from '../../src/formats/index.js';
import { loadModels, readCanvas } from '../../src/recipes/index.js';
import { forcings, sarSettings } from '../../src/sar/index.js';
import { openStudio, type OpenedStudio, processStarter, studioOptions } from '../../src/studio/index.js';
import type { ErrorAnswer, Explanation, GenerationAccepted, HeldOutImages } from '../../src/studio/api/index.js';
import { Generator, noGrad, scope, tensor } from '../../src/torch/index.js';
import { temporary } from '../cli/run.js';

const project = join(import.meta.dirname, '..', '..');
const weights = ['generator-sar', 'generator'].map((name) => join(project, 'weights', 'fashion-mnist', `${name}.safetensors`)); // prettier-ignore
const shirt = readFileSync(join(project, 'docs', 'images', 'editing', 'shirt.png'));
const dataUrl = `data:image/png;base64,${shirt.toString('base64')}`;
const cache = temporary();
let studio: OpenedStudio;
let base: string;

beforeAll(async () => {
  const models = weights.map((generator) => ({ generator }));
  const before = process.env['SCALEWISE_CACHE'];
  process.env['SCALEWISE_CACHE'] = cache; // the worker's
  const start = processStarter({ device: 'cpu', threads: 1, keep: 2 });
  studio = await openStudio(studioOptions({ models, page: temporary(), start }), { host: '127.0.0.1', port: 0 });
  await studio.loaded;
  if (before === undefined) delete process.env['SCALEWISE_CACHE'];
  else process.env['SCALEWISE_CACHE'] = before;
  base = `http://127.0.0.1:${studio.port}`;
});
afterAll(() => studio?.stop());

const post = (path: string, body: unknown) =>
  fetch(base + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
async function explained(body: object): Promise<Explanation> {
  const answer = await post('/api/explanations', body);
  const text = await answer.text();
  expect([answer.status, answer.status === 200 ? '' : text]).toEqual([200, '']);
  return JSON.parse(text) as Explanation;
}
const heldOut = async () => (await (await fetch(`${base}/api/explanations/images`)).json()) as HeldOutImages;

test('an image that is sent: the losses and tokens of the library’s own training step', async () => {
  const answers = await Promise.all(['generator-sar', 'generator'].map((model) => explained({ model, image: dataUrl, class: 'shirt', seed: 5 }))); // prettier-ignore
  const { pixels } = await readCanvas(shirt, [32, 32]);
  answers.forEach((answer, i) => {
    expect(answer).toMatchObject({ family: 'flexvar', class: { label: 6, name: 'Shirt' }, scales: [1, 2, 3, 5, 8] });
    const { generator, tokenizer, card } = loadModels(weights[i]!, undefined);
    noGrad(() => {
      scope(() => {
        const targets = tokenizer.tokens(toImages(tensor(pixels, { shape: [1, 3, 32, 32] })), card.scales);
        expect(answer.pyramid.map(({ tokens }) => tokens)).toEqual(targets.map((one) => one.toArray()));
        const labels_B = tensor([6], { dtype: 'int64' });
        const settings = sarSettings.parse({});
        const random = new Generator(5);
        const { parts } = forcings.sar({ generator, tokenizer, labels_B, targets, scales: card.scales, step: 0, random, labelDrop: 0, settings }); // prettier-ignore
        // threads add in another order here than in the worker
        expect(answer.losses.teacherTotal).toBeCloseTo(parts['loss_teacher']!.item(), 4);
        expect(answer.losses.csfTotal).toBeCloseTo(parts['loss_csf']!.item(), 4);
        expect(answer.losses.gamma).toBe(settings.gamma);
      });
    });
    generator.dispose();
    tokenizer.dispose();
  });
  expect(answers[0]!.pyramid).toEqual(answers[1]!.pyramid);
  expect(answers[0]!.losses).not.toEqual(answers[1]!.losses);
  const { image, student, difference } = answers[0]!;
  const sent = await sharp(Buffer.from(image.split(',')[1]!, 'base64'))
    .raw()
    .toBuffer();
  expect(sent.length).toBe(3 * 32 * 32);
  expect(student.map(({ tokens }) => tokens.length)).toEqual([1, 4, 9, 25, 64]);
  expect(difference[4]!.every((bits) => bits >= 0)).toBe(true);
});

test('an image that was made is told with its class, the same each time', async () => {
  const { id } = (await (await post('/api/generations', { class: 'Bag', seed: 3 })).json()) as GenerationAccepted;
  await (await fetch(`${base}/api/generations/${id}/events`)).text();
  const image = { generation: id, model: 'generator-sar', image: 0 };
  const made = await explained({ image });
  expect(made.class).toEqual({ label: 8, name: 'Bag' });
  expect(await explained({ image })).toEqual(made);
  const other = await explained({ image, seed: 1, class: null });
  expect(other.class).toEqual({ label: null, name: 'none' });
  expect(other.pyramid).toEqual(made.pyramid);
  expect(other.teacher[4]!.tokens).not.toEqual(made.teacher[4]!.tokens);
});

test('held-out images are offered where the cache has them', async () => {
  const none = await heldOut();
  expect(none).toMatchObject({ data: 'fashion-mnist', images: [] });
  expect(none.note).toMatch(/is not in the cache; run `scalewise data get fashion-mnist`/);
  const refused = await post('/api/explanations', { image: { data: 0 } });
  expect([refused.status, ((await refused.json()) as ErrorAnswer).error.message]).toEqual([400, expect.stringMatching(/scalewise data get/)]); // prettier-ignore

  const count = 20;
  const folder = join(cache, 'data', 'fashion-mnist');
  mkdirSync(folder, { recursive: true });
  const pixels = Uint8Array.from({ length: count * 32 * 32 }, (_, i) => (i * 31) % 251);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const tensors = new Map([
    ['images', { dtype: 'U8' as const, shape: [count, 1, 32, 32], bytes: () => pixels }],
    ['labels', { dtype: 'U8' as const, shape: [count], bytes: () => labels }],
  ]);
  const { data } = (await (await fetch(`${base}/v1/models`)).json()) as { data: { scalewise: { classes: string[] } }[] }; // prettier-ignore
  const { classes } = data[0]!.scalewise;
  for (const split of ['train', 'test']) writeSafetensors(join(folder, `${split}.safetensors`), tensors, { name: 'fashion-mnist', classes: JSON.stringify(classes) }); // prettier-ignore
  const { note, images } = await heldOut();
  expect([note, images.length]).toEqual([null, count]);
  const [first] = images;
  expect(first!.label).toBe(first!.index % 10);
  const shown = await sharp(Buffer.from(first!.picture.split(',')[1]!, 'base64'))
    .raw()
    .toBuffer();
  const { image, class: named } = await explained({ image: { data: first!.index } });
  expect(named).toEqual({ label: first!.label, name: first!.class });
  expect(
    (
      await sharp(Buffer.from(image.split(',')[1]!, 'base64'))
        .raw()
        .toBuffer()
    ).equals(shown),
  ).toBe(true);
  expect(shown[3]).toBe(pixels[first!.index * 1024 + 1]);
  const beyond = await post('/api/explanations', { image: { data: count } });
  expect([beyond.status, ((await beyond.json()) as ErrorAnswer).error.message]).toEqual([400, expect.stringMatching(/^image: expected one of the 20 held-out images of fashion-mnist, got 20/)]); // prettier-ignore
});

test('what is asked wrongly is told', async () => {
  const broken = Buffer.concat([shirt.subarray(0, 60), Buffer.from('no more')]).toString('base64');
  const huge = await sharp({ create: { width: 5000, height: 5000, channels: 3, background: '#fff' } }).png().toBuffer(); // prettier-ignore
  const asked: [body: object, status: number, message: RegExp][] = [
    [{}, 400, /^image: it is missing; expected/],
    [{ image: 'shirt.png' }, 400, /expected an image as data:image\/png;base64/],
    [{ image: { data: -1 } }, 400, /^image/],
    [{ image: { path: '/etc/passwd' } }, 400, /image/],
    [{ image: `data:image/png;base64,${Buffer.from('<svg/>').toString('base64')}` }, 400, /^image: expected a PNG/],
    [{ image: `data:image/png;base64,${broken}` }, 400, /image: .*send another file|image: .*no whole image/],
    [{ image: `data:image/png;base64,${huge.toString('base64')}` }, 400, /^image: expected at most 16800000 pixels/],
    [{ image: dataUrl, class: 'Shirts' }, 400, /^class: 'Shirts' is none of the 10 classes.*'Shirt'/],
    [{ image: dataUrl, seed: 0.5 }, 400, /^seed/],
    [{ image: dataUrl, topP: 2 }, 400, /^topP/],
    [{ image: dataUrl, gamma: 1 }, 400, /unknown field 'gamma'/],
    [{ image: dataUrl, model: 'generators' }, 404, /there is no model 'generators'/],
    [{ image: { generation: 'gone', model: 'generator', image: 0 } }, 404, /there is no generation "gone"/],
  ];
  for (const [body, status, message] of asked) {
    const answer = await post('/api/explanations', body);
    const { error } = (await answer.json()) as ErrorAnswer;
    expect([body, answer.status, error.message]).toEqual([body, status, expect.stringMatching(message)]);
  }
});
