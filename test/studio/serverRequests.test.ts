// What the studio's server refuses, and in which words: wrong requests, other sites, those without the token, paths that lead elsewhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StudioApp } from '../../src/studio/server/app.js';
import { fakeStudio, type FakeWorker, onePixel } from './fakeWorker.js';

const token = '0123456789abcdef';
let open: StudioApp & { worker: FakeWorker };
let closed: StudioApp;

beforeAll(async () => {
  open = await fakeStudio({ models: [{ generator: 'one' }, { generator: 'two' }, { generator: 'a-var' }] });
  closed = await fakeStudio({ token, cors: ['https://example.org'], names: ['studio.example'] });
});
afterAll(async () => {
  await open.app.close();
  await closed.app.close();
});

/** Method and path of every route, its parameters filled with something. */
function routesOf({ studio }: StudioApp): [method: string, url: string][] {
  return studio.routes.map(([method, url]) => [method, url.replace(/:\w+/g, 'x')]);
}

async function refusal(payload: object, url = '/api/generations') {
  const answer = await open.app.inject({ method: 'POST', url, payload });
  const { error } = answer.json<{ error: { message: string; type: string; param: string | null } }>();
  return `${answer.statusCode} ${error.message}`;
}

describe('sentences', () => {
  const cases: [object, RegExp][] = [
    [{ class: 'Sneeker' }, /^400 class: 'Sneeker' is none of the 4 classes \(0 to 3\); the nearest names are 'Sneaker'/],
    [{ class: 4 }, /^400 class: '4' is none of the 4 classes/],
    [{ class: [['Shirt', 0]] }, /^400 class: expected at least one weight above 0/],
    [{ clas: 1 }, /^400 unknown field 'clas'; did you mean 'class'\?/],
    [{ count: 17 }, /^400 count: expected at most 16, found 17/],
    [{ count: 1.5 }, /^400 count: expected a whole number, found 1\.5/],
    [{ models: ['oone'] }, /^404 models: there is no model 'oone'; there are one/],
    [{ models: ['one', 'one'] }, /^400 models: expected each model once/],
    [{ models: ['a-var'], scales: [1, 3] }, /^400 scales: a-var knows the scales 1x1, 2x2 and no others/],
    [{ scales: [200] }, /^400 scales: expected at most 16384 tokens an image, got 40000/],
    [{ scales: [129, 64].reverse().map((side) => [1, side]) }, /^400 scales: expected images of at most 1024 pixels a side, the last scale makes 1032/],
    [{ scales: [] }, /^400 scales: expected at least 1 item, found 0/],
    [{ scales: [0] }, /^400 scales\.0: /],
    [{ topK: [1, 2, 3] }, /^400 topK: expected one value, or one for each of the 2 scales, got 3/],
    [{ greedy: [5] }, /^400 greedy: expected some of the scales 1x1, 2x2, got 5x5/],
    [{ smooth: true }, /^400 smooth: the codes of one cannot be mixed/],
    [{ cfg: 'high' }, /^400 cfg: expected a number, found "high"/],
    [{ cfg: 21 }, /^400 cfg: expected at most 20, found 21/],
    [{ seed: -1 }, /^400 seed: /],
    [{ edit: { image: 'data:image/png;base64,AAAA', mask: 'data:image/png;base64,AAAA' } }, /^400 image: expected a PNG, JPEG or WebP, and it is none/],
    [{ edit: { image: 'data:image/svg+xml;base64,AAAA' } }, /^400 edit\.image: expected an image as data:/],
    [{ edit: { image: { generation: 'none', model: 'one', image: 0 } } }, /^404 there is no generation "none"/],
  ]; // prettier-ignore
  test.each(cases)('%j', async (payload, sentence) => {
    expect(await refusal(payload)).toMatch(sentence);
  });
  const images: [object, RegExp][] = [
    [{}, /^400 prompt: it is missing/],
    [{ prompt: 'Ankle' }, /^400 prompt: 'Ankle' is none of the 4 classes.*the nearest names are 'Ankle boot'/],
    [{ prompt: '0', size: '20x16' }, /^400 size: expected sides divisible by 8, got 20x16; 'auto' is 16x16/],
    [{ prompt: '0', size: '9999x16' }, /^400 size: expected at most 1024 pixels/],
    [{ prompt: '0', size: 'big' }, /^400 size: expected 'auto' or width x height/],
    [{ prompt: '0', x_scales: '1,x' }, /^400 x_scales: expected sides such as 1,2,3,4x6, or one of one's schedules \(own, larger\)/],
    [{ prompt: '0', scales: 'x' }, /^400 scales: expected sides/],
    [{ prompt: '0', size: '1024x2040' }, /^400 size: expected at most 1024 pixels/],
    [{ prompt: '0', size: '1024x1024' }, /^400 size: expected at most 16384 tokens an image/],
    [{ prompt: '0', top_k: [1, 2, 3] }, /^400 top_k: expected one value, or one for each of the 2 scales, got 3/],
    [{ prompt: '0', x_top_p: [0.5] }, /^400 x_top_p: expected one value/],
    [{ prompt: '0', x_scales: [1, 2], size: '16x16' }, /^400 size: expected without scales/],
    [{ prompt: '0', output_compression: 50 }, /^400 output_compression: a PNG has no quality/],
    [{ prompt: '0', x_sed: 1 }, /^400 unknown field 'x_sed'; did you mean 'x_seed'\?/],
    [{ prompt: '0', n: 17 }, /^400 n: expected at most 16, found 17/],
  ]; // prettier-ignore
  test.each(images)('%j', async (payload, sentence) => {
    expect(await refusal(payload, '/v1/images/generations')).toMatch(sentence);
  });
  test('bodies that are no JSON, of another type, too large', async () => {
    const send = async (payload: string, type = 'application/json', url = '/v1/images/generations') =>
      (await open.app.inject({ method: 'POST', url, payload, headers: { 'content-type': type } })).statusCode;
    expect(await send('{')).toBe(400);
    expect(await send('[]')).toBe(400);
    expect(await send('null')).toBe(400);
    expect(await send('{"__proto__": {"x": 1}, "prompt": "0"}')).toBe(200); // left out, as fastify does
    expect(await send('a=b', 'application/x-www-form-urlencoded')).toBe(415);
    expect(await send(JSON.stringify({ prompt: 'x'.repeat(70_000) }))).toBe(413);
  });
});

describe('edits', () => {
  const form = (parts: Record<string, string | Blob>) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(parts)) data.set(name, value);
    return data;
  };
  const edit = async (parts: Record<string, string | Blob>) => {
    const request = new Request('http://x', { method: 'POST', body: form(parts) });
    const payload = Buffer.from(await request.arrayBuffer());
    return open.app.inject({ method: 'POST', url: '/v1/images/edits', payload, headers: { 'content-type': request.headers.get('content-type')! } }); // prettier-ignore
  };
  const picture = async (alpha: number) => {
    const data = Buffer.alloc(16 * 16 * 4, 200);
    for (let at = 3; at < data.length / 2; at += 4) data[at] = alpha;
    for (let at = 3 + data.length / 2; at < data.length; at += 4) data[at] = 255;
    return new Blob([await sharp(data, { raw: { width: 16, height: 16, channels: 4 } }).png().toBuffer()], { type: 'image/png' }); // prettier-ignore
  };
  test('what is transparent is made anew', async () => {
    const before = open.worker.batches.length;
    const answer = await edit({ image: await picture(0), prompt: 'Shirt', n: '2', x_seed: '5' });
    expect(answer.statusCode).toBe(200);
    const { settings, members } = open.worker.batches[before]!;
    expect(members.map(({ seed }) => seed)).toEqual([5, 6]);
    const { keep } = settings.edit!.canvas;
    expect([...keep.subarray(0, 128), ...keep.subarray(128)]).toEqual([...new Array<number>(128).fill(0), ...new Array<number>(128).fill(1)]); // prettier-ignore
  });
  test('refusals', async () => {
    const said = async (parts: Record<string, string | Blob>) => (await edit(parts)).json<{ error: { message: string } }>().error.message; // prettier-ignore
    expect(await said({ prompt: 'Shirt' })).toMatch(/^image: it is missing/);
    expect(await said({ image: await picture(255) })).toMatch(/^mask: expected a PNG that is transparent/);
    expect(await said({ image: new Blob(['<svg xmlns="http://www.w3.org/2000/svg"/>']) })).toMatch(/^image: expected a PNG, JPEG or WebP/); // prettier-ignore
    expect(await said({ image: new Blob([onePixel.subarray(0, 40)]) })).toMatch(/^image: /);
    expect(await said({ image: await picture(0), n: 'many' })).toMatch(/^n: expected a number, found "many"/);
    expect(await said({ image: await picture(0), other: await picture(0) })).toMatch(/^request: expected one file `image`/); // prettier-ignore
  });
});

test('forms that are cut or too large, and addresses that cannot be read, are the sender’s fault', async () => {
  const head = 'Content-Disposition: form-data; name="image"; filename="a.png"';
  const part = `--x\r\n${head}\r\n\r\n${'a'.repeat(100)}\r\n`;
  const send = async (payload: string, type = 'multipart/form-data; boundary=x') =>
    open.app.inject({ method: 'POST', url: '/v1/images/edits', payload, headers: { 'content-type': type } });
  expect((await send(part)).json()).toMatchObject({ error: { message: expect.stringMatching(/^request: expected a whole form/) as string } }); // prettier-ignore
  expect((await send(part.slice(0, 40))).statusCode).toBe(400);
  expect((await send(part, 'multipart/form-data')).statusCode).toBe(400);
  expect((await send(`${part}${part}${part}--x--\r\n`)).statusCode).toBe(400);
  expect((await send(part.replace('aaaa', 'a'.repeat(11_000_000)) + '--x--\r\n')).statusCode).toBe(413);
  expect((await open.app.inject('/v1/models/%zz')).json()).toMatchObject({ error: { type: 'invalid_request_error' } });
});

describe('who may ask', () => {
  test('every route wants the token, but /healthz and the page', async () => {
    const routes = routesOf(closed);
    expect(routes.length).toBeGreaterThan(10);
    const answers = await Promise.all(
      routes.map(async ([method, url]) => {
        const { statusCode } = await closed.app.inject({ method: method as 'GET', url });
        return `${method} ${url} ${statusCode}`;
      }),
    );
    const others = answers.filter((line) => !line.endsWith(' 401')).map((line) => line.replace(/ \d+$/, ''));
    expect(others.sort()).toEqual(['GET /*', 'GET /healthz', 'HEAD /*', 'HEAD /healthz', 'OPTIONS *']); // the last tells browsers what the others allow
  });
  test('the token as a header, as a cookie, and a wrong one', async () => {
    const ask = async (headers: Record<string, string>) => (await closed.app.inject({ url: '/v1/models', headers })).statusCode; // prettier-ignore
    expect(await ask({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await ask({ cookie: `a=b; scalewise-token=${token}` })).toBe(200);
    expect(await ask({ authorization: `Bearer ${token}0` })).toBe(401);
    expect(await ask({ authorization: token })).toBe(401);
    expect(await ask({ cookie: 'scalewise-token=%' })).toBe(401);
  });
  test('a browser gets the token as a cookie that scripts do not see', async () => {
    const answer = await closed.app.inject({ method: 'POST', url: '/api/session', headers: { authorization: `Bearer ${token}` } }); // prettier-ignore
    expect(answer.headers['set-cookie']).toBe(`scalewise-token=${token}; Path=/; HttpOnly; SameSite=Strict`);
  });
  test('other names of the host, and pages of other sites, are refused', async () => {
    const ask = async (headers: Record<string, string>) => {
      const answer = await closed.app.inject({ url: '/v1/models', headers: { authorization: `Bearer ${token}`, ...headers } }); // prettier-ignore
      return `${answer.statusCode} ${String(answer.headers['access-control-allow-origin'])}`;
    };
    expect(await ask({ host: 'evil.example' })).toMatch(/^403/);
    expect(await ask({ host: 'studio.example:80' })).toMatch(/^200/);
    expect(await ask({ host: '127.0.0.1:7860', origin: 'http://127.0.0.1:7860' })).toMatch(/^200/);
    expect(await ask({ host: '127.0.0.1:7860', origin: 'http://127.0.0.1:9999' })).toMatch(/^403/);
    expect(await ask({ origin: 'https://evil.example' })).not.toMatch(/evil/);
    expect(await ask({ origin: 'null' })).toMatch(/^403/);
    expect(await ask({ origin: 'https://example.org' })).toBe('200 https://example.org');
  });
  test('headers that keep pages apart', async () => {
    const { headers } = await open.app.inject('/v1/models');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
  test('more requests than allowed are put off', async () => {
    const few = await fakeStudio({ rate: 2 });
    const codes: number[] = [];
    for (let i = 0; i < 3; i++) codes.push((await few.app.inject('/v1/models')).statusCode);
    const last = await few.app.inject('/v1/models');
    expect([...codes, (await few.app.inject('/healthz')).statusCode]).toEqual([200, 200, 429, 200]);
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    expect(last.json()).toMatchObject({ error: { type: 'rate_limit_exceeded' } });
    await few.app.close();
  });
  test('wrong tokens and routes that are none count as well', async () => {
    const few = await fakeStudio({ rate: 2, token });
    const ask = async (method: 'GET' | 'POST', url: string) => (await few.app.inject({ method, url, headers: { authorization: 'Bearer wrong' } })).statusCode; // prettier-ignore
    expect([await ask('GET', '/v1/models'), await ask('POST', '/v1/nothing'), await ask('GET', '/v1/models')]).toEqual([401, 401, 429]); // prettier-ignore
    await few.app.close();
  });
});

describe('the page', () => {
  test('is one document for all its addresses, and a sentence where it is not built', async () => {
    const one = await fakeStudio();
    expect((await one.app.inject('/')).body).toMatch(/npm run build/);
    writeFileSync(join(one.studio.options.page, 'index.html'), '<p>studio</p>');
    for (const url of ['/', '/edit', '/runs/some-run', '/understand?x=1'])
      expect((await one.app.inject(url)).body).toBe('<p>studio</p>');
    const small = await one.app.inject({ url: '/', headers: { 'accept-encoding': 'gzip, br' } });
    expect(small.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(small.rawPayload).toString()).toBe('<p>studio</p>');
    expect((await one.app.inject('/assets/none.js')).statusCode).toBe(404);
    expect((await one.app.inject('/api/none')).json()).toMatchObject({ error: { type: 'not_found' } });
    await one.app.close();
  });
  test('no path leads out of it', async () => {
    const answers = await Promise.all(
      ['..%2f..%2f..%2f..%2fetc%2fld.so.conf', '..%2f..%2fno.such'].map((name) => open.app.inject(`/assets/${name}`)),
    );
    expect(answers.map(({ statusCode, headers }) => [statusCode, headers['cache-control']])).toEqual([[404, undefined], [404, undefined]]); // prettier-ignore
    const secret = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8').slice(0, 40);
    const ups = [
      '../',
      '..%2f',
      '%2e%2e/',
      '%2e%2e%2f',
      '..\\',
      '..%5c',
      '....//',
      '%252e%252e%252f',
      '.%00./',
      '..;/',
    ];
    const targets = ['package.json', 'etc/passwd', 'etc%2fpasswd'];
    const roots = ['/', '/assets/', '/api/generations/', '/api/generations/x/frames/one/0/', '/v1/models/'];
    const below = (root: string, up: string) => targets.flatMap((to) => [1, 3, 8].map((n) => root + up.repeat(n) + to));
    const paths = roots.flatMap((root) => ups.flatMap((up) => below(root, up)));
    for (const url of [...paths, '//etc/passwd', '/%2fetc/passwd', '/file:///etc/passwd', '/.git/config', '/%00']) {
      const { statusCode, body } = await open.app.inject(url);
      expect([url, statusCode < 500 || statusCode === 503]).toEqual([url, true]);
      expect([url, body.includes('root:') || body.includes(secret)]).toEqual([url, false]);
    }
  });
});

test('the description of the API names every route of it, and what each answers', async () => {
  const described = (await open.app.inject('/openapi.json')).json<{ paths: Record<string, Record<string, { responses: object }>> }>(); // prettier-ignore
  const listed = Object.entries(described.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, 'x')}`)); // prettier-ignore
  const own = routesOf(open).filter(([method, url]) => method !== 'HEAD' && method !== 'OPTIONS' && !url.includes('*'));
  expect(listed.sort()).toEqual(own.map((route) => route.join(' ')).sort());
  for (const methods of Object.values(described.paths))
    for (const one of Object.values(methods)) expect(Object.keys(one.responses)).not.toEqual([]);
});

test('figures for Prometheus', async () => {
  await open.app.inject({ method: 'POST', url: '/v1/images/generations', payload: { prompt: '0' } });
  const { body } = await open.app.inject('/metrics');
  expect(body).toMatch(/# TYPE scalewise_images_drawn_total counter\nscalewise_images_drawn_total [1-9]/);
  expect(body).toMatch(
    /scalewise_requests_total\{method="POST",route="\/v1\/images\/generations",status="200"\} [1-9]/,
  );
  expect(body).toMatch(/scalewise_workers_ready 1/);
});

test('more images than the studio was opened for, by the name that each client uses', async () => {
  const one = await fakeStudio(({ images }) => ({ images: { ...images, images: 2 } }));
  const ask = async (url: string, payload: object) => (await one.app.inject({ method: 'POST', url, payload })).json<{ error: { message: string; param: string } }>().error; // prettier-ignore
  expect(await ask('/v1/images/generations', { prompt: '0', n: 3 })).toMatchObject({ param: 'n', message: expect.stringMatching(/^n: expected at most 2 images/) as string }); // prettier-ignore
  expect(await ask('/api/generations', { class: 0, count: 3 })).toMatchObject({ param: 'count' });
  await one.app.close();
});
