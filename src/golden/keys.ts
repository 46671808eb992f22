// Checks a `*_keys.json` file: names and shapes of our state dicts against those of published FlexVAR checkpoints.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { FlexVar, flexVarBuffers, flexVarConfig } from '../models/index.js';
import type { Module } from '../nn/index.js';
import { FlexVarTokenizer, flexVarTokenizerBuffers, flexVarTokenizerConfig } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import type { Check } from './report.js';

const shapes = z.record(z.string(), z.array(z.int().min(0)));
const keyFile = z.object({ tokenizer: shapes, generator: shapes });
type Shapes = z.output<typeof shapes>;

/** All checks of one file; undefined where its generator is of another family. */
export function checkKeys(path: string): Check[] {
  let keys;
  try {
    keys = keyFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new UsageError(`${path}: expected names and shapes of 'tokenizer' and 'generator'`, { cause: error });
  }
  const { tokenizer, generator } = keys;
  if (generator['pos_1LC']?.length !== 4) return [];
  return [
    compareKeys('tokenizer', new FlexVarTokenizer(tokenizerSizes(tokenizer)), tokenizer, flexVarTokenizerBuffers),
    compareKeys('generator', new FlexVar(generatorSizes(generator)), generator, flexVarBuffers),
  ];
}

/** Every published name is ours or a buffer that is rebuilt, every name of ours is published, and the shapes are equal. */
function compareKeys(name: string, module: Module, published: Shapes, buffers: RegExp): Check {
  const own = new Map(Array.from(module.namedParameters(), ([key, one]) => [key, one.shape.join('×')]));
  module.dispose();
  const expected = Object.entries(published).filter(([key]) => own.has(key) || !buffers.test(key));
  const wrong = expected.filter(([key, shape]) => own.get(key) !== shape.join('×')).map(([key]) => key);
  const unpublished = [...own.keys()].filter((key) => !(key in published));
  const differing = [...wrong, ...unpublished];
  const detail = `${own.size} names, ${differing.length} differ${differing.length ? `: ${differing.slice(0, 3).join(', ')}` : ''}`;
  return { name: `${name} keys`, ok: differing.length === 0, detail };
}

/** One dimension of a published tensor. */
function size(published: Shapes, key: string, dimension: number): number {
  const found = published[key]?.[dimension];
  if (found === undefined) throw new UsageError(`keys: expected a tensor '${key}', found none`);
  return found;
}

/** How many consecutive indices 0, 1, … occur in place of `#`. */
function countOf(published: Shapes, pattern: string): number {
  let count = 0;
  while (pattern.replace('#', String(count)) in published) count++;
  return count;
}

function generatorSizes(published: Shapes) {
  return flexVarConfig.parse({
    depth: countOf(published, 'blocks.#.attn.q_bias'),
    width: size(published, 'class_emb.weight', 1),
    heads: size(published, 'blocks.0.attn.scale_mul_1H11', 1),
    classes: size(published, 'class_emb.weight', 0) - 1,
    vocabularySize: size(published, 'head.weight', 0),
    codeWidth: size(published, 'word_embed.weight', 1),
    positionSide: size(published, 'pos_1LC', 2),
  });
}

function tokenizerSizes(published: Shapes) {
  const channels = size(published, 'encoder.conv_in.weight', 0);
  const levels = countOf(published, 'encoder.conv_blocks.#.res.0.conv1.weight');
  const multipliers = Array.from(
    { length: levels },
    (_, i) => size(published, `encoder.conv_blocks.${i}.res.0.conv1.weight`, 0) / channels,
  );
  return flexVarTokenizerConfig.parse({
    channels,
    multipliers,
    resBlocks: countOf(published, 'encoder.conv_blocks.0.res.#.conv1.weight'),
    zChannels: size(published, 'quant_conv.weight', 1),
    codeWidth: size(published, 'quantize.embedding.weight', 1),
    vocabularySize: size(published, 'quantize.embedding.weight', 0),
  });
}
