// Trainings as the studio's server shows them: lists, settings, records as they grow, samples; and nothing outside the opened folder.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ErrorAnswer, ModelList, RecordsEvent, Run, RunDetails, RunList, RunSample } from '../../src/studio/api/index.js'; // prettier-ignore
import { idOfRun, RunShelf } from '../../src/studio/runShelf.js';
import { RunWatch } from '../../src/studio/runWatch.js';
import { RunTail } from '../../src/studio/runTail.js';
import type { StudioApp } from '../../src/studio/server/app.js';
import { falling, makeRun } from '../runFolders.js';
import { eventsOf, fakeStudio, onePixel, type SentEvent, until } from './fakeWorker.js';

const place = mkdtempSync(join(tmpdir(), 'scalewise-studio-runs-'));
const root = join(place, 'runs');
let studio: StudioApp;
let first: Run;
let second: Run;

const get = (url: string) => studio.app.inject(url);

beforeAll(async () => {
  const path = makeRun(join(root, 'sweep', 'first'), { records: falling([8, 16, 64], 5), checkpoints: [32, 64], kept: [32] }); // prettier-ignore
  makeRun(join(root, 'second'), {
    config: {
      seed: 2,
      kind: 'refine',
      data: join(place, 'secret.png'),
      pair: [join(root, 'sweep', 'first'), 'runs/x'],
    },
    records: falling([8], 3),
    checkpoints: [8],
  });
  writeFileSync(join(root, 'second', 'checkpoints', 'step-00000001', 'manifest.json'), '');
  mkdirSync(join(root, 'broken', 'checkpoints'), { recursive: true });
  for (const name of ['samples-00000008.png', 'samples-00000002.png', 'notes.txt']) writeFileSync(join(path, 'samples', name), onePixel); // prettier-ignore
  writeFileSync(join(place, 'secret.png'), 'secret');
  symlinkSync(join(place, 'secret.png'), join(path, 'samples', 'link.png'));
  symlinkSync(place, join(root, 'sweep', 'up'));
  makeRun(join(place, 'outside'), { records: falling([8], 1) });
  studio = await fakeStudio({ root });
  const { runs } = (await get('/api/runs')).json<RunList>();
  first = runs.find(({ name }) => name === 'sweep/first')!;
  second = runs.find(({ name }) => name === 'second')!;
});
afterAll(() => studio.app.close());

test('one that is odd leaves the others, and links do not lead out of the folder', async () => {
  const odd = join(place, 'odd');
  const run = (name: string) => makeRun(join(odd, name), { records: falling([8], 3), checkpoints: [8] });
  run('good');
  const config = readFileSync(join(run('endless'), 'config.json'), 'utf8');
  writeFileSync(join(odd, 'endless', 'config.json'), config.replace(/"images": ?\d+/, '"images": 1e999'));
  const nested = `${'['.repeat(5000)}1${']'.repeat(5000)}`;
  writeFileSync(join(run('deep'), 'config.json'), config.replace(/"data": ?"[^"]*"/, `"data": ${nested}`));
  for (const [name, part] of [['records', 'metrics.jsonl'], ['settings', 'config.json'], ['saved', 'checkpoints']] as const) {
    rmSync(join(run(name), part), { recursive: true });
    symlinkSync(join(place, part === 'checkpoints' ? 'outside/checkpoints' : 'secret.png'), join(odd, name, part));
  }
  renameSync(join(run('moved'), 'checkpoints'), join(odd, 'elsewhere'));
  symlinkSync(join(odd, 'elsewhere'), join(odd, 'moved', 'checkpoints')); // within the folder it may lead where it wants
  const one = await fakeStudio({ root: odd });
  const { runs, problems } = (await one.app.inject('/api/runs')).json<RunList>();
  expect(runs.map(({ name }) => name).sort()).toEqual(['deep', 'good', 'moved']);
  const link = (path: string) => expect.stringMatching(`^${path}: a link that leads out of the opened folder`) as string;
  expect([...problems].sort()).toEqual([expect.stringMatching(/^endless\/config\.json: expected the settings/), link('records/metrics.jsonl'), link('saved/checkpoints'), link('settings/config.json')]);
  const details = await one.app.inject(`/api/runs/${idOfRun(odd, join(odd, 'records'))}`);
  expect([details.statusCode, details.body.includes('secret')]).toEqual([409, false]);
  const good = idOfRun(odd, join(odd, 'good'));
  expect((await one.app.inject(`/api/runs/${good}`)).statusCode).toBe(200);
  renameSync(join(odd, 'good'), join(place, 'gone'));
  symlinkSync(join(place, 'gone'), join(odd, 'good'));
  expect((await one.app.inject(`/api/runs/${good}`)).statusCode).toBe(404);
  await one.app.close();
}); // prettier-ignore

describe('reading', () => {
  test('the list has what lies below the folder, and a sentence on what cannot be read', async () => {
    const { runs, problems } = (await get('/api/runs')).json<RunList>();
    expect(runs.map(({ name }) => name).sort()).toEqual(['second', 'sweep/first']);
    expect(first).toMatchObject({ kind: 'train', family: 'flexvar', state: 'done', data: 'fashion-mnist', imagesSeen: 64, images: 64, loss: 3 }); // prettier-ignore
    expect(second).toMatchObject({ kind: 'refine', state: 'damaged', loss: 3 });
    expect(problems).toEqual(['broken: a run without config.json']);
    expect(first.id).toMatch(/^[0-9a-f]{16}$/);
  });

  test('a studio that was opened on no folder has none', async () => {
    const { app } = await fakeStudio();
    expect((await app.inject('/api/runs')).json()).toEqual({ runs: [], problems: [] });
    await app.close();
  });

  test('a run has its settings and checkpoints; places on this machine are not told', async () => {
    const run = (await get(`/api/runs/${first.id}`)).json<RunDetails>();
    expect(run.config).toMatchObject({ seed: 1, images: 64 });
    expect(run.checkpoints.map(({ id, imagesSeen, kept, problem }) => [id, imagesSeen, kept, problem])).toEqual([
      ['step-00000008', 64, false, null],
      ['step-00000004', 32, true, null],
    ]);
    const damaged = await get(`/api/runs/${second.id}`);
    expect(damaged.json<RunDetails>().checkpoints[0]!.problem).toBe(
      'second/checkpoints/step-00000001: damaged: its manifest.json cannot be read',
    );
    expect(damaged.json()).toMatchObject({ data: 'secret.png', config: { data: 'secret.png', pair: ['sweep/first', 'runs/x'] } }); // prettier-ignore
    expect(damaged.body).not.toContain(place);
  });

  test('records, all or those after a number of images', async () => {
    expect((await get(`/api/runs/${first.id}/metrics`)).json()).toEqual(falling([8, 16, 64], 5));
    expect((await get(`/api/runs/${first.id}/metrics?after=16`)).json()).toEqual(falling([8, 16, 64], 5).slice(2));
    expect((await get(`/api/runs/${first.id}/metrics?after=x`)).statusCode).toBe(400);
  });

  test('settings that differ', async () => {
    const answer = await get(`/api/runs/${first.id}/difference/${second.id}`);
    expect(answer.json()).toEqual([
      { setting: 'kind', values: ['train', 'refine'] },
      { setting: 'data', values: ['fashion-mnist', 'secret.png'] },
      { setting: 'seed', values: [1, 2] },
      { setting: 'pair', values: [null, ['sweep/first', 'runs/x']] },
    ]);
  });

  test('samples in the order of their steps', async () => {
    const names = (await get(`/api/runs/${first.id}/samples`)).json<RunSample[]>();
    expect(names).toEqual([{ name: 'samples-00000002.png', step: 2 }, { name: 'samples-00000008.png', step: 8 }]); // prettier-ignore
    const picture = await get(`/api/runs/${first.id}/samples/samples-00000002.png`);
    expect(picture.headers['content-type']).toBe('image/png');
    expect(picture.rawPayload).toEqual(onePixel);
    expect((await get(`/api/runs/${second.id}/samples`)).json()).toEqual([]);
  });
});

describe('nothing outside the folder', () => {
  const odd = ['../outside', '..%2Foutside', '%2e%2e%2Foutside', '....//outside', '%2Fetc%2Fpasswd', 'sweep%2Ffirst', 'second', 'outside', '..%5Coutside', '%00']; // prettier-ignore
  test.each(odd)('a run %s', async (id) => {
    for (const rest of ['', '/metrics', '/samples', '/events', `/difference/${first.id}`]) {
      const answer = await get(`/api/runs/${id}${rest}`);
      expect([400, 404]).toContain(answer.statusCode);
    }
    expect([400, 404]).toContain((await get(`/api/runs/${first.id}/difference/${id}`)).statusCode);
  });

  const names = ['link.png', 'notes.txt', '..%2Fconfig.json', '..%2F..%2F..%2F..%2Fsecret.png', '%2e%2e%2fmetrics.jsonl', '..%5C..%5Csecret.png', 'samples-00000002.png%00']; // prettier-ignore
  test.each(names)('a sample %s', async (name) => {
    const answer = await get(`/api/runs/${first.id}/samples/${name}`);
    expect([400, 404]).toContain(answer.statusCode);
    expect(answer.body).not.toBe('secret');
  });
});

/** Reads a stream until it has sent so many events, while something happens after the first ones. */
async function watch(url: string, wanted: number, headers: Record<string, string>, then: () => void): Promise<SentEvent[]> {
  const given = new AbortController();
  const answer = await fetch(url, { headers, signal: given.signal });
  const decoder = new TextDecoder();
  let [text, isThen] = ['', false];
  for await (const part of answer.body!) {
    text += decoder.decode(part as Uint8Array, { stream: true });
    const events = eventsOf(text.slice(0, text.lastIndexOf('\n\n') + 2));
    if (events.length >= wanted) break;
    if (isThen || !events.some(({ name }) => name === 'samples')) continue;
    isThen = true;
    then();
  }
  given.abort();
  return eventsOf(text);
} // prettier-ignore

describe('events', () => {
  test('end with the server, and nobody looks when their reader has left', async () => {
    const fresh = await fakeStudio({ root });
    const url = await fresh.app.listen({ host: '127.0.0.1', port: 0 });
    const look = vi.spyOn(RunWatch.prototype, 'look');
    const leaving = new AbortController();
    const stream = await fetch(`${url}/api/runs/${first.id}/events`, { signal: leaving.signal });
    expect(fresh.studio.closers.size).toBe(1);
    leaving.abort();
    await until(() => fresh.studio.closers.size === 0);
    const looks = look.mock.calls.length;
    await new Promise((done) => setTimeout(done, 1200));
    expect([stream.status, look.mock.calls.length]).toEqual([200, looks]);
    look.mockRestore();
    const another = await fetch(`${url}/api/runs/${first.id}/events`);
    await fresh.app.close();
    expect(await another.text()).toContain('event: state');
  });

  test('records, state and samples as they come; who was cut off hears the rest', async () => {
    const path = makeRun(join(root, 'growing'), { config: { images: 80 }, records: falling([8, 16], 9) });
    const metrics = join(path, 'metrics.jsonl');
    const fresh = await fakeStudio({ root });
    const url = await fresh.app.listen({ host: '127.0.0.1', port: 0 });
    const { runs } = (await fresh.app.inject('/api/runs')).json<RunList>();
    const events = `${url}/api/runs/${runs.find(({ name }) => name === 'growing')!.id}/events`;
    const heard = await watch(events, 4, {}, () => {
      appendFileSync(metrics, '{"step":3,"imagesSeen":24,"loss":7}\n{"step":4,"imag');
    });
    const records = heard.filter(({ name }) => name === 'records');
    expect(records.map(({ id, data }) => [id, data])).toEqual([
      [2, { after: null, records: falling([8, 16], 9) }],
      [3, { after: 16, records: [{ step: 3, imagesSeen: 24, loss: 7 }] }],
    ]);
    expect(heard.map(({ name }) => name).slice(0, 3)).toEqual(['records', 'state', 'samples']);
    const later = await watch(events, 1, { 'last-event-id': records[0]!.mark }, () => undefined);
    expect(later[0]).toMatchObject({ id: 3, name: 'records', data: { after: 16, records: [{ imagesSeen: 24 }] } });

    // cut back to a checkpoint and gone on with, to as many lines as before: the mark is of other records
    writeFileSync(metrics, [8, 10, 12].map((imagesSeen) => `{"imagesSeen":${imagesSeen}}\n`).join(''));
    const anew = await watch(events, 1, { 'last-event-id': records[1]!.mark }, () => undefined);
    expect(anew[0]!.data).toEqual({ after: null, records: [8, 10, 12].map((imagesSeen) => ({ imagesSeen })) });
    for (const mark of ['', '3', '-', 'x'.repeat(40), `999999999-0`]) {
      const [first] = await watch(events, 1, { 'last-event-id': mark }, () => undefined);
      expect(first).toMatchObject({ id: 3, data: { after: null } });
    }
    await fresh.app.close();
  });

  test('a long training comes in pieces, as fast as they are taken', async () => {
    const path = makeRun(join(place, 'long', 'run'), {});
    const records = Array.from({ length: 20_000 }, (_, i) => ({ imagesSeen: 8 * i, loss: 1 / (i + 1), text: 'x'.repeat(300) })); // prettier-ignore
    writeFileSync(join(path, 'metrics.jsonl'), records.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const fresh = await fakeStudio({ root: join(place, 'long') });
    const url = await fresh.app.listen({ host: '127.0.0.1', port: 0 });
    const { runs } = (await fresh.app.inject('/api/runs')).json<RunList>();
    const answer = await fetch(`${url}/api/runs/${runs[0]!.id}/events`);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.slice(-1000).includes('event: samples')) text += (await reader.read()).value!;
    await reader.cancel();
    const told = eventsOf(text).filter(({ name }) => name === 'records').map(({ data }) => data as unknown as RecordsEvent); // prettier-ignore
    expect(told.length).toBeGreaterThan(20);
    expect(told.flatMap((one) => one.records)).toEqual(records);
    expect(told.map(({ after }) => after)).toEqual([null, ...told.slice(0, -1).map((one) => one.records.at(-1)!.imagesSeen)]); // prettier-ignore
    await fresh.app.close();
  });

  test('records that were cut back to a checkpoint are told anew', () => {
    const path = join(place, 'metrics.jsonl');
    const tail = new RunTail(path);
    expect(tail.next()).toBeUndefined();
    writeFileSync(path, '{"imagesSeen":8}\n{"imagesSeen":16}\nno json\n');
    expect(tail.next()).toEqual({ after: null, records: [{ imagesSeen: 8 }, { imagesSeen: 16 }] });
    expect([tail.problems, tail.next()]).toEqual([
      [`${path}: line 3: expected a JSON record, got "no json"`],
      undefined,
    ]);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 17));
    expect(tail.next()).toEqual({ after: null, records: [{ imagesSeen: 8 }] });
    expect(tail.problems).toEqual([]);
    const again = new RunTail(path);
    again.resume(tail.mark);
    expect(again.next()).toBeUndefined();
    appendFileSync(path, '{"imagesSeen":24}\n');
    expect(again.next()).toEqual({ after: 8, records: [{ imagesSeen: 24 }] });
  });
});

describe('models of checkpoints', () => {
  const post = (studio: StudioApp, run: string, checkpoint: string, headers = {}) =>
    studio.app.inject({ method: 'POST', url: `/api/runs/${run}/checkpoints/${checkpoint}/model`, headers });

  test('a checkpoint becomes a model once, however often that is asked', async () => {
    const answers = await Promise.all([1, 2].map(() => post(studio, first.id, 'step-00000008')));
    expect(answers.map((one) => one.json<unknown>())).toEqual([1, 2].map(() => ({ id: 'first-step-00000008' })));
    expect((await post(studio, first.id, 'step-00000008')).json()).toEqual({ id: 'first-step-00000008' });
    const { data } = (await get('/v1/models')).json<ModelList>();
    expect(data.map(({ id }) => id)).toEqual(['one', 'two', 'first-step-00000008']);
  });

  test('what cannot be drawn with is said', async () => {
    makeRun(join(root, 'codes'), { config: { kind: 'tokenizer' }, checkpoints: [8] });
    makeRun(join(root, 'missing'), { checkpoints: [8] });
    const fresh = await fakeStudio({ root });
    const { runs } = (await fresh.app.inject('/api/runs')).json<RunList>();
    const said = async (name: string, checkpoint: string) => {
      const answer = await post(fresh, runs.find((one) => one.name === name)?.id ?? 'none', checkpoint);
      const { error } = answer.json<ErrorAnswer>();
      return `${answer.statusCode} ${error.message}`;
    };
    expect(await said('codes', 'step-00000001')).toMatch(/^409 codes: it trains a tokenizer, .*; choose a run of one$/);
    expect(await said('second', 'step-00000001')).toMatch(/^409 second\/checkpoints\/step-00000001: damaged/);
    expect(await said('sweep/first', 'step-00000003')).toBe('404 there is no checkpoint "step-00000003"');
    expect(await said('none', 'step-00000008')).toBe('404 there is no run "none"');
    expect(await said('missing', 'step-00000001')).toBe(
      '409 generator: there is no file missing/checkpoints/step-00000001',
    );
    await fresh.app.close();
  });

  test('with a token set, only who has it may', async () => {
    const guarded = await fakeStudio({ root, token: 'a'.repeat(16) });
    expect((await post(guarded, first.id, 'step-00000008')).statusCode).toBe(401);
    expect(guarded.studio.models.all()).toHaveLength(2);
    const headers = { authorization: `Bearer ${'a'.repeat(16)}` };
    expect((await post(guarded, first.id, 'step-00000008', headers)).statusCode).toBe(200);
    await guarded.app.close();
  });
});

test('what is kept of a run is read again when its files change', async () => {
  const path = makeRun(join(place, 'kept', 'run'), { records: falling([8], 3), checkpoints: [8, 16, 24] });
  const shelf = new RunShelf(join(place, 'kept'));
  const read = async () => shelf.find((await shelf.all()).runs[0]!.id);
  const before = await read();
  const now = vi.spyOn(Date, 'now');
  now.mockReturnValue(Date.now() + 10_000);
  expect((await read()).glance).toBe(before.glance);
  appendFileSync(join(path, 'metrics.jsonl'), '{"imagesSeen":16,"loss":2}\n');
  expect((await read()).glance).toBe(before.glance);
  now.mockReturnValue(Date.now() + 10_000);
  expect((await read()).glance).toMatchObject({ imagesSeen: 16 });
  rmSync(join(path, 'checkpoints', 'step-00000002'), { recursive: true });
  now.mockReturnValue(Date.now() + 10_000);
  expect(shelf.details(await read()).checkpoints.map(({ id }) => id)).toEqual(['step-00000003', 'step-00000001']);
  now.mockRestore();
});
