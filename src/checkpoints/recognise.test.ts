// Published names and shapes are told apart from each other, from small models and from other people's files.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generatorFamilies } from '../models/index.js';
import type { Module } from '../nn/index.js';
import { tokenizerFamilies } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { chooseStateDict, recognise, type Shapes, unwrap } from './index.js';

type Plain = Record<string, number[]>;
const integers = new Set(['lvl_1L']);
const shapesOf = (plain: Plain): Shapes =>
  new Map(Object.entries(plain).map(([name, shape]) => [name, { dtype: integers.has(name) ? 'I64' : 'F32', shape }]));
const published = (family: string) =>
  JSON.parse(readFileSync(new URL(`../../test/golden/${family}_d16_keys.json`, import.meta.url), 'utf8')) as Record<'tokenizer' | 'generator', Plain>; // prettier-ignore
const [flexvar, var_] = [published('flexvar'), published('var')];

/** The key list of a d16 generator as one of another depth would have it. */
function deeper(d16: Plain, depth: number, shared: boolean, tokens = 680): Plain {
  const width = 64 * depth;
  const resized = (name: string) => (size: number, dimension: number) => {
    if (name.startsWith('head.') && dimension === 0) return size; // the codes
    if (size === 680 || size === 16) return size === 680 ? tokens : depth;
    return size % 1024 ? size : (size / 1024) * width;
  };
  const plain: Plain = shared
    ? { 'shared_ada_lin.1.weight': [6 * width, width], 'shared_ada_lin.1.bias': [6 * width] }
    : {};
  for (const [name, shape] of Object.entries(d16).filter(([one]) => !/^blocks\.[1-9]/.test(one)))
    for (let i = 0; i < (name.startsWith('blocks.') ? depth : 1); i++) {
      const own = name.replace('blocks.0.', `blocks.${i}.`);
      if (shared && /^blocks.*ada_lin/.test(own)) plain[`blocks.${i}.ada_gss`] = [1, 1, 6, width];
      else plain[own] = shape.map(resized(name));
    }
  return plain;
}

/** The shapes of a small model of ours. */
function shapesOfModel(model: Module): Plain {
  const plain = Object.fromEntries(Array.from(model.namedParameters(), ([name, one]) => [name, [...one.shape]]));
  model.dispose();
  return plain;
}

const scales256 = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16];
const scales512 = [1, 2, 3, 4, 6, 9, 13, 18, 24, 32];

describe('published files', () => {
  test("FlexVAR's d16", () => {
    const found = recognise(shapesOf(flexvar.generator), 'x.pth');
    expect(found).toMatchObject({ kind: 'generator', family: 'flexvar', parameters: 315_561_936 });
    expect(found.config).toEqual({ depth: 16, width: 1024, heads: 16, classes: 1000, vocabularySize: 8912, codeWidth: 32, positionSide: 32, pathDrop: 0.1 * 16 / 24 }); // prettier-ignore
    expect(new Set(found.buffers.map((name) => name.replace(/\d+/, '#')))).toEqual(new Set(['attn_bias_for_masking', 'blocks.#.attn.zero_k_bias'])); // prettier-ignore
    expect(found.names).toHaveLength(218 - 17);
  });
  test("VAR's d16", () => {
    const found = recognise(shapesOf(var_.generator), 'x.pth');
    expect(found).toMatchObject({ kind: 'generator', family: 'var', parameters: 310_283_520 });
    expect(found.config).toEqual({ depth: 16, width: 1024, heads: 16, classes: 1000, vocabularySize: 4096, codeWidth: 32, scales: scales256, sharedAdaLn: false, pathDrop: 0.1 * 16 / 24 }); // prettier-ignore
    expect(found.buffers).toContain('lvl_1L');
  });
  test('the tokenizers', () => {
    const flex = recognise(shapesOf(flexvar.tokenizer), 'x.pth');
    expect(flex).toMatchObject({ kind: 'tokenizer', family: 'flexvar', parameters: 72_049_827 });
    expect(flex.config).toEqual({ channels: 128, multipliers: [1, 1, 2, 2, 4], resBlocks: 2, zChannels: 256, codeWidth: 32, vocabularySize: 8912, normGroups: 32 }); // prettier-ignore
    expect(flex.buffers).toEqual(['quantize.codebook_used']);
    const residual = recognise(shapesOf(var_.tokenizer), 'x.pth');
    expect(residual).toMatchObject({ kind: 'tokenizer', family: 'var', parameters: 108_948_355 });
    expect(residual.config).toEqual({ channels: 160, multipliers: [1, 1, 2, 2, 4], resBlocks: 2, codeWidth: 32, vocabularySize: 4096, normGroups: 32, phis: 4, phiRatio: 0.5 }); // prettier-ignore
    expect(residual.buffers).toEqual(['quantize.ema_vocab_hit_SV']);
  });
  test.each([
    [var_.generator, 20, false, 680, 600_917_136],
    [var_.generator, 24, false, 680, 1_033_399_360],
    [var_.generator, 30, false, 680, 2_010_020_356],
    [var_.generator, 36, true, 2240, 2_353_893_904],
    [flexvar.generator, 20, false, 680, 607_513_952],
    [flexvar.generator, 24, false, 680, 1_041_314_576],
  ])('deeper generators %#', (d16, depth, shared, tokens, parameters) => {
    const found = recognise(shapesOf(deeper(d16, depth, shared, tokens)), 'x.pth');
    expect(found.config).toMatchObject({ depth, width: 64 * depth, heads: depth });
    expect(found.parameters).toBe(parameters);
    if (found.family === 'var')
      expect(found.config).toMatchObject({ sharedAdaLn: shared, scales: tokens === 680 ? scales256 : scales512 });
  });
  test('a buffer of another length, as a training with random scales leaves it, is none of our business', () => {
    const stored = { ...flexvar.generator, attn_bias_for_masking: [1, 1, 632, 632] };
    expect(recognise(shapesOf(stored), 'x.pth').config['positionSide']).toBe(32);
  });
});

describe('models of ours', () => {
  test.each([
    ['flexvar', { depth: 2, width: 24, heads: 3, classes: 5, vocabularySize: 16, codeWidth: 4, positionSide: 6 }, 0],
    ['var', { depth: 3, width: 16, heads: 2, classes: 7, vocabularySize: 16, codeWidth: 4, scales: [1, 2, 3] }, 14],
    ['var', { depth: 1, width: 16, heads: 2, classes: 7, vocabularySize: 16, codeWidth: 4, scales: [2, 4], sharedAdaLn: true }, 20], // prettier-ignore
  ] as const)('a small %s generator', (family, sizes, tokens) => {
    const config = generatorFamilies[family].config.parse(sizes) as Record<string, unknown>;
    const shapes = { ...shapesOfModel(generatorFamilies[family].make(config)), ...(tokens && { lvl_1L: [1, tokens] }) };
    const scales = 'scales' in sizes ? sizes.scales : [];
    const levels = () => scales.flatMap((side, level) => Array<number>(side * side).fill(level));
    expect(recognise(shapesOf(shapes), 'x.pth', { levels }).config).toEqual(config);
  });
  test.each([
    ['flexvar', { channels: 8, multipliers: [1, 2], resBlocks: 1, zChannels: 6, codeWidth: 4, vocabularySize: 16, normGroups: 4 }], // prettier-ignore
    ['var', { channels: 8, multipliers: [1, 1, 4], resBlocks: 2, codeWidth: 4, vocabularySize: 16, normGroups: 4, phis: 3 }], // prettier-ignore
  ] as const)('a small %s tokenizer', (family, sizes) => {
    const config = tokenizerFamilies[family].config.parse(sizes) as Record<string, unknown>;
    const shapes = shapesOf(shapesOfModel(tokenizerFamilies[family].make(config)));
    expect(recognise(shapes, 'x.pth', { normGroups: 4 }).config).toEqual(config);
    expect(() => recognise(shapes, 'x.pth')).toThrow(/should have 32 groups, which do not divide its 8 channels; .* --norm-groups/); // prettier-ignore
  });
});

describe('other files end in a sentence', () => {
  const without = (plain: Plain, pattern: RegExp) =>
    Object.fromEntries(Object.entries(plain).filter(([name]) => !pattern.test(name)));
  test.each<[string, Plain, RegExp]>([
    ['nothing', {}, /expected the state dict of a VAR or FlexVAR tokenizer or generator, found no tensors at all/],
    ['an Inception', { 'Conv2d_1a_3x3.conv.weight': [32, 3, 3, 3], 'fc.weight': [1008, 2048] }, /found 2 tensors \('Conv2d_1a_3x3\.conv\.weight', 'fc\.weight'\)/], // prettier-ignore
    ['a Llama', { 'model.embed_tokens.weight': [32000, 4096], 'model.layers.0.self_attn.q_proj.weight': [4096, 4096], 'lm_head.weight': [32000, 4096], 'model.norm.weight': [4096] }, /found 4 tensors \(.*, …\)/], // prettier-ignore
    ['a tokenizer and a generator in one', { ...var_.tokenizer, ...var_.generator }, /holds a generator at the top, a tokenizer at the top; take one out/], // prettier-ignore
    ['a generator with a tokenizer\'s encoder', { ...flexvar.generator, 'encoder.conv_in.weight': [128, 3, 3, 3] }, /unexpected tensor 'encoder\.conv_in\.weight'/], // prettier-ignore
    ['no QK normalisation', without(var_.generator, /scale_mul/), /no normalised queries and keys/],
    ['a block that is missing', without(var_.generator, /blocks\.7\./), /unexpected tensor 'blocks\.8\./],
    ['a tensor that is missing', without(var_.generator, /^head\.bias$/), /expected a tensor 'head\.bias', found none/],
    ['a shape that is wrong', { ...var_.generator, 'word_embed.bias': [1023] }, /'word_embed\.bias' should be \[1024\], is \[1023\]/], // prettier-ignore
    ['a head without a dimension', { ...var_.generator, 'head.weight': [] }, /'head\.weight' of at least 1 dimensions, found one of the shape \[\]/], // prettier-ignore
    ['an empty embedding', { ...var_.generator, 'word_embed.weight': [1024, 0] }, /those of no generator: codeWidth/],
    ['unknown scales', deeper(var_.generator, 16, false, 700), /its 700 tokens in 10 scales are those of no published list/], // prettier-ignore
    ['positions of neither family', { ...var_.generator, pos_1LC: [680, 1024] }, /'pos_1LC' of 3 dimensions \(VAR\) or 4 \(FlexVAR\), found 2/], // prettier-ignore
    ['shared AdaLN in FlexVAR', deeper(flexvar.generator, 16, true), /FlexVAR generator with shared AdaLN is not supported/], // prettier-ignore
    ['a VQGAN without φ', without(var_.tokenizer, /quant_resi/), /convolutions 'quantize\.quant_resi\.qresi_ls' of a VAR tokenizer, found none/], // prettier-ignore
    ['an encoder of other names', without(flexvar.tokenizer, /encoder\.conv_blocks/), /levels 'down' \(VAR\) or 'conv_blocks' \(FlexVAR\), found neither/], // prettier-ignore
    ['levels that are no multiples', { ...flexvar.tokenizer, 'encoder.conv_blocks.2.res.0.conv1.weight': [200, 128, 3, 3] }, /those of no tokenizer: multipliers/], // prettier-ignore
  ])('%s', (_, plain, sentence) => {
    const attempt = () => recognise(shapesOf(plain), 'x.pth');
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(sentence);
    expect(attempt).toThrow(/^x\.pth: /);
  });
  test('levels that are no squares', () => {
    const shapes = shapesOf(deeper(var_.generator, 16, false, 700));
    expect(() => recognise(shapes, 'x.pth', { levels: () => Array<number>(700).fill(3) })).toThrow(/no published list/);
  });
  test('quantised weights', () => {
    const shapes = new Map(shapesOf(var_.generator)).set('head.weight', { dtype: 'I8', shape: [4096, 1024] });
    expect(() => recognise(shapes, 'x.pth')).toThrow(/'head\.weight' should hold floating-point numbers, holds I8/);
  });
});

describe('wrappers', () => {
  const names = (...prefixes: [Plain, string][]) =>
    new Set(prefixes.flatMap(([plain, prefix]) => Object.keys(plain).map((name) => prefix + name)));
  const trainer = names(
    [var_.generator, 'trainer.var_wo_ddp.'],
    [var_.tokenizer, 'trainer.vae_local.'],
    [{ 'trainer.var_opt.optimizer.state.0.exp_avg': [1] }, ''],
  );

  test.each(['', 'model.', 'state_dict.', 'module.', '_orig_mod.', 'ema.', 'state_dict.module._orig_mod.'])(
    '%s',
    (prefix) => {
      // prettier-ignore
      expect(unwrap(names([flexvar.tokenizer, prefix]))).toEqual([{ kind: 'tokenizer', prefix }]);
      expect(unwrap(names([flexvar.generator, prefix]))).toEqual([{ kind: 'generator', prefix }]);
    },
  );
  test("a trainer's checkpoint holds two, of which the kind or the prefix chooses", () => {
    expect(unwrap(trainer)).toHaveLength(2);
    expect(chooseStateDict(trainer, 'x.pth', { kind: 'generator' }).prefix).toBe('trainer.var_wo_ddp.');
    expect(chooseStateDict(trainer, 'x.pth', { select: 'trainer.vae_local' }).kind).toBe('tokenizer');
  });
  test.each([
    [{}, /holds a generator under trainer\.var_wo_ddp, a tokenizer under trainer\.vae_local; take one out with/], // prettier-ignore
    [{ select: 'trainer' }, /take one out with/],
    [{ select: 'trainer.vae_locl' }, /no state dict under 'trainer\.vae_locl'; did you mean 'trainer\.vae_local'\?; it holds a generator under/], // prettier-ignore
    [{ select: 'trainer.vae' }, /no state dict under 'trainer\.vae'/],
    [{ kind: 'tokenizer', select: 'trainer.var_wo_ddp' }, /no tokenizer under 'trainer\.var_wo_ddp'/],
  ] as const)('%o', (wanted, sentence) => {
    expect(() => chooseStateDict(trainer, 'x.pth', wanted)).toThrow(sentence);
  });
  test('a tokenizer where a generator was expected, and two of a kind', () => {
    expect(() => chooseStateDict(names([var_.tokenizer, '']), 'x.pth', { kind: 'generator' })).toThrow(
      'x.pth: expected a generator, it holds a tokenizer at the top',
    );
    const both = names([var_.generator, 'model.'], [var_.generator, 'ema.']);
    expect(() => chooseStateDict(both, 'x.pth')).toThrow(/a generator under model, a generator under ema/);
    expect(chooseStateDict(both, 'x.pth', { select: 'ema' }).prefix).toBe('ema.');
    const nested = names([var_.generator, ''], [var_.generator, 'ema.'], [var_.generator, 'ema.slow.']);
    for (const select of ['', 'ema', 'ema.slow'])
      expect(chooseStateDict(nested, 'x.pth', { select }).prefix).toBe(select && `${select}.`);
  });
});
