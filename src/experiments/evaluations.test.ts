// Results as `scalewise evaluate` leaves them: taken where they are of what is measured, else refused.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Assessor } from '../recipes/index.js';
import { sha256File } from '../util/files.js';
import { evaluationFolder, evaluationOf, partOf } from './evaluations.js';

const out = mkdtempSync(join(tmpdir(), 'scalewise-evaluations-'));
afterAll(() => {
  rmSync(out, { recursive: true });
});
const place = 'weights/fashion-mnist/generator.safetensors';
const what = { ground: 'small', key: 'before', seed: 3, place };
/** Those of the weights that come with Scalewise. */
const scales = [1, 2, 3, 5, 8];
const draw = { cfg: 2, temperature: 1 };
const options = { cfgs: [2], temperatures: [1], topK: 9, topP: 0.5, count: 10, batchSize: 40 };
const reference = { file: 'reference.npz', sha256: 'abc' };
const assessor: Assessor = {
  headline: { key: 'fid', name: 'FID', digits: 2 },
  columns: [{ key: 'fid', name: 'FID', digits: 2 }, { key: 'recall', name: 'recall', digits: 3 }],
  reference: 'reference.npz',
  fingerprint: createHash('sha256').update('network').update(JSON.stringify(reference)).digest('hex').slice(0, 16),
  assess: () => ({}),
}; // prettier-ignore
let path = join(evaluationFolder(out, what, draw, options), 'result.json');
mkdirSync(join(path, '..'), { recursive: true });
const find = () => evaluationOf(out, what, assessor, draw, options);

/** A result of what is looked for, but for some of its identity. */
function leave(other: object = {}, network = 'network'): void {
  const settings = { scales, guidance: { shape: 'ramp', scale: 2 }, topK: 9, topP: 0.5, temperature: 1, device: 'cpu', precision: 'bfloat16' }; // prettier-ignore
  const identity = { generator: sha256File(place), tokenizer: 't', count: 10, seed: 3, settings, ...other };
  const protocol = { network: { name: 'n', sha256: network }, reference: { name: 'r', ...reference }, batchSize: 40, partSize: 480 }; // prettier-ignore
  writeFileSync(path, JSON.stringify({ protocol, models: [{ figures: { fid: 7, recall: null, kid: 1 }, identity }] }));
}

test('parts hold whole batches', () => {
  expect([25, 40, 100, 700].map(partOf)).toEqual([500, 480, 500, 700]);
});

test('the figures that are asked for; what is none is no number', () => {
  expect(find()).toBeUndefined();
  leave();
  expect(find()).toEqual({ images: 10, fid: 7, recall: NaN });
});

test.each<[string, object, string?]>([
  ['seed', { seed: 4 }],
  ['generator', { generator: 'other' }],
  ['settings.topK, settings.temperature', { settings: { scales, guidance: { shape: 'ramp', scale: 2 }, topK: 0, topP: 0.5, temperature: 2 } }],
  ['settings.scales, settings.greedy', { settings: { scales: [1, 2], guidance: { shape: 'ramp', scale: 2 }, topK: 9, topP: 0.5, temperature: 1, greedy: [1] } }],
  ['network', {}, 'another'],
])('another %s is refused', (named, identity, network) => {
  leave(identity, network);
  expect(find).toThrow(new RegExp(`found one that differs in ${named}; remove its folder`));
}); // prettier-ignore

test('another temperature has a folder of its own, whose result must be of that temperature', () => {
  const warmer = { ...draw, temperature: 1.1 };
  expect(basename(evaluationFolder(out, what, warmer, options))).toBe('cfg=2,temperature=1.1,top-k=9,top-p=0.5,n=10,batch=40');
  leave();
  const findWarmer = () => evaluationOf(out, what, assessor, warmer, options);
  expect(findWarmer()).toBeUndefined();
  const usual = path;
  path = join(evaluationFolder(out, what, warmer, options), 'result.json');
  mkdirSync(join(path, '..'), { recursive: true });
  leave();
  expect(findWarmer).toThrow(/found one that differs in settings\.temperature;/);
  leave({ settings: { scales, guidance: { shape: 'ramp', scale: 2 }, topK: 9, topP: 0.5, temperature: 1.1 } });
  expect(findWarmer()).toMatchObject({ fid: 7 });
  path = usual;
}); // prettier-ignore

test('what is no result is refused', () => {
  writeFileSync(path, '{}');
  expect(find).toThrow(/result\.json: expected the result of one model/);
});
