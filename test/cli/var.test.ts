// The chain with VAR in place of FlexVAR: the same commands, one setting more.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Ended, scalewise, temporary, tinyData } from './run.js';

const folder = temporary();
const at = (name: string) => join(folder, name);
const settings = (...all: string[]) => all.flatMap((one) => ['--set', one]);
const training = settings(
  'imageSize=16', 'images=24', 'batchSize=8', 'scales=[1,2,4]', 'optimizer={learningRate: 0.002}',
  'every={log: 8, sample: 24, save: 24}', 'threads=1',
); // prettier-ignore
const model =
  'model={channels: 8, multipliers: [1, 1, 2], resBlocks: 1, codeWidth: 4, vocabularySize: 16, normGroups: 4}';
const sizes = settings('model={depth: 2, width: 16, heads: 2, pathDrop: 0.1, sharedAdaLn: true}');
let data: string;

const done = (ended: Ended): Ended => {
  expect(ended.code, ended.err).toBe(0);
  return ended;
};
const train = (tokenizer: string, out: string, ...more: string[]) =>
  scalewise(['train', '-d', data, '-t', tokenizer, '-o', out, ...training, ...more]);

beforeAll(async () => {
  data = await tinyData();
  const own = settings('family=var', 'reviveAfter=16', model);
  done(scalewise(['tokenizer', 'train', '-d', data, '-o', at('tokenizer'), ...training, ...own]));
  done(train(at('tokenizer'), at('generator'), ...settings('family=var'), ...sizes));
});

test('tokenizer, generator, SAR, samples', () => {
  done(scalewise(['refine', '-d', data, '-g', at('generator'), '-o', at('sar'), ...training]));
  done(scalewise(['sample', '--threads', '1', '-g', at('sar'), '-n', '2', '-o', at('samples.png')]));
  done(scalewise(['sample', '--threads', '1', '-g', at('sar'), '--strip', '-o', at('strip.png')]));
  for (const name of ['samples.png', 'strip.png']) expect(existsSync(at(name)), name).toBe(true);
  const { out } = done(scalewise(['info', join(at('sar'), 'checkpoints'), '--json']));
  const [file] = JSON.parse(out) as [{ models: object[] }];
  expect(file.models).toEqual([expect.objectContaining({ family: 'var', sharedAdaLn: true, scales: [1, 2, 4] })]);
});

test('what belongs to the other family is refused in a sentence', () => {
  const other = train(at('tokenizer'), at('no'), ...settings('model={depth: 2, width: 16, heads: 2}'));
  expect([other.code, other.err]).toEqual([2, expect.stringMatching(/^error: .*family flexvar, found one of var; use --set family=var\n$/)]); // prettier-ignore
  const scales = scalewise(['sample', '--threads', '1', '-g', at('generator'), '--scales', '1,3,4']);
  expect([scales.code, scales.err]).toEqual([2, expect.stringMatching(/^error: scales: this VAR generator knows the scales 1,2,4 and no others, got 1,3,4/)]); // prettier-ignore
  const unknown = train(at('tokenizer'), at('no'), ...settings('family=vra', 'model={depth: 2}'));
  expect([unknown.code, unknown.err]).toEqual([2, `error: train: 'family': expected one of flexvar, var, found "vra"\n`]); // prettier-ignore
  expect(existsSync(at('no'))).toBe(false);
});
