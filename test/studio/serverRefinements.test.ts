// The refinements of the studio's API, on a program that trains nothing: what is refused and at which field, which command is run, how it is
// watched, stopped and gone on with, and that none outlives the studio.
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Refinement, RefinementList, RefinementOptions, RunList } from '../../src/studio/api/index.js';
import type { StudioApp } from '../../src/studio/server/app.js';
import type { StudioOptions } from '../../src/studio/server/options.js';
import { idOfRun } from '../../src/studio/runShelf.js';
import { checkRefinement, type RefinementAsk, refinementChoices } from '../../src/studio/worker/refine.js';
import { falling, makeRun } from '../runFolders.js';
import { fakeOptions, fakeStudio, FakeWorker } from './fakeWorker.js';

const place = mkdtempSync(join(tmpdir(), 'scalewise-studio-refinements-'));
const root = join(place, 'runs');
const images = join(place, 'pictures');
const outside = join(place, 'outside');
type Opened = StudioApp & { worker: FakeWorker };
const opened: Opened[] = [];

/** Says what it was called with; goes on until it is told to stop where its folder's name says so, and fails where that does. */
const program = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
const args = process.argv.slice(2);
const out = args.at(-1);
mkdirSync(out, { recursive: true });
appendFileSync(out + '/calls', JSON.stringify({ args, cwd: process.cwd(), token: process.env.SCALEWISE_STUDIO_TOKEN ?? null }) + '\\n');
process.on('SIGTERM', () => {
  if (out.includes('cannot-save')) process.exit(1);
  console.error('saved');
  process.exit(143);
});
console.error('ready in ' + out);
if (out.includes('waits')) setInterval(() => undefined, 1000);
else if (out.includes('fails')) { console.error('error: it cannot be done'); process.exitCode = 2; }
`;

async function studio(more: Partial<StudioOptions> = {}): Promise<Opened> {
  const refinements = { program: [process.execPath, join(place, 'program.mjs')], device: 'cpu', threads: 3, data: [images], most: 1 }; // prettier-ignore
  const one = await fakeStudio({ root, refinements, ...more });
  one.worker.tasks = { refinementChoices, checkRefinement: (ask) => { checkRefinement(ask as RefinementAsk); } }; // prettier-ignore
  opened.push(one);
  return one;
}

const usual = { model: 'one', data: 'the pictures', preset: 'fashion-mnist', name: 'quick' };
let data = '';
const asked = (more: object = {}) => ({ ...usual, data, ...more });
const post = ({ app }: Opened, payload: object) => app.inject({ method: 'POST', url: '/api/refinements', payload });
const stop = ({ app }: Opened, run: string) => app.inject({ method: 'DELETE', url: `/api/refinements/${run}` });

async function started(one: Opened, more: object = {}): Promise<string> {
  const answer = await post(one, asked(more));
  expect([answer.statusCode, answer.body]).toEqual([202, expect.stringMatching(/^\{"run":"[0-9a-f]{16}"\}$/)]);
  return answer.json<{ run: string }>().run;
}

async function look({ app }: Opened, run: string): Promise<Refinement> {
  const { refinements } = (await app.inject('/api/refinements')).json<RefinementList>();
  return refinements.find((one) => one.run === run)!;
}

/** Looks again and again until something is so. */
async function until(one: Opened, run: string, isSo: (found: Refinement) => boolean): Promise<Refinement> {
  for (
    const end = performance.now() + 60_000;
    performance.now() < end;
    await new Promise((done) => setTimeout(done, 20))
  ) {
    // prettier-ignore
    const found = await look(one, run);
    if (isSo(found)) return found;
  }
  throw new Error(`it never came to be: ${String(isSo)}`);
}

const isReady = ({ log }: Refinement) => log.some((line) => line.startsWith('ready'));
const isOver = ({ ended }: Refinement) => ended !== null;

interface Call {
  args: string[];
  cwd: string;
  token: string | null;
}

/** The calls that a refinement came to. */
function callsOf({ log }: Refinement): Call[] {
  const out = join(root, log.find((line) => line.startsWith('ready in '))!.slice('ready in '.length));
  return readFileSync(join(out, 'calls'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Call); // prettier-ignore
}

beforeAll(async () => {
  for (const folder of [root, images, outside]) mkdirSync(folder);
  writeFileSync(join(place, 'program.mjs'), program);
  makeRun(join(root, 'before'), { records: falling([8, 16], 5), checkpoints: [8, 16] });
  makeRun(join(root, 'tokens'), { config: { kind: 'tokenizer' }, records: falling([8], 5) });
  symlinkSync(
    outside,
    join(makeRun(join(root, 'linked'), { records: falling([8], 5), checkpoints: [8] }), 'checkpoints', 'step-99'),
  );
  const one = await studio();
  const { data: choices } = (await one.app.inject('/api/refinements/options')).json<RefinementOptions>();
  data = choices.find(({ name }) => name === 'pictures')!.id;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ app }) => app.close()));
});
afterAll(() => {
  expect(existsSync(join(outside, 'calls'))).toBe(false);
});

describe('options', () => {
  test('are those of the command line, without what names files', async () => {
    const one = await studio();
    const answer = (await one.app.inject('/api/refinements/options')).json<RefinementOptions>();
    expect(answer.presets.map(({ name }) => name)).toContain('sar-d16');
    const preset = answer.presets.find(({ name }) => name === 'fashion-mnist')!;
    expect(preset.values).toMatchObject({ imageSize: 32, 'forcing.gamma': 0.01, 'forcing.forcing': 'sar', 'optimizer.learningRate': 2e-4, ema: [] }); // prettier-ignore
    const field = (path: string) => answer.fields.find((each) => each.path === path);
    expect(field('forcing.studentContext')).toEqual({ path: 'forcing.studentContext', kind: 'choice', nullable: false, options: ['causal', 'own-scale', 'last-scale'] }); // prettier-ignore
    expect(field('forcing.tokens.guidance')).toEqual({ path: 'forcing.tokens.guidance', kind: 'number', nullable: true, least: 0 }); // prettier-ignore
    expect(field('optimizer.learningRate')).toMatchObject({ kind: 'number', above: 0 });
    expect(field('labelDrop')).toMatchObject({ least: 0, most: 1 });
    for (const path of ['data', 'generator', 'tokenizer', 'tokens', 'metricsFolder', 'device', 'optimizer', 'forcing'])
      expect([path, field(path)]).toEqual([path, undefined]);
    expect(answer.data.map(({ id, name }) => [id, name])).toEqual([['fashion-mnist', 'fashion-mnist'], ['cifar10', 'cifar10'], [data, 'pictures']]); // prettier-ignore
    expect([answer.most, answer.closed]).toEqual([1, null]);
  });

  test('say why none can be started, and then none is', async () => {
    const run = join(root, 'before');
    const settings = (most: number) => ({ program: ['false'], device: 'cpu', threads: 1, data: [images], most });
    for (const [more, sentence] of [
      [{ root: undefined }, /opened on no folder/],
      [{ root: run }, /opened on one run/],
      [{ refinements: settings(0) }, /switched off/],
    ] as const) {
      const one = await studio(more);
      const { closed } = (await one.app.inject('/api/refinements/options')).json<RefinementOptions>();
      expect(closed).toMatch(sentence);
      const answer = await post(one, asked());
      expect([answer.statusCode, answer.json<{ error: { message: string } }>().error.message]).toEqual([409, expect.stringMatching(sentence)]); // prettier-ignore
    }
    const reached = await studio({ host: '0.0.0.0' });
    expect((await post(reached, asked())).statusCode).toBe(403);
    const closed = await studio({ host: '0.0.0.0', token: '0123456789abcdef' });
    expect((await post(closed, asked())).statusCode).toBe(401);
  });
});

describe('refused, at the field that it is about', () => {
  const cases: [object, number, string | null, RegExp][] = [
    [{ data: '/etc' }, 400, 'data', /^data: expected one of fashion-mnist, cifar10, folder-\w+, found "\/etc"; other folders/],
    [{ data: '../outside' }, 400, 'data', /^data: expected one of/],
    [{ preset: 'fashion-mnst' }, 400, 'preset', /^preset: 'fashion-mnst' is none of .*did you mean 'fashion-mnist'/],
    [{ model: 'three' }, 404, 'model', /^model: there is no model 'three'/],
    [{ model: undefined }, 400, 'model', /^model: expected a model to refine, or else a run/],
    [{ run: 'x' }, 400, 'model', /or else a run/],
    [{ model: undefined, run: 'nothing' }, 404, null, /^there is no run "nothing"/],
    [{ name: '' }, 400, 'name', /^name: /],
    [{ set: { images: 0 } }, 400, 'set.images', /^set\.images: expected more than 0, found 0/],
    [{ set: { 'forcing.gama': 1 } }, 400, 'set.forcing.gama', /^set: unknown setting 'forcing\.gama'; did you mean 'forcing\.gamma'/],
    [{ set: { 'optimizer.shape': 'round' } }, 400, 'set.optimizer.shape', /expected one of/],
    [{ set: { scales: '[1,' } }, 400, 'set.scales', /^set\.scales: expected a value as YAML, such as .*; Flow sequence must end with a \]$/],
    [{ set: { tokens: outside } }, 400, 'set.tokens', /^set\.tokens: the studio settles it/],
    [{ set: { metricsFolder: outside } }, 400, 'set.metricsFolder', /the studio settles it/],
    [{ set: { generator: outside } }, 400, 'set.generator', /the studio settles it/],
    [{ set: { data: '/etc' } }, 400, 'set.data', /the studio settles it/],
    [{ set: { optimizer: '{learningRate: 1}' } }, 400, 'set.optimizer', /one by one/],
    [{ set: { '--out': outside } }, 400, 'set.--out', /expected the path of a setting/],
    [{ set: { '__proto__.x': 1 } }, 400, 'set.__proto__.x', /expected the path of a setting/],
    [{ set: { 'images=1 --out': outside } }, 400, 'set.images=1 --out', /expected the path of a setting/],
    [{ out: outside }, 400, 'out', /^unknown field 'out'/],
  ]; // prettier-ignore
  test.each(cases)('%j', async (more, status, param, sentence) => {
    const one = await studio();
    const answer = await post(one, asked(more));
    const { error } = answer.json<{ error: { message: string; param: string | null } }>();
    expect([answer.statusCode, error.param, error.message]).toEqual([status, param, expect.stringMatching(sentence)]);
    expect((await one.app.inject('/api/refinements')).json()).toEqual({ refinements: [] });
  });

  test('images that are not there any more', async () => {
    const gone = join(place, 'gone');
    const { refinements } = fakeOptions(new FakeWorker());
    const one = await studio({ refinements: { ...refinements, data: [gone] } });
    const { data: choices } = (await one.app.inject('/api/refinements/options')).json<RefinementOptions>();
    const { id, ready } = choices.find(({ name }) => name === 'gone')!;
    const answer = await post(one, asked({ data: id }));
    expect([ready, answer.statusCode, answer.json<{ error: { message: string } }>().error.message]).toEqual([false, 400, 'data: gone is not on this machine; put the folder back, and ask again']); // prettier-ignore
  });

  test('a run that trained a tokenizer, and checkpoints that are none', async () => {
    const one = await studio();
    const { runs } = (await one.app.inject('/api/runs')).json<RunList>();
    const run = (name: string) => runs.find((each) => each.name === name)!.id;
    const refusal = async (more: object) => {
      const answer = await post(one, asked({ model: undefined, ...more }));
      return `${answer.statusCode} ${answer.json<{ error: { message: string } }>().error.message}`;
    };
    expect(await refusal({ run: run('tokens') })).toMatch(/^400 run: tokens trained a tokenizer/);
    for (const checkpoint of ['step-99', 'step-12345', 'x', 'metrics'])
      expect(await refusal({ run: run('before'), checkpoint })).toBe(`404 there is no checkpoint "${checkpoint}"`);
    const linked = { run: idOfRun(root, join(root, 'linked')) };
    expect(await refusal(linked)).toMatch(/^409 linked\/checkpoints\/step-99: a link that leads out/);
    expect(await refusal({ run: run('before'), checkpoint: '../..' })).toMatch(/^400 checkpoint: /);
  });
});

describe('started', () => {
  test('the command is the command line’s, in the opened folder', async () => {
    process.env['SCALEWISE_STUDIO_TOKEN'] = 'secret';
    const one = await studio();
    const run = await started(one, { name: '../../Ünder the hill; rm -rf $HOME', set: { seed: 4, ema: [0.05], 'forcing.gamma': '1e-1', flip: true } }); // prettier-ignore
    delete process.env['SCALEWISE_STUDIO_TOKEN'];
    const found = await until(one, run, isOver);
    expect(found).toMatchObject({ state: 'done', exitCode: 0, from: 'one', progress: null });
    const [call] = callsOf(found);
    expect(call).toMatchObject({ cwd: root, token: null });
    const out = call!.args.at(-1)!;
    expect(out).toMatch(new RegExp(`^${root}/u-nder-the-hill-rm-rf-home-[0-9a-f]{6}$`));
    expect(call!.args).toEqual([
      ...['refine', '--preset', 'fashion-mnist', '--generator', 'one', '--tokenizer', 'tokenizer', '--data', images],
      ...['seed=4', 'ema=[0.05]', 'forcing.gamma=1e-1', 'flip=true'].flatMap((one) => ['--set', one]),
      ...['--device', 'cpu', '--threads', '3', '--out', out],
    ]);
  });

  test('from a run, and from a checkpoint of it', async () => {
    const one = await studio();
    const { runs } = (await one.app.inject('/api/runs')).json<RunList>();
    const run = runs.find(({ name }) => name === 'before')!.id;
    for (const [more, from, path] of [
      [{}, 'before', join(root, 'before')],
      [{ checkpoint: 'step-00000001' }, 'before, step-00000001', join(root, 'before', 'checkpoints', 'step-00000001')],
    ] as const) {
      const found = await until(one, await started(one, { model: undefined, run, ...more }), isOver);
      expect([found.state, found.from]).toEqual(['done', from]);
      expect(callsOf(found)[0]!.args[4]).toBe(path);
    }
  });

  test('one that fails says why', async () => {
    const one = await studio();
    const found = await until(one, await started(one, { name: 'fails' }), isOver);
    expect(found).toMatchObject({ state: 'failed', exitCode: 2 });
    expect(found.log).toEqual([expect.stringMatching(/^ready in fails-[0-9a-f]{6}$/), 'error: it cannot be done']);
    const broken = await studio({ refinements: { program: ['/nowhere/node'], device: 'cpu', threads: 1, data: [images], most: 1 } }); // prettier-ignore
    const none = await until(broken, await started(broken), isOver);
    expect([none.state, none.exitCode, none.log[0]]).toEqual(['failed', null, expect.stringMatching(/^it could not be started: .*ENOENT/)]); // prettier-ignore
  });

  test('one at a time; stopped it saves, and the same request goes on with the same folder', async () => {
    const one = await studio();
    const run = await started(one, { name: 'waits' });
    const full = await post(one, asked({ name: 'another' }));
    expect([full.statusCode, full.json<{ error: { message: string } }>().error.message]).toEqual([409, expect.stringMatching(/^refinements: waits is running/)]); // prettier-ignore
    const same = await post(one, asked({ name: 'waits' }));
    expect([same.statusCode, same.json<{ error: { param: string } }>().error.param]).toEqual([409, 'name']);
    await until(one, run, isReady);
    const { statusCode, body } = await stop(one, run);
    expect([statusCode, (JSON.parse(body) as Refinement).state]).toEqual([200, 'stopping']);
    await stop(one, run);
    const stopped = await until(one, run, isOver);
    expect(stopped).toMatchObject({ state: 'stopped', exitCode: 143 });
    expect(stopped.log.at(-1)).toBe('saved');
    expect((await stop(one, run)).json()).toMatchObject({ state: 'stopped' });

    const again = await post(one, stopped.request);
    expect(again.json()).toEqual({ run });
    const going = await until(one, run, isReady);
    const [first, second] = callsOf(going);
    expect(second).toEqual(first);
    const { refinements } = (await one.app.inject('/api/refinements')).json<RefinementList>();
    expect(refinements.filter((each) => each.run === run)).toHaveLength(1);
  });

  test('the next studio knows those of the one before, and goes on with them', async () => {
    const before = await studio();
    const run = await started(before, { name: 'waits for the next' });
    const going = await until(before, run, isReady);
    const file = join(root, '.scalewise-refinements.json');
    const asKilled = readFileSync(file); // what a studio leaves that is killed
    await before.studio.stop();
    const after = await studio();
    expect(await look(after, run)).toMatchObject({ state: 'stopped', exitCode: 143, request: going.request });
    writeFileSync(file, asKilled);
    const found = await look(await studio(), run);
    expect(found).toMatchObject({
      state: 'stopped',
      exitCode: null,
      log: [expect.stringMatching(/did not see its end$/)],
    });
    const last = await studio();
    expect((await stop(last, run)).json()).toMatchObject({ state: 'stopped' });
    expect((await post(last, found.request)).json()).toEqual({ run });
    expect(callsOf(await until(last, run, isReady))).toHaveLength(2);

    writeFileSync(join(root, '.scalewise-refinements.json'), '[{]');
    expect((await (await studio()).app.inject('/api/refinements')).json()).toEqual({ refinements: [] });
  });

  test('one that another process still trains is not started beside it', async () => {
    const one = await studio();
    const run = await started(one, { name: 'held' });
    const found = await until(one, run, isOver);
    const events = openSync(join(root, found.folder, `events.out.tfevents.1.${hostname()}.${process.pid}.0`), 'w');
    const refused = await post(one, found.request);
    expect([refused.statusCode, refused.json<{ error: { message: string } }>().error.message]).toEqual([409, expect.stringMatching(`^name: process ${process.pid}, which this studio did not start, trains`)]); // prettier-ignore
    closeSync(events);
    expect((await post(one, found.request)).json()).toEqual({ run });
  });

  test('one that is told to stop and cannot save has failed', async () => {
    const one = await studio();
    const run = await started(one, { name: 'waits, cannot save' });
    await until(one, run, isReady);
    await stop(one, run);
    expect(await until(one, run, isOver)).toMatchObject({ state: 'failed', exitCode: 1 });
  });

  test('while their settings are not checked yet a client may ask for few', async () => {
    const { jobs } = fakeOptions(new FakeWorker());
    const one = await studio({ jobs: { ...jobs, queue: { ...jobs.queue, perClient: 2 } } });
    one.worker.isHeld = true;
    await one.app.inject({ method: 'POST', url: '/api/generations', payload: { class: 0 } });
    const answers = [0, 1, 2].map((i) => post(one, asked({ name: `${i}` })).then(({ statusCode }) => statusCode));
    expect(await answers[2]).toBe(429);
    await one.studio.stop();
    expect(await Promise.all(answers)).toEqual([503, 503, 429]);
  });

  test('several at a time where that is allowed, and the studio waits for all when it stops', async () => {
    const one = await studio({ refinements: { program: [process.execPath, join(place, 'program.mjs')], device: 'cpu', threads: 1, data: [images], most: 2 } }); // prettier-ignore
    const runs = [await started(one, { name: 'waits 1' }), await started(one, { name: 'waits 2' })];
    expect(new Set(runs).size).toBe(2);
    const found = await Promise.all(runs.map((run) => until(one, run, isReady)));
    await one.studio.stop();
    expect((await Promise.all(runs.map((run) => look(one, run)))).map(({ state, exitCode, log }) => [state, exitCode, log.at(-1)])).toEqual(found.map(() => ['stopped', 143, 'saved'])); // prettier-ignore
    expect((await post(one, asked())).statusCode).toBe(503);
  });

  test('stops of none, and of odd names', async () => {
    const one = await studio();
    for (const run of ['x', '..%2Fbefore', '%00', 'before']) expect([400, 404]).toContain((await stop(one, run)).statusCode); // prettier-ignore
  });
});
