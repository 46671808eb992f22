// Generators of one training are compared, others refused with a sentence.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyFlexVar } from '../../../test/models.js';
import { sentenceOf } from '../../../test/sentence.js';
import { fingerprint, saveGenerator, saveTokenizer } from '../../recipes/index.js';
import { givenScales } from './continuation.js';
import { type Named, openSubjects, withPair } from './subjects.js';

const root = mkdtempSync(join(tmpdir(), 'scalewise-subjects-'));
const at = (name: string) => join(root, name);

beforeAll(() => {
  const { generator, tokenizer } = tinyFlexVar({ vocabularySize: 20, width: 16, heads: 2 });
  const classes = ['a', 'b', 'c', 'd', 'e'];
  const card = { scales: [1, 2, 3], imageSize: 6, classes, data: 'made', tokenizer: fingerprint(tokenizer) };
  saveTokenizer(at('tokenizer.safetensors'), tokenizer);
  saveGenerator(at('before.safetensors'), generator, card);
  copyFileSync(at('before.safetensors'), at('after.safetensors'));
  saveGenerator(at('finer.safetensors'), generator, { ...card, scales: [1, 2, 4] });
  generator.dispose();
  tokenizer.dispose();
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

const open = (...named: [Named['role'], string, string?][]) =>
  openSubjects(named.map(([role, name, label]) => ({ role, path: at(`${name}.safetensors`), label })), undefined, 'cpu'); // prettier-ignore

test('what they share, and each under its label', () => {
  const subjects = open(['before', 'before'], ['after', 'after', 'γ = 1']);
  expect(subjects.all.map(({ role, label }) => [role, label])).toEqual([['before', 'before'], ['after', 'γ = 1']]); // prettier-ignore
  expect([subjects.family, subjects.scales, subjects.tokenizer.stride]).toEqual(['flexvar', [1, 2, 3], 2]);
  expect(subjects.all[0]!.weights).toMatch(/^[0-9a-f]{64}$/);
  expect(withPair(subjects.all[1]!, ({ generator }) => generator.config.vocabularySize)).toBe(20);
});

test('others are refused', () => {
  expect(sentenceOf(() => open())).toMatch(/^--before: expected at least one generator/);
  expect(sentenceOf(() => open(['before', 'before'], ['after', 'finer']))).toMatch(/^--after: expected the scales of .*before.safetensors, found others in .*finer/); // prettier-ignore
  expect(sentenceOf(() => open(['before', 'before'], ['after', 'after', 'before']))).toMatch(/^--after: expected another label than 'before'/); // prettier-ignore
});

test('the scales that are given', () => {
  expect([givenScales([1, 2, 3, 5, 8], 4), givenScales([1, 2, 3, 4, 5], 4), givenScales([1, [2, 5], 8], 4)]).toEqual([3, 4, 1]); // prettier-ignore
  expect(sentenceOf(() => givenScales([1, 2], 4))).toMatch(/^--until: expected a side that some scales have and the last has not, of 1x1, 2x2, got 4/); // prettier-ignore
  expect(sentenceOf(() => givenScales([2, 3], 1))).toMatch(/--until/);
});
