// The project's own copy of golden values: ports of the public models must reproduce them.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadWeights, saveWeights } from '../nn/index.js';
import { liveTensors, ones, scope, type Tensor, tensor } from '../torch/index.js';
import { sentenceOf } from '../../test/sentence.js';
import { GoldenFile } from './goldenFile.js';
import { hashSequence } from './hash.js';
import { checkFile, checkFolder } from './index.js';
import { goldenModels } from './models.js';
import { compareChoices, compareFloats, compareIntegers, compareNumber } from './report.js';

const folder = join(import.meta.dirname, '..', '..', 'test', 'golden');
const temporary = (): string => mkdtempSync(join(tmpdir(), 'golden-'));

/** A file of golden kind with the given metadata. */
function write(metadata: Record<string, string>, tensors: Record<string, Tensor> = {}): string {
  const path = join(temporary(), 'one.safetensors');
  saveWeights(path, new Map(Object.entries(tensors)), metadata);
  return path;
}

/** A copy of a golden file, its metadata or tensors changed. */
function altered(name: string, change: (file: ReturnType<typeof loadWeights>) => void): string {
  return scope(() => {
    const file = loadWeights(join(folder, name));
    change(file);
    const path = write(file.metadata, Object.fromEntries(file.tensors));
    for (const one of file.tensors.values()) one.dispose();
    return path;
  });
}

const failed = (path: string): string[] =>
  checkFile(path)
    .checks.filter((check) => !check.ok)
    .map((check) => check.name);

describe('own copy', () => {
  test.each([
    'flexvar_small.safetensors',
    'var_small.safetensors',
    'sar_small.safetensors',
    'sampling_filter.safetensors',
    'metrics.safetensors',
    'flexvar_d16_keys.json',
    'var_d16_keys.json',
  ])('%s', (name) => {
    const before = liveTensors();
    const { checks, unread } = checkFile(join(folder, name));
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(checks.length).toBeGreaterThan(0);
    expect(unread).toEqual([]);
    expect(liveTensors()).toBe(before);
  });
});

describe('what files say is what is checked', () => {
  test('another seed gives other weights, images and logits', () => {
    const reseed = (name: string) =>
      failed(
        altered(name, ({ metadata }) => {
          metadata['seed'] = '1';
        }),
      );
    expect(reseed('flexvar_small.safetensors')).toEqual(
      expect.arrayContaining(['tokenizer.latent', 'generator.logits', 'generator.loss']),
    );
    expect(reseed('sampling_filter.safetensors')).toContain('logits');
    expect(reseed('metrics.safetensors')).toEqual(expect.arrayContaining(['reference_head', 'sample_head', 'fid']));
  });
  test('a changed value fails, and that check alone', () => {
    const nudge = (name: string) => (file: { tensors: Map<string, Tensor> }) => {
      file.tensors.set(name, file.tensors.get(name)!.mul(1.01));
    };
    expect(failed(altered('metrics.safetensors', nudge('fid')))).toEqual(['fid']);
    const gradient = 'grad_norm.head.weight';
    expect(failed(altered('flexvar_small.safetensors', nudge(gradient)))).toEqual([gradient]);
    const loss = 'own_scale.argmax_cfg2.5.loss_csf';
    expect(failed(altered('sar_small.safetensors', nudge(loss)))).toEqual([loss]);
  });
  test('a gradient of a parameter that we lack fails', () => {
    const path = altered('flexvar_small.safetensors', ({ tensors }) => {
      tensors.set('grad_norm.lvl_embed.weight', ones([1]));
    });
    expect(failed(path)).toEqual(['grad_norm.lvl_embed.weight']);
  });
  test('the guidance of the second list is read from the metadata', () => {
    const path = altered('flexvar_small.safetensors', ({ metadata }) => {
      metadata['cfg_scale'] = '2.5 for greedy, 9 for other_steps';
    });
    expect(failed(path)).not.toEqual([]);
    expect(failed(path).every((name) => name.startsWith('other_steps.'))).toBe(true);
  });
  test('sizes, multipliers and scales', () => {
    const sizes = { ch: 64, z_channels: 8, V: 33, Cvae: 4, classes: 3, depth: 2, width: 8, heads: 2 };
    const read = (config: object) => {
      using file = new GoldenFile(
        write({
          kind: 'sar',
          family: 'sar on flexvar',
          seed: '7',
          config: JSON.stringify(config),
          patch_nums: '[1, 3]',
        }),
      );
      const { tokenizer, generator } = goldenModels(file);
      tokenizer.dispose();
      generator.dispose();
      return {
        tokenizer: tokenizer.config,
        generator: generator.config,
        seed: file.seed,
        scales: file.scales('patch_nums'),
      };
    };
    const { tokenizer, generator, seed, scales } = read({ ...sizes, ch_mult: [1, 2] });
    expect([seed, scales]).toEqual([7, [1, 3]]);
    expect(tokenizer).toMatchObject({ channels: 64, multipliers: [1, 2], zChannels: 8, vocabularySize: 33, codeWidth: 4 }); // prettier-ignore
    expect(generator).toMatchObject({ depth: 2, width: 8, heads: 2, classes: 3, vocabularySize: 33, codeWidth: 4 });
    expect(generator.pathDrop).toBe(0);
    expect(read(sizes).tokenizer).toMatchObject({ multipliers: [1, 1, 2, 2, 4] });
  });
});

describe('damaged and foreign files', () => {
  test('metadata that is missing or wrong', () => {
    expect(sentenceOf(() => checkFile(write({})))).toMatch(/lacks 'kind'; is it a golden file\?/);
    expect(sentenceOf(() => checkFile(write({ kind: 'flux' })))).toMatch(/expected one of the kinds .*got 'flux'/);
    expect(sentenceOf(() => checkFile(write({ kind: 'constructor' })))).toMatch(/got 'constructor'/);
    const filter = { kind: 'sampling_filter', vocab: 'many', seed: '0' };
    expect(sentenceOf(() => checkFile(write(filter, { logits: ones([1, 1, 8]) })))).toMatch(
      /metadata 'vocab': expected an integer from 1, got 'many'/,
    );
    expect(sentenceOf(() => checkFile(write({ kind: 'sar', seed: '0', config: '{"ch": 32}' })))).toMatch(/metadata 'config'/); // prettier-ignore
    using scales = new GoldenFile(write({ list: '[1, 0]', text: '[' }));
    expect(sentenceOf(() => scales.scales('list'))).toMatch(/expected a list of sides/);
    expect(sentenceOf(() => scales.scales('text'))).toMatch(/metadata 'text'/);
  });
  test('a file that is cut short, no JSON, an empty or absent folder', () => {
    const cut = join(temporary(), 'cut.safetensors');
    writeFileSync(cut, Buffer.alloc(100, 1));
    expect(sentenceOf(() => checkFile(cut))).toMatch(/not a whole safetensors file/);
    const json = join(temporary(), 'x_keys.json');
    writeFileSync(json, '{"tokenizer": 1}');
    expect(sentenceOf(() => checkFile(json))).toMatch(/expected names and shapes/);
    expect(sentenceOf(() => [...checkFolder(temporary())])).toMatch(/expected golden files .*found none/);
    expect(sentenceOf(() => [...checkFolder('/nonexistent')])).toMatch(/no such file or folder/);
  });
  test('keys that differ are named', () => {
    const place = join(temporary(), 'b_keys.json');
    const { generator, tokenizer } = JSON.parse(readFileSync(join(folder, 'var_d16_keys.json'), 'utf8')) as Record<string, object>; // prettier-ignore
    writeFileSync(place, JSON.stringify({ generator: { ...generator, nonsense: [1] }, tokenizer: { ...tokenizer, 'post_quant_conv.bias': [3] } })); // prettier-ignore
    const { checks } = checkFile(place);
    expect(checks.map(({ ok }) => ok)).toEqual([false, false]);
    expect(checks[0]!.detail).toMatch(/post_quant_conv.bias/);
    expect(checks[1]!.detail).toMatch(/nonsense/);
  });
});

describe('comparisons', () => {
  test('floats and numbers are relative; shapes and numbers that are none fail', () => {
    scope(() => {
      const a = tensor([3, 4]);
      expect(compareFloats('a', tensor([3.0005, 4]), a).ok).toBe(true); // an error of 1e-4 exactly is 5e-4 of 5
      expect(compareFloats('a', tensor([3.001, 4]), a).ok).toBe(false);
      expect(compareFloats('a', tensor([NaN, 4]), a).ok).toBe(false);
      expect(compareFloats('a', tensor([3]), a).detail).toBe('expected shape [2], got [1]');
      expect(compareNumber('n', 1 + 2e-5, 1, 1e-5).ok).toBe(false);
      expect(compareNumber('n', NaN, 1, 1).ok).toBe(false);
      expect(compareIntegers('i', tensor([1, 2]), tensor([1, 3])).ok).toBe(false);
    });
  });
  test('indices may differ only where the margin does not decide', () => {
    scope(() => {
      const [found, expected] = [tensor([1, 2, 3]), tensor([1, 2, 4])];
      const compare = (margins: Tensor | number) => compareChoices('i', found, expected, margins);
      expect(compare(tensor([1, 1, 1])).check.ok).toBe(false);
      expect(compare(tensor([1, 1, 1e-4]))).toMatchObject({ equal: false, check: { ok: true } });
      expect(compare(2e-3).check.ok).toBe(false);
      expect(compare(9e-4)).toMatchObject({ equal: false, check: { ok: true } });
      expect(compareChoices('i', found, found, Infinity)).toMatchObject({ equal: true, check: { ok: true } });
    });
  });
  test('the hash sequence is a function of name, place and seed', () => {
    // by the definition, in exact integers
    const byDefinition = (name: string, i: number, seed: number): number => {
      const word = 2n ** 32n;
      let hash = 0x811c9dc5n;
      for (const character of name) hash = ((hash ^ BigInt(character.charCodeAt(0))) * 0x01000193n) % word;
      let x = (BigInt(i) * 0x9e3779b1n + hash + BigInt(seed) * 0x85ebca6bn) % word;
      x ^= x >> 16n;
      x = (x * 0x7feb352dn) % word;
      x ^= x >> 15n;
      x = (x * 0x846ca68bn) % word;
      x ^= x >> 16n;
      return (Number(x) / 2 ** 32) * 2 - 1;
    };
    for (const seed of [0, 1, 123_456_789]) {
      const found = hashSequence('blocks.0.attn.q_bias', 100, seed, 0.5, 2);
      const expected = Array.from({ length: 100 }, (_, i) => 0.5 + 2 * byDefinition('blocks.0.attn.q_bias', i, seed));
      expect([...found]).toEqual([...Float32Array.from(expected)]);
    }
  });
});
