// A model's configuration, read off the names and shapes of its tensors.
import type { Family } from '../tokenizers/index.js';
import { tokenCount } from '../tokenizers/index.js';
import { varScales } from '../models/index.js';
import { UsageError } from '../util/errors.js';

/** A tensor as a file lists it. */
export interface TensorFacts {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The tensors of one state dict, by their names without a wrapper's prefix. */
export type Shapes = ReadonlyMap<string, TensorFacts>;

/** What no shape tells. */
export interface Hidden {
  /** The values of `lvl_1L`, the scale of each token of a VAR generator; asked for where its scales are not among the published ones. */
  levels?: (() => readonly number[]) | undefined;
  /** Groups of a tokenizer's normalisations; 32 in every published one. */
  normGroups?: number | undefined;
}

/** A configuration before its schema has seen it. */
export interface Guess {
  family: Family;
  config: Record<string, unknown>;
}

const publishedGroups = 32;

/** One dimension of a tensor. */
function size(shapes: Shapes, where: string, name: string, dimension: number): number {
  const found = shapes.get(name)?.shape[dimension];
  if (found !== undefined) return found;
  const has = shapes.has(name) ? `one of the shape [${shapes.get(name)!.shape.join(', ')}]` : 'none';
  throw new UsageError(`${where}: expected a tensor '${name}' of at least ${dimension + 1} dimensions, found ${has}`);
}

/** How many consecutive numbers 0, 1, … occur in the place of `#`. */
function countOf(shapes: Shapes, pattern: string): number {
  let count = 0;
  while (shapes.has(pattern.replace('#', String(count)))) count++;
  return count;
}

/** The sides of a VAR generator's scales: a published list by its number of tokens, else from the level of each token. */
function scalesOf(shapes: Shapes, where: string, levels: Hidden['levels']): number[] {
  const [tokens, count] = [size(shapes, where, 'pos_1LC', 1), size(shapes, where, 'lvl_embed.weight', 0)];
  const published = varScales[tokens];
  if (published?.length === count) return [...published];
  const values = levels?.() ?? [];
  const areas = Array.from({ length: count }, (_, level) => values.filter((one) => one === level).length);
  const sides = areas.map(Math.sqrt);
  if (sides.every((side) => side > 0 && Number.isInteger(side)) && tokenCount(sides) === tokens) return sides;
  throw new UsageError(
    `${where}: its ${tokens} tokens in ${count} scales are those of no published list of scales, and no tensor 'lvl_1L' tells the scale of each token`,
  );
}

/** The configuration of a generator. */
export function generatorGuess(shapes: Shapes, where: string, { levels }: Hidden = {}): Guess {
  if (!shapes.has('blocks.0.attn.scale_mul_1H11'))
    throw new UsageError(
      `${where}: its attention has no normalised queries and keys (no 'scale_mul_1H11'), as early checkpoints of VAR; take a published one with \`scalewise pull\``,
    );
  const sizes = {
    depth: countOf(shapes, 'blocks.#.attn.mat_qkv.weight'),
    width: size(shapes, where, 'class_emb.weight', 1),
    heads: size(shapes, where, 'blocks.0.attn.scale_mul_1H11', 1),
    classes: size(shapes, where, 'class_emb.weight', 0) - 1,
    vocabularySize: size(shapes, where, 'head.weight', 0),
    codeWidth: size(shapes, where, 'word_embed.weight', 1),
  };
  const shared = shapes.has('shared_ada_lin.1.weight');
  const dimensions = shapes.get('pos_1LC')?.shape.length;
  if (dimensions === 3)
    return { family: 'var', config: { ...sizes, scales: scalesOf(shapes, where, levels), sharedAdaLn: shared } };
  if (dimensions !== 4)
    throw new UsageError(
      `${where}: expected positions 'pos_1LC' of 3 dimensions (VAR) or 4 (FlexVAR), found ${dimensions ?? 'none'}`,
    );
  if (shared)
    throw new UsageError(`${where}: a FlexVAR generator with shared AdaLN is not supported: none was published`);
  return { family: 'flexvar', config: { ...sizes, positionSide: size(shapes, where, 'pos_1LC', 2) } };
}

function groupsOf(channels: number, where: string, given: number | undefined): number {
  const groups = given ?? publishedGroups;
  if (channels % groups === 0) return groups;
  throw new UsageError(
    `${where}: its normalisations should have ${groups} groups, which do not divide its ${channels} channels; no tensor tells their number, give it with --norm-groups`,
  );
}

/** Where a family's tokenizer keeps its levels, and which sizes it has of its own. */
interface TokenizerLayout {
  level: string;
  block: string;
  own: (shapes: Shapes, where: string) => Record<string, unknown>;
}

const tokenizerLayouts: Record<Family, TokenizerLayout> = {
  flexvar: {
    level: 'encoder.conv_blocks',
    block: 'res',
    own: (shapes, where) => ({ zChannels: size(shapes, where, 'quant_conv.weight', 1) }),
  },
  var: {
    level: 'encoder.down',
    block: 'block',
    own: (shapes, where) => {
      const phis = countOf(shapes, 'quantize.quant_resi.qresi_ls.#.weight');
      if (phis > 0) return { phis };
      throw new UsageError(
        `${where}: expected the convolutions 'quantize.quant_resi.qresi_ls' of a VAR tokenizer, found none`,
      );
    },
  },
};

/** The configuration of a tokenizer. */
export function tokenizerGuess(shapes: Shapes, where: string, { normGroups }: Hidden = {}): Guess {
  const channels = size(shapes, where, 'encoder.conv_in.weight', 0);
  const families = Object.keys(tokenizerLayouts) as Family[];
  const firstOf = ({ level, block }: TokenizerLayout) => `${level}.0.${block}.0.conv1.weight`;
  const family = families.find((one) => shapes.has(firstOf(tokenizerLayouts[one])));
  if (family === undefined)
    throw new UsageError(
      `${where}: expected an encoder with levels 'down' (VAR) or 'conv_blocks' (FlexVAR), found neither`,
    );
  const { level, block, own } = tokenizerLayouts[family];
  const widths = Array.from({ length: countOf(shapes, `${level}.#.${block}.0.conv1.weight`) }, (_, i) =>
    size(shapes, where, `${level}.${i}.${block}.0.conv1.weight`, 0),
  );
  const common = {
    channels,
    multipliers: widths.map((width) => width / channels),
    resBlocks: countOf(shapes, `${level}.0.${block}.#.conv1.weight`),
    codeWidth: size(shapes, where, 'quantize.embedding.weight', 1),
    vocabularySize: size(shapes, where, 'quantize.embedding.weight', 0),
    normGroups: groupsOf(channels, where, normGroups),
  };
  return { family, config: { ...common, ...own(shapes, where) } };
}
