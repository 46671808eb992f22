// The experiments say what the paper's tables need, and their settings are settings that exist.
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refinePresets, refineSettings, tokenizerPresets, tokenizerSettings } from '../recipes/index.js';
import { forcingNames } from '../sar/index.js';
import { resolveSettings } from '../util/settings.js';
import { folderOf, refinementExperiments, settingsOf } from './catalogue.js';
import { generatorAtHand } from './base.js';
import { grounds, withBaseSeed } from './grounds.js';
import { armCommands } from './plan.js';

const byName = (name: string) => refinementExperiments.find((one) => one.name === name)!;

describe.each(refinementExperiments.map((one) => [one.name, one] as const))('%s', (_, { arms }) => {
  test('begins with its control', () => {
    expect(arms[0]!.set).toEqual(['forcing=teacher']);
  });
  test('has arms of different names and settings', () => {
    expect(new Set(arms.map(({ name }) => name)).size).toBe(arms.length);
    expect(arms.map(({ name }) => name).filter((name) => name.includes(','))).toEqual([]); // --arms parts them by commas
    expect(new Set(arms.map((arm) => folderOf(arm))).size).toBe(arms.length);
  });
  test.each(arms.map((arm) => [arm.name, arm] as const))('its arm %s resolves on every ground', (_, arm) => {
    for (const ground of Object.values(grounds)) {
      const direct = { data: 'images', generator: 'generator' };
      const sources = { preset: ground.refine, set: settingsOf(arm), direct };
      expect(() => resolveSettings('experiment', refineSettings, refinePresets, sources)).not.toThrow();
    }
  });
});

test('Table 3 has every forcing strategy, Table 5 every choice of tokens', () => {
  expect(byName('forcing').arms.map(({ set }) => set[0]).sort()).toEqual(forcingNames.map((one) => `forcing=${one}`).sort()); // prettier-ignore
  expect(byName('rollout-sampling').arms.map(({ name }) => name)).toEqual([
    'control', 'argmax', 'sampling', 'guidance 1.2', 'guidance 1.5', 'guidance 2', 'guidance 2.5', 'guidance 3',
  ]); // prettier-ignore
});

test('SAR’s defaults share their training between experiments', () => {
  const folders = (name: string) => byName(name).arms.map((arm) => folderOf(arm));
  for (const name of ['gamma', 'student-context', 'rollout-sampling', 'deeper-rollout', 'generalise'])
    for (const shared of ['forcing=teacher', 'forcing=sar']) expect(folders(name)).toContain(shared);
});

test('both families, where the experiment is about them', () => {
  const names = byName('generalise').grounds!(grounds['cifar10']!).map(({ name }) => name);
  expect(names).toEqual(['cifar10', 'cifar10-var']);
});

test('the tokenizer that the experiment trains in image space is the preset that is offered', () => {
  const [, images] = byName('image-space-tokenizer').grounds!(grounds['fashion-mnist']!);
  const settings = (preset: string, set: readonly string[] = []) =>
    resolveSettings('tokenizer train', tokenizerSettings, tokenizerPresets, { preset, set });
  const { tokenizer, tokenizerSet } = images!.recipe!;
  expect(settings('fashion-mnist-image-space')).toEqual(settings(tokenizer, tokenizerSet));
  expect(settings('fashion-mnist-image-space')).not.toEqual(settings('fashion-mnist'));
});

test('a ground on a generator of another seed has a name and a recipe of its own', () => {
  const [latents, images] = byName('image-space-tokenizer').grounds!(grounds['cifar10']!).map((one) => withBaseSeed(one, 2)); // prettier-ignore
  expect([latents!.name, images!.name]).toEqual(['cifar10-base-2', 'cifar10-image-space-base-2']);
  expect(images!.recipe).toEqual({ ...latents!.recipe, tokenizerSet: [...latents!.recipe!.tokenizerSet, 'model.pyramid=image'] }); // prettier-ignore
  expect([latents!.recipe!.seed, latents!.measure]).toEqual([2, grounds['cifar10']!.measure]);
  expect(generatorAtHand(latents!, 'nowhere')).toBeUndefined();
});

test('a plan is a command an arm and seed', () => {
  const options = {
    data: 'a folder',
    generator: 'flexvar-d16',
    seeds: { first: 0, last: 1 },
    set: [],
    out: 'runs',
    device: 'cuda',
    threads: 0,
  };
  const commands = armCommands(grounds['imagenet']!, byName('generalise').arms, options);
  expect(commands).toHaveLength(4);
  expect(commands[3]).toBe(
    `scalewise refine --preset sar-d16 --generator flexvar-d16 --data 'a folder' --set forcing.forcing=sar --seed 1 --threads 0 --device cuda --out ${resolve('runs')}/models/imagenet/forcing=sar/seed-1`,
  );
});
