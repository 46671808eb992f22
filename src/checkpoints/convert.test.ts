// Checkpoints rewritten from one format into the other and back, described, and loaded as models.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { initialiseGenerator, initialiseTokenizer, Var, varConfig } from '../models/index.js';
import { loadWeights, type Module, saveWeights } from '../nn/index.js';
import { loadModels } from '../recipes/index.js';
import { sample } from '../sampling/index.js';
import { VarTokenizer, varTokenizerConfig } from '../tokenizers/index.js';
import { Generator, scope, type Tensor, tensor, zeros } from '../torch/index.js';
import { sentenceOf } from '../../test/sentence.js';
import { convertCheckpoint, describeFile, openCheckpoint } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'scalewise-convert-'));
const at = (name: string) => join(folder, name);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const scales = [1, 2, 3];
const sizes = { vocabularySize: 40, codeWidth: 4 };
const tokenizer = new VarTokenizer(varTokenizerConfig.parse({ ...sizes, channels: 32, multipliers: [1, 2], resBlocks: 1 })); // prettier-ignore
const generator = new Var(varConfig.parse({ ...sizes, depth: 2, width: 16, heads: 2, classes: 5, scales, sharedAdaLn: true })); // prettier-ignore
initialiseTokenizer(tokenizer, new Generator(1));
tokenizer.to({ memoryFormat: 'channelsLast' }); // as loaded ones are: the other layout rounds differently
initialiseGenerator(generator, new Generator(2), { gate: 0.5 });
afterAll(() => {
  tokenizer.dispose();
  generator.dispose();
});

/** A trainer's file: both state dicts under their prefixes, with buffers as published files have them. */
function trainerFile(): string {
  const inside = (prefix: string, module: Module) =>
    Array.from(module.stateDict(), ([name, one]): [string, Tensor] => [prefix + name, one]);
  scope(() => {
    const levels = tensor([[0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]], { dtype: 'int64' });
    const tensors = new Map([
      ...inside('trainer.vae_local.', tokenizer),
      ...inside('trainer.var_wo_ddp.', generator),
      ['trainer.var_wo_ddp.lvl_1L', levels],
      ['trainer.var_wo_ddp.blocks.0.attn.zero_k_bias', zeros([16])],
    ]);
    saveWeights(at('trainer.safetensors'), tensors);
  });
  return at('trainer.safetensors');
}

describe('a trainer’s file', () => {
  const input = trainerFile();
  test('is described by its tensors alone', () => {
    const { models, dtypes, format } = describeFile(input);
    expect(format).toBe('safetensors');
    expect(models.map(({ kind, family, prefix }) => [kind, family, prefix])).toEqual([
      ['generator', 'var', 'trainer.var_wo_ddp.'],
      ['tokenizer', 'var', 'trainer.vae_local.'],
    ]);
    expect(models[0]).toMatchObject({ parameters: generator.parameterCount(), config: { depth: 2, scales, sharedAdaLn: true } }); // prettier-ignore
    expect(models[0]!.buffers).toEqual(['lvl_1L', 'blocks.0.attn.zero_k_bias']);
    expect(dtypes).toMatchObject({ I64: 1 });
  });
  test('is ambiguous until a state dict is chosen', () => {
    expect(() => convertCheckpoint(input, at('x.pth'))).toThrow(
      /holds a generator .*, a tokenizer .*; take one out with/,
    );
  });
  test('gives models to .pth and back, bit for bit, buffers included', () => {
    const there = convertCheckpoint(input, at('generator.pth'), { select: 'trainer.var_wo_ddp' });
    expect(there).toMatchObject({ prefix: 'trainer.var_wo_ddp.', tensors: generator.stateDict().size + 2 });
    convertCheckpoint(input, at('tokenizer.pth'), { kind: 'tokenizer' });
    convertCheckpoint(at('generator.pth'), at('again.safetensors'));
    const { metadata, tensors } = loadWeights(at('again.safetensors'));
    expect(metadata).toMatchObject({ kind: 'generator', family: 'var' });
    for (const [name, one] of generator.stateDict()) {
      expect(tensors.get(name)!.toArray(), name).toEqual(one.toArray());
    }
    expect(tensors.has('lvl_1L')).toBe(true);
    for (const one of tensors.values()) one.dispose();
  });
  test('can be stored smaller', () => {
    const { bytes } = convertCheckpoint(at('tokenizer.pth'), at('small.safetensors'), { dtype: 'bfloat16' });
    expect(bytes).toBe(2 * tokenizer.parameterCount());
    expect(describeFile(at('small.safetensors')).dtypes).toEqual({ BF16: tokenizer.stateDict().size });
  });
  test('is sampled from as it is, without metadata', () => {
    const { generator: loaded, tokenizer: itsOwn, card } = loadModels(at('generator.pth'), at('tokenizer.pth'));
    expect(card).toMatchObject({ scales, classes: ['0', '1', '2', '3', '4'] });
    scope(() => {
      const options = { labels: [3], seeds: [1], scales };
      const images = [[generator, tokenizer] as const, [loaded, itsOwn] as const].map((pair) => {
        for (const record of sample(...pair, options)) if (record.index === 2) return record.image().toArray();
        return [];
      });
      expect(images[0]!.length).toBe(3 * 6 * 6);
      expect(images[1]).toEqual(images[0]);
    });
    loaded.dispose();
    itsOwn.dispose();
  });
});

test('mistakes are sentences, and leave nothing behind', () => {
  expect(sentenceOf(() => convertCheckpoint(at('generator.pth'), at('y.bin')))).toMatch(/ends in .safetensors or .pth/);
  expect(sentenceOf(() => convertCheckpoint(at('none.pth'), at('y.pth')))).toMatch(/none.pth: no such file/);
  const whole = readFileSync(at('generator.pth'));
  writeFileSync(at('cut.pth'), whole.subarray(0, whole.length / 2));
  expect(sentenceOf(() => convertCheckpoint(at('cut.pth'), at('y.safetensors')))).toMatch(/cut.pth/);
  expect(sentenceOf(() => openCheckpoint(at('y.safetensors')))).toMatch(/no such file/);
});
