// The studio's server on a worker that computes nothing: jobs from their request to their end, and all ways in which they end.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { StudioApp } from '../../src/studio/server/app.js';
import { openStudio } from '../../src/studio/index.js';
import { eventsOf, fakeOptions, fakeStudio, FakeWorker, until } from './fakeWorker.js';

type Opened = StudioApp & { worker: FakeWorker };
const opened: Opened[] = [];

async function studio(...more: Parameters<typeof fakeStudio>): Promise<Opened> {
  const one = await fakeStudio(...more);
  opened.push(one);
  return one;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ app }) => app.close()));
});

const generate = ({ app }: Opened, payload: object, client = 'a') =>
  app.inject({ method: 'POST', url: '/api/generations', payload, headers: { 'x-scalewise-client': client } });

async function begun(one: Opened, payload: object = { class: 0 }, client?: string): Promise<string> {
  const answer = await generate(one, payload, client);
  expect(answer.statusCode).toBe(202);
  return answer.json<{ id: string }>().id;
}

async function eventsFrom({ app }: Opened, id: string, after?: number) {
  const headers = after === undefined ? {} : { 'last-event-id': String(after) };
  const { body, statusCode } = await app.inject({ url: `/api/generations/${id}/events`, headers });
  expect(statusCode).toBe(200);
  return eventsOf(body);
}

const namesOf = (events: ReturnType<typeof eventsOf>) => events.map(({ name }) => name).join(' ');
const look = async ({ app }: Opened, id: string) => (await app.inject(`/api/generations/${id}`)).json<{ state: string; error?: { type: string; message: string }; position: number }>(); // prettier-ignore

test('a generation is told scale by scale, and its pictures hold what made them', async () => {
  const one = await studio();
  const id = await begun(one, { models: ['one', 'two'], class: 'sneaker', count: 2, seed: 7, cfg: 3 });
  const events = await eventsFrom(one, id);
  const scales = events.filter(({ name }) => name === 'scale');
  expect(scales).toHaveLength(8);
  expect(scales.filter(({ data }) => data['model'] === 'two').map(({ data }) => [data['seed'], data['index']])).toEqual([[7, 0], [8, 0], [7, 1], [8, 1]]); // prettier-ignore
  expect(events.at(-1)!.name).toBe('done');
  const picture = await one.app.inject(scales.at(-1)!.data['frame'] as string);
  expect(picture.headers['content-type']).toBe('image/png');
  expect(picture.rawPayload.toString('latin1')).toMatch(
    /parameters\0\{"generator":"two".*"class":"Sneaker","label":1,"seed":8\}/,
  );
  const webp = await one.app.inject((scales.at(-1)!.data['frame'] as string).replace('png', 'webp'));
  expect(webp.rawPayload.toString('latin1')).toMatch(/^RIFF.{4}WEBP.*"class":"Sneaker"/s);
});

test('a listener who comes back hears the rest, and nothing twice', async () => {
  const one = await studio();
  const id = await begun(one, { class: 0, seed: 1 });
  const all = await eventsFrom(one, id);
  expect(all.map((event) => event.id)).toEqual(all.map((_, i) => i + 1));
  expect(await eventsFrom(one, id, 3)).toEqual(all.slice(3));
  expect(await eventsFrom(one, id, all.length)).toEqual([]);
  const odd = await one.app.inject({ url: `/api/generations/${id}/events`, headers: { 'last-event-id': 'x' } });
  expect(odd.statusCode).toBe(400);
});

test('images of several requests with equal settings share a batch', async () => {
  const one = await studio();
  one.worker.isHeld = true;
  const first = await begun(one, { class: 0, seed: 1 }, 'a');
  await until(() => one.worker.batches.length === 1);
  const ids = [await begun(one, { class: 1, seed: 2 }, 'b'), await begun(one, { class: 2, seed: 3 }, 'c'), await begun(one, { class: 2, cfg: 9 }, 'd')]; // prettier-ignore
  one.worker.isHeld = false;
  one.worker.step();
  one.worker.step();
  for (const id of [first, ...ids]) expect(namesOf(await eventsFrom(one, id))).toMatch(/done$/);
  expect(one.worker.batches.map(({ members }) => members.map(({ seed, label }) => [seed, label]).slice(0, 2))).toMatchObject([[[1, 0]], [[2, 1], [3, 2]], [[expect.anything(), 2]]]); // prettier-ignore
});

test('cancelling stops at the next scale, and the others of the batch go on', async () => {
  const one = await studio();
  one.worker.isHeld = true;
  const blocker = await begun(one, { class: 0, cfg: 1 }, 'z');
  await until(() => one.worker.batches.length === 1);
  const [a, b] = [await begun(one, { class: 1 }, 'a'), await begun(one, { class: 1 }, 'b')];
  one.worker.step();
  one.worker.step();
  await until(() => one.worker.batches.length === 2);
  one.worker.step();
  expect((await one.app.inject({ method: 'DELETE', url: `/api/generations/${a}` })).json()).toMatchObject({ state: 'cancelled' }); // prettier-ignore
  await until(() => one.worker.dropped.length === 1);
  one.worker.step();
  expect(namesOf(await eventsFrom(one, a))).toMatch(/^state.* scale cancelled$/);
  expect(namesOf(await eventsFrom(one, b))).toMatch(/scale scale done$/);
  expect((await look(one, blocker)).state).toBe('done');
});

test('cancelling a generation that is over changes nothing', async () => {
  const one = await studio();
  const id = await begun(one);
  await eventsFrom(one, id);
  const after = (await one.app.inject({ method: 'DELETE', url: `/api/generations/${id}` })).json<object>();
  expect(after).toMatchObject({ state: 'done' });
  expect(after).not.toHaveProperty('error');
});

test('a generation that waits is cancelled before it begins', async () => {
  const one = await studio();
  one.worker.isHeld = true;
  await begun(one, { class: 0, cfg: 1 });
  const id = await begun(one);
  expect((await look(one, id)).position).toBe(1);
  await one.app.inject({ method: 'DELETE', url: `/api/generations/${id}` });
  expect((await look(one, id)).state).toBe('cancelled');
  one.worker.step();
  one.worker.step();
  await until(() => one.studio.scheduler.queue.jobs === 0);
  expect(one.worker.batches).toHaveLength(1);
});

test('a full queue answers 429 with when to ask again', async () => {
  const one = await studio(({ jobs }) => ({ jobs: { ...jobs, queue: { jobs: 3, images: 100, perClient: 2 } } }));
  one.worker.isHeld = true;
  await begun(one, { class: 0 }, 'a');
  await begun(one, { class: 0 }, 'a');
  const third = await generate(one, { class: 0 }, 'a');
  expect([third.statusCode, third.json<{ error: { code: string } }>().error.code]).toEqual([429, 'client_limit']);
  expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  await begun(one, { class: 0 }, 'b');
  const full = await generate(one, { class: 0 }, 'c');
  expect([full.statusCode, full.json<{ error: { type: string } }>().error.type]).toEqual([429, 'queue_full']);
});

test('a worker that dies fails what it was doing, is started again, and what waits is done', async () => {
  const one = await studio(({ jobs }) => ({ jobs: { ...jobs, supervision: { stall: 60_000, firstPause: 1, longestPause: 4 } } })); // prettier-ignore
  one.worker.isHeld = true;
  const running = await begun(one, { class: 0, cfg: 1 });
  await until(() => one.worker.batches.length === 1);
  one.worker.step();
  const waiting = await begun(one, { class: 1 });
  one.worker.isHeld = false;
  one.worker.die('signal SIGKILL');
  const [failed] = (await eventsFrom(one, running)).slice(-1);
  expect(failed).toMatchObject({ name: 'failed', data: { error: { type: 'worker_crashed' } } });
  expect(namesOf(await eventsFrom(one, waiting))).toMatch(/done$/);
  expect([one.worker.starts, one.studio.scheduler.restarts]).toEqual([2, 1]);
  const images = one.app.inject({ method: 'POST', url: '/v1/images/generations', payload: { prompt: 'Shirt' } });
  expect((await images).statusCode).toBe(200);
});

test('workers that do not start are told of after a few attempts, and answer again once they start', async () => {
  const one = await studio(({ jobs }) => ({ jobs: { ...jobs, supervision: { stall: 60_000, firstPause: 1, longestPause: 4 } } })); // prettier-ignore
  one.worker.isHeld = true;
  await begun(one);
  await until(() => one.worker.batches.length === 1);
  const waiting = await begun(one, { class: 1, cfg: 1 });
  one.worker.broken = 'no libtorch';
  one.worker.isHeld = false;
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  one.worker.die('signal SIGSEGV');
  const [failed] = (await eventsFrom(one, waiting)).slice(-1);
  const text = said.mock.calls.join('');
  said.mockRestore();
  expect(text).toMatch(/ended 3 times before it was ready \(exit code 1\): no libtorch\n.*npm run setup/);
  const sentence = 'worker: the process that computes images does not start (exit code 1); the server’s output says why and how to mend it'; // prettier-ignore
  expect(failed).toMatchObject({ name: 'failed', data: { error: { message: sentence } } });
  const refused = await generate(one, { class: 0 });
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '30']);
  const health = await one.app.inject('/healthz');
  expect([health.statusCode, health.json()]).toEqual([503, { status: 'failing', problem: sentence }]);
  one.worker.broken = undefined;
  await until(() => one.studio.status === 'ok');
  expect(namesOf(await eventsFrom(one, await begun(one)))).toMatch(/done$/);
});

test('a request that was being answered when its worker died gets 500 and a sentence', async () => {
  const one = await studio();
  one.worker.isHeld = true;
  const answer = one.app.inject({ method: 'POST', url: '/v1/images/generations', payload: { prompt: 'Shirt' } }).then((it) => it); // prettier-ignore
  await until(() => one.worker.batches.length === 1);
  one.worker.die('signal SIGSEGV');
  expect((await answer).statusCode).toBe(500);
  expect((await answer).json()).toMatchObject({ error: { type: 'worker_crashed', message: expect.stringContaining('SIGSEGV') as string } }); // prettier-ignore
});

test('what is computed or waits for too long ends with 504', async () => {
  const one = await studio(({ jobs }) => ({ jobs: { ...jobs, jobTime: 20, waitTime: 30, supervision: { ...jobs.supervision, stall: 60_000 } } })); // prettier-ignore
  one.worker.isHeld = true;
  const ask = () =>
    one.app.inject({ method: 'POST', url: '/v1/images/generations', payload: { prompt: '0', seed: 1 } });
  const running = ask().then((it) => it);
  await until(() => one.worker.batches.length === 1);
  const waiting = ask().then((it) => it);
  expect([(await running).statusCode, (await waiting).statusCode]).toEqual([504, 504]);
  expect((await running).json<{ error: { message: string } }>().error.message).toMatch(/was computed for 0.02 seconds/);
  expect((await waiting).json<{ error: { message: string } }>().error.message).toMatch(/waited for 0.03 seconds/);
});

test('a worker that is silent for too long is ended and started again', async () => {
  const one = await studio(({ jobs }) => ({ jobs: { ...jobs, supervision: { stall: 20, firstPause: 1, longestPause: 4 } } })); // prettier-ignore
  one.worker.isHeld = true;
  const id = await begun(one);
  const message = expect.stringContaining('nothing was heard of the work for 0.02 seconds') as string;
  expect((await eventsFrom(one, id)).at(-1)).toMatchObject({ name: 'failed', data: { error: { type: 'timed_out', message } } }); // prettier-ignore
  await until(() => one.worker.starts >= 2); // more, where loading is slower than the limit
});

test('stopping lets what runs finish, and refuses what comes', async () => {
  const one = await studio({ drain: 10_000 });
  one.worker.isHeld = true;
  const id = await begun(one);
  await until(() => one.worker.batches.length === 1);
  const stopped = one.studio.stop();
  expect((await generate(one, { class: 0 })).statusCode).toBe(503);
  expect((await one.app.inject('/healthz')).json()).toEqual({ status: 'stopping' });
  one.worker.step();
  one.worker.step();
  await stopped;
  expect((await look(one, id)).state).toBe('done');
});

test('an image of more tokens than are explained is refused', async () => {
  const one = await studio(({ images }) => ({ images: { ...images, tokens: 4 } }));
  const answer = await one.app.inject({ method: 'POST', url: '/api/explanations', payload: { image: { data: 0 } } });
  expect([answer.statusCode, answer.json<{ error: { message: string } }>().error.message]).toEqual([400, 'model: an image of one has 5 tokens, and of more than 4 none is explained; choose a model of smaller images']); // prettier-ignore
});

test('while it stops it answers: what runs is fetched, and what comes is refused in a sentence', async () => {
  const worker = new FakeWorker();
  worker.isHeld = true;
  const running = await openStudio({ ...fakeOptions(worker), drain: 10_000 }, { host: '127.0.0.1', port: 0 }); // prettier-ignore
  await running.loaded;
  const url = `http://127.0.0.1:${running.port}`;
  const ask = () => fetch(`${url}/api/generations`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"class": 0}' }); // prettier-ignore
  const { id } = (await (await ask()).json()) as { id: string };
  await until(() => worker.batches.length === 1);
  const events = await fetch(`${url}/api/generations/${id}/events`);
  const stopped = running.stop();
  const refused = await ask();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('stopping') as string } });
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'stopping' });
  worker.step();
  worker.step();
  expect(namesOf(eventsOf(await events.text()))).toMatch(/done$/);
  await stopped;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

test('results are forgotten, the oldest first, when there is no room', async () => {
  const one = await studio(({ jobs }) => ({ jobs: { ...jobs, keep: { jobs: 2, bytes: 1e9, age: 1e9 } } }));
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    ids.push(await begun(one));
    await eventsFrom(one, ids[i]!);
  }
  const codes = await Promise.all(ids.map(async (id) => (await one.app.inject(`/api/generations/${id}`)).statusCode));
  expect(codes).toEqual([404, 200, 200]);
});

test('OpenAI’s streams: a partial image a scale, then the image', async () => {
  const one = await studio();
  const payload = { prompt: 'Sandal', n: 2, stream: true, x_scales: '1,2,3', partial_images: 1, x_seed: 3 };
  const { body } = await one.app.inject({ method: 'POST', url: '/v1/images/generations', payload });
  const events = eventsOf(body);
  expect(events.map(({ name, data }) => [name, data['x_image'], data['x_scale']])).toEqual([
    ['image_generation.partial_image', 0, 1],
    ['image_generation.partial_image', 1, 1],
    ['image_generation.completed', 0, undefined],
    ['image_generation.completed', 1, undefined],
  ]);
  expect(events[2]!.data).toMatchObject({ size: '24x24', usage: { output_tokens: 14 }, x_seed: 3 });
});

test('a model that cannot be loaded is refused with its sentence', async () => {
  const { studio: state } = await studio();
  await expect(state.models.add({ generator: 'missing.safetensors' })).rejects.toThrow('generator: there is no file missing.safetensors'); // prettier-ignore
});

test('a model whose files were replaced is refused with its sentence, and described anew where it is added again', async () => {
  const one = await studio();
  one.worker.isHeld = true;
  const answer = one.app.inject({ method: 'POST', url: '/v1/images/generations', payload: { prompt: 'Shirt' } }).then((it) => it); // prettier-ignore
  await until(() => one.worker.batches.length === 1);
  one.worker.say({ type: 'finished', batch: one.worker.batches[0]!.batch, why: { message: 'model: other files', usage: true, changed: true } }); // prettier-ignore
  expect((await answer).statusCode).toBe(409);
  expect((await answer).json()).toMatchObject({ error: { message: 'model: other files', code: 'model_changed' } });

  const file = join(mkdtempSync(join(tmpdir(), 'scalewise-studio-')), 'three.safetensors');
  writeFileSync(file, 'weights');
  const { models } = one.studio;
  const ids = [(await models.add({ generator: file })).id, (await models.add({ generator: file })).id];
  writeFileSync(file, 'other weights');
  expect([...ids, (await models.add({ generator: file })).id]).toEqual(['three', 'three', 'three-2']);
});
