// What users get wrong: each ends in one line that says where, what was expected, what was found and how to mend it; exit code 2; no stack.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { scalewise, temporary, tinyData, tinyGenerator, tinySizes, tinyTokenizer } from './run.js';

const folder = temporary();
const at = (name: string) => join(folder, name);
let data: string;

beforeAll(async () => {
  data = await tinyData();
  expect(scalewise(['tokenizer', 'train', '-d', data, '-o', at('tokenizer'), ...tinyTokenizer]).code).toBe(0);
  const train = ['train', '-d', data, '-t', at('tokenizer'), '-o', at('generator'), ...tinyGenerator, ...tinySizes];
  expect(scalewise(train).code).toBe(0);
  mkdirSync(at('shared'));
  const checkpoints = join(at('generator'), 'checkpoints');
  const newest = join(checkpoints, readdirSync(checkpoints).sort().at(-1)!);
  copyFileSync(join(newest, 'generator.safetensors'), at('shared/generator.safetensors'));
  copyFileSync(join(at('generator'), 'tokenizer.safetensors'), at('shared/tokenizer.safetensors'));
});

/** One line on standard error, exit code 2. */
function expectSentence(args: readonly string[], sentence: RegExp): void {
  const { code, err } = scalewise(args);
  expect(code, err).toBe(2);
  expect(err).toMatch(sentence);
  expect(err).not.toMatch(/^\s+at /m);
}

const training = (...more: string[]) => [
  'train',
  '-d',
  data,
  '-t',
  at('tokenizer'),
  '-o',
  at('new'),
  ...tinyGenerator,
  ...more,
];

describe('flags and settings', () => {
  test.each<[string, () => string[], RegExp]>([
    ['an unknown command', () => ['smaple'], /unknown command 'smaple'[\s\S]*Did you mean sample/],
    ['an unknown flag', () => ['sample', '--cgf', '2'], /unknown option '--cgf'[\s\S]*Did you mean --cfg/],
    ['no settings at all', () => ['train', '-o', at('new')], /train: '\w+' is missing; give it with --set/],
    ['an unknown preset', () => ['train', '-p', 'flexvar-16'], /'flexvar-16' is none of .*; did you mean 'flexvar-d16'\?/],
    ['an unknown setting', () => training('-s', 'optimizer.lerningRate=1'), /unknown setting 'optimizer.lerningRate'; did you mean 'optimizer.learningRate'\?/],
    ['a setting of the wrong kind', () => training('-s', 'images=many'), /train: 'images': expected a number, found "many"/],
    ['--set without a value', () => training('-s', 'images'), /--set images: expected path=value/],
    ['no --out', () => ['train', '-d', data, '-t', at('tokenizer'), ...tinyGenerator, ...tinySizes], /--out: give the run folder/],
    ['a missing settings file', () => training('-c', at('none.yaml')), /--config: there is no file .*none.yaml/],
    ['a broken settings file', () => { writeFileSync(at('broken.yaml'), 'a: [1'); return training('-c', at('broken.yaml')); }, /broken.yaml: not YAML or JSON/],
    ['a count that is none', () => ['sample', '-n', 'three'], /-n|--count: expected a whole number, got 'three'/],
  ])('%s', (_, args, sentence) => { expectSentence(args(), sentence); }); // prettier-ignore
});

describe('impossible models', () => {
  test.each<[string, string[], RegExp]>([
    ['heads that do not divide the width', ['-s', 'model={depth: 2, width: 16, heads: 3}'], /width 16 must be divisible by the number of heads, 3/],
    ['a last scale that is not the latent', [...tinySizes, '-s', 'scales=[1,2,3]'], /expected the last one to be the latent's side 4 .*, got \[1, 2, 3\]/],
    ['scales that do not grow', [...tinySizes, '-s', 'scales=[1,1,4]'], /expected growing sides, got \[1, 1, 4\]/],
    ['a device that is not there', [...tinySizes, '--device', 'cuda:7'], /device: cuda:7 is not to be had here/],
    ['a device that is none', [...tinySizes, '--device', 'gpu'], /device: expected cpu, cuda or cuda:N, got 'gpu'/],
    ['no such tokenizer', [...tinySizes, '-t', '/nowhere'], /--tokenizer: there is no file or folder \/nowhere/],
  ])('%s', (_, more, sentence) => { expectSentence(training(...more), sentence); }); // prettier-ignore

  test('groups that do not divide the channels', () => {
    const args = ['tokenizer', 'train', '-d', data, '-o', at('new'), ...tinyTokenizer, '-s', 'model.normGroups=3'];
    expectSentence(args, /8 channels cannot be divided into 3 groups; choose a divisor/);
  });

  test('nothing was written', () => {
    expect(existsSync(at('new'))).toBe(false);
  });
});

describe('weights', () => {
  test('a tokenizer where a generator was expected', () => {
    const file = at('shared/tokenizer.safetensors');
    expectSentence(['sample', '-g', file], /expected a generator, it holds a tokenizer at the top/);
  });
  test('a truncated file', () => {
    copyFileSync(at('shared/generator.safetensors'), at('cut.safetensors'));
    truncateSync(at('cut.safetensors'), 5000);
    expectSentence(
      ['sample', '-g', at('cut.safetensors')],
      /cut.safetensors: not a whole safetensors file: .*; fetch or write it again/,
    );
  });
  test('a file of something else', () => {
    writeFileSync(at('text.safetensors'), 'these are words, and no tensors at all');
    expectSentence(['sample', '-g', at('text.safetensors')], /text.safetensors: not a whole safetensors file/);
  });
  test('another tokenizer than the one it was trained on', () => {
    const other = [
      'tokenizer',
      'train',
      '-d',
      data,
      '-o',
      at('other'),
      ...tinyTokenizer,
      '--seed',
      '1',
      '-s',
      'images=8',
    ];
    expect(scalewise(other).code).toBe(0);
    expectSentence(['sample', '-g', at('shared'), '-t', at('other')], /other codes than the one it was trained on/);
  });
  test('no class of that name', () => {
    expectSentence(
      ['sample', '-g', at('shared'), '--class', 'lihgt'],
      /'lihgt' is none of dark, light .*did you mean 'light'\?/,
    );
  });
});

describe('data', () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ['missing', () => undefined, /is no folder, list, shard or Parquet file, nor one of fashion-mnist/],
    ['empty', (path) => { mkdirSync(path); }, /the folder is empty; expected images/],
    ['of text files', (path) => { mkdirSync(path); writeFileSync(join(path, 'notes.png'), 'words'); }, /no .*images|no image/],
  ])('a folder that is %s', (name, make, sentence) => {
    const path = at(`data-${name.replace(/\W/g, '')}`);
    make(path);
    expectSentence(['tokenizer', 'train', '-d', path, '-o', at('new'), ...tinyTokenizer], sentence);
  }); // prettier-ignore
});

describe('the machine', () => {
  test('a reader that goes away ends the program quietly', () => {
    const bin = join(import.meta.dirname, '..', '..', 'bin', 'scalewise.mjs');
    const ended = spawnSync('bash', ['-c', `"${process.execPath}" "${bin}" train --help | head -1`], {
      encoding: 'utf8',
    });
    expect([ended.status, ended.stderr]).toEqual([0, '']);
  });

  const small = at('small-disk');
  mkdirSync(small);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96k', 'tmpfs', small]).status === 0;
  test.runIf(mounted)('a full disk', () => {
    const run = join(small, 'run');
    try {
      expectSentence(['train', '-d', data, '-t', at('tokenizer'), '-o', run, ...tinyGenerator, ...tinySizes], /the disk is full; free some space and run the same command again/);
      const left = existsSync(join(run, 'checkpoints')) ? readdirSync(join(run, 'checkpoints')) : [];
      expect(left.filter((name) => name.includes('.part'))).toEqual([]);
      if (existsSync(join(run, 'config.json'))) expect(() => JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')) as unknown).not.toThrow();
    } finally {
      spawnSync('umount', [small]);
    }
  }); // prettier-ignore
});
