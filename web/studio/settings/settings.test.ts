// A link says all that the form does, and what it says wrongly is told.
import { describe, expect, test } from 'vitest';
import type { Model } from '../../../src/studio/api/index.js';
import { defaultSettings, parseNumbers, parseScales, queryOf, requestOf, scalesText, type Settings, settingsOf, weightsOf } from './settings.js'; // prettier-ignore

const model: Model = {
  id: 'one',
  object: 'model',
  created: 1,
  owned_by: 'scalewise',
  scalewise: {
    family: 'flexvar',
    classes: ['Shirt', 'Bag: small', '7', 'Crane', 'Crane'],
    scales: [1, 2],
    imageSize: [16, 16],
    stride: 8,
    vocabularySize: 4,
    schedules: { own: [1, 2] },
    anyScales: true,
    canSmooth: false,
    defaults: { cfg: 2, guidance: 'ramp', topK: 0, topP: 0, temperature: 1, smooth: false },
    ramp: { steps: 9, fullAbove: 16 },
    parameters: 10,
    source: 'one',
    data: 'none',
  },
};
const models = [model, { ...model, id: 'two' }] as const;
const plain = defaultSettings(model);

describe('a link', () => {
  const all: Settings[] = [
    plain,
    { ...plain, label: null, guidance: 'constant', cfg: 1.5, greedy: true },
    { ...plain, models: ['one', 'two'], label: 1, mix: [{ label: 2, weight: 0.5 }, { label: 4, weight: 3 }] },
    { ...plain, label: 3, seed: 2 ** 40, count: 16, guidance: [0, 1.25], topK: [5, 0], topP: 0.9, temperature: [1, 0.5] },
    { ...plain, scales: [1, [2, 3], [4, 6]], smooth: true },
  ]; // prettier-ignore
  test.each(all.map((settings) => [queryOf(settings, model), settings]))('%s is read as it was written', (query, settings) => {
    expect(settingsOf(query, models)).toEqual({ settings, complete: true, problems: [] });
  }); // prettier-ignore

  test('what it says wrongly is told, and the default in its place', () => {
    const { settings, complete, problems } = settingsOf('?model=none&class=Hat&topK=x&scales=1,b&mix=Shirt:0', models);
    expect(problems).toEqual([
      'There is no model “none” here.',
      'class: There is no class “Hat”.',
      'mix: Expected a class and its weight such as 3:0.5, found “Shirt:0”.',
      'topK: Expected a number, or one a scale with commas between them.',
      'scales: Expected sides such as 1, 2, 3, 4x6, found “b”.',
    ]);
    expect([settings, complete]).toEqual([plain, false]);
  });
});

test('numbers of a link that cannot be asked for are told of', () => {
  const { settings, complete, problems } = settingsOf('?class=0&count=99&seed=-1&cfg=1,2', models);
  expect(problems).toEqual([
    'seed: Expected a whole number from 0 to 9007199254740975, found “-1”.',
    'count: Expected a whole number from 1 to 16, found “99”.',
    'cfg: Expected a number from 0 to 20, found “1,2”.',
  ]);
  expect([settings, complete]).toEqual([plain, false]);
});

test('a mixture is asked for with its weights, and no class is mixed with nothing', () => {
  const mix = [{ label: 2, weight: 0.5 }];
  expect(requestOf({ ...plain, mix }).class).toEqual([[0, 1], [2, 0.5]]); // prettier-ignore
  expect(requestOf({ ...plain, label: null, mix }).class).toBeNull();
  expect(requestOf(plain).class).toBe(0);
});

test('lists of scales and of numbers as text', () => {
  expect(parseScales(' 1, 2,3x4 ,5 × 6,')).toEqual([1, 2, [3, 4], [5, 6]]);
  expect(scalesText([1, [3, 4]])).toBe('1,3x4');
  for (const wrong of ['0', '1,2x0', '1.5', '-1', '12345', 'x'])
    expect(() => parseScales(wrong)).toThrow(/^Expected sides/);
  expect([parseNumbers('1'), parseNumbers('1, .5')]).toEqual([1, [1, 0.5]]);
  expect(() => parseNumbers('1,,2')).toThrow(/^Expected a number/);
});

test('a list of weights begins with those of the model’s own ramp', () => {
  const scales = Array.from({ length: 13 }, (_, i) => i + 1);
  const weights = (ramp: Model['scalewise']['ramp'], guidance: Settings['guidance'] = 'ramp') => weightsOf({ cfg: 9, guidance, scales }, ramp); // prettier-ignore
  expect(weights({ steps: 9, fullAbove: 11 })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9, 9]);
  expect(weights({ steps: null, fullAbove: null })).toEqual(scales.map((_, i) => 0.75 * i));
  expect(weights({ steps: 9, fullAbove: null }, 'constant')).toEqual(scales.map(() => 8));
  expect(weightsOf({ cfg: 9, guidance: 'ramp', scales: [4] }, { steps: 9, fullAbove: 16 })).toEqual([0]);
});
