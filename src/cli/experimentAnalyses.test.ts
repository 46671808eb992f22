// The experiments that train nothing, with the weights that come with Scalewise, on a small folder of PNG files.
import { Command } from 'commander';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { tinyVar } from '../../test/models.js';
import { Classifier } from '../evaluate/index.js';
import { initialiseConvolutions } from '../models/index.js';
import { saveWeights } from '../nn/index.js';
import { fingerprint, saveGenerator, saveTokenizer } from '../recipes/index.js';
import { Generator } from '../torch/index.js';
import { registerAnalyses } from './experimentAnalyses.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-cli-analyses-'));
const at = (...names: string[]) => join(root, ...names);

beforeAll(async () => {
  for (let label = 0; label < 10; label++) {
    mkdirSync(at('data', 'test', `class ${label}`), { recursive: true });
    mkdirSync(at('data', 'train', `class ${label}`), { recursive: true });
    for (let i = 0; i < 3; i++) {
      const pixels = Uint8Array.from({ length: 32 * 32 }, (_, p) => ((p % 32) + i) % (label + 2) < 2 && p > 32 * label ? 220 : 10); // prettier-ignore
      const png = await sharp(pixels, { raw: { width: 32, height: 32, channels: 1 } })
        .png()
        .toBuffer();
      for (const split of ['test', 'train']) await sharp(png).toFile(at('data', split, `class ${label}`, `${i}.png`));
    }
  }
  const { generator, tokenizer } = tinyVar({ vocabularySize: 20, width: 16, heads: 2, scales: [1, 2, 3], classes: 10 });
  const classes = Array.from({ length: 10 }, (_, label) => `class ${label}`);
  saveTokenizer(at('models', 'tokenizer.safetensors'), tokenizer);
  saveGenerator(at('models', 'var.safetensors'), generator, { scales: [1, 2, 3], imageSize: 6, classes, data: at('data'), tokenizer: fingerprint(tokenizer) }); // prettier-ignore
  for (const one of [generator, tokenizer]) one.dispose();
  for (const [name, count] of [
    ['classifier', 10],
    ['few', 3],
  ] as const) {
    using random = new Generator(1);
    const classifier = new Classifier(count);
    initialiseConvolutions(classifier, random);
    saveWeights(at(`${name}.safetensors`), classifier.stateDict(), { kind: 'classifier', classes: String(count) });
    classifier.dispose();
  }
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

const told: string[] = [];
beforeEach(() => {
  told.length = 0;
  vi.spyOn(console, 'log').mockImplementation((line: string) => void told.push(line));
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function experiment(name: string, ...more: string[]): Promise<void> {
  const group = new Command('experiment').exitOverride().configureOutput({ writeErr: () => undefined });
  registerAnalyses(group);
  const flags = ['--data', at('data'), '--count', '10', '--shown', '1', '--threads', '1', '--out', at(name)];
  await group.parseAsync(['node', 'scalewise', name, ...flags, ...more]);
}

const sampled = ['--seeds', '2'];
const compared = [...sampled, '--classifier', at('classifier.safetensors')];

test.each([
  ['difference-maps', sampled, ['maps-consecutive', 'maps-own-argmax', 'maps-own-sample', 'maps-rollout-argmax', 'maps-rollout-sample', 'means']],
  ['divergence', compared, ['growth', 'strip']],
  ['imbalance', [], ['bars', 'strip']],
  ['continuation', [...sampled, '--features', at('classifier.safetensors')], ['differences', 'grid']],
] as const)('%s: pictures, tables, all numbers; again, nothing is measured anew', async (name, flags, pictures) => {
  await experiment(name, ...flags);
  expect(told).toEqual([join(at(name), 'report.html')]);
  const files = readdirSync(at(name));
  for (const picture of pictures) {
    const { width, height } = await sharp(at(name, `${picture}.png`)).metadata();
    expect(Math.min(width, height)).toBeGreaterThan(60);
  }
  const html = readFileSync(at(name, 'report.html'), 'utf8');
  expect(html.match(/(src|href)="(?!data:)/)).toBeNull();
  const markdown = readFileSync(at(name, 'report.md'), 'utf8');
  expect(markdown).toContain('| before |');
  expect(markdown).toContain('There is no control');
  expect(markdown).not.toMatch(/NaN|Infinity|undefined/);
  const numbers = readFileSync(at(name, 'values.json'), 'utf8');
  expect(JSON.parse(numbers)).toHaveProperty('settings.images', 10);

  const figures = readdirSync(at(name, 'figures'));
  const times = () => figures.map((file) => statSync(at(name, 'figures', file)).mtimeMs);
  const before = times();
  await experiment(name, ...flags);
  expect(times()).toEqual(before);
  expect(readdirSync(at(name))).toEqual(files);
  expect(readFileSync(at(name, 'values.json'), 'utf8')).toBe(numbers);
}, 120_000); // prettier-ignore

test.each(['difference-maps', 'imbalance'])(
  '%s of a VAR generator alone',
  async (name) => {
    await experiment(name, '--before', at('models', 'var.safetensors'), 'VAR', '--out', at(`${name}-var`));
    const markdown = readFileSync(at(`${name}-var`, 'report.md'), 'utf8');
    expect(markdown).toContain('running sum');
    expect(markdown).toContain('| VAR |');
    expect(markdown).not.toContain('control');
    expect(markdown).not.toMatch(/NaN|Infinity|undefined/);
  },
  60_000,
);

test('continuations at a temperature: figures of their own, and the report says so', async () => {
  const out = ['--seeds', '1', '--features', at('classifier.safetensors'), '--out', at('hot')];
  const read = async (...more: string[]) => {
    await experiment('continuation', ...out, ...more);
    return JSON.parse(readFileSync(at('hot', 'values.json'), 'utf8')) as { figures: unknown; settings: object };
  };
  const usual = await read();
  const hot = await read('--temperature', '3');
  expect(hot.figures).not.toEqual(usual.figures);
  expect(hot.settings).toEqual({ ...usual.settings, temperature: 3 });
  expect(readFileSync(at('hot', 'report.md'), 'utf8')).toContain('temperature 3');
  expect((await read()).figures).toEqual(usual.figures);
  for (const wrong of ['0', '-1', 'hot'])
    await expect(experiment('continuation', '--temperature', wrong)).rejects.toThrow(`--temperature: expected a number above 0, got '${wrong}'`); // prettier-ignore
}, 60_000);

test('mistakes end in a sentence', async () => {
  await expect(experiment('continuation', ...compared, '--until', '8')).rejects.toThrow(/--until: expected a side/);
  const both = experiment('continuation', '--classifier', at('classifier.safetensors'), '--features', at('classifier.safetensors')); // prettier-ignore
  await expect(both).rejects.toThrow(/--features.*cannot be used with.*--classifier/);
  const tokenizer = at('models', 'tokenizer.safetensors');
  await expect(experiment('continuation', '--features', tokenizer)).rejects.toThrow(/expected the weights of a network for features \(Inception-v3 .*\), found tokenizer; give another file/); // prettier-ignore
  await expect(experiment('divergence', '--classifier', tokenizer)).rejects.toThrow(/expected a classifier's weights, found tokenizer; Inception-v3 is given with --inception/); // prettier-ignore
  for (const flag of ['--classifier', '--features'])
    await expect(experiment('divergence', flag, at('few.safetensors'))).rejects.toThrow(/few\.safetensors: expected a classifier of .*data's 10 classes, found one of 3; give another one with --classifier/); // prettier-ignore
  await expect(experiment('divergence', '--inception', tokenizer)).rejects.toThrow(
    /expected the weights of Inception-v3/,
  );
  await expect(experiment('imbalance', '--count', '31')).rejects.toThrow(/expected at most the 30 held-out images/);
  await expect(experiment('imbalance', '--after', 'a', 'b', 'c')).rejects.toThrow(/--after: expected a path and a label, got 3 words/); // prettier-ignore
});
