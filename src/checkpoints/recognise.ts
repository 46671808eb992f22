// What a state dict is of, told from its names and shapes alone: the configuration is read off them, and the model of that configuration must have
// exactly these tensors.
import { generatorFamilies } from '../models/index.js';
import type { Module } from '../nn/index.js';
import { type Family, tokenizerFamilies } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';
import { generatorGuess, type Guess, type Hidden, type Shapes, tokenizerGuess } from './configurations.js';
import { chooseStateDict, type ModelKind } from './stateDicts.js';

/** What a state dict is. */
export interface Recognised {
  kind: ModelKind;
  family: Family;
  /** As the family's schema gives it. */
  config: Record<string, unknown>;
  /** Names of the parameters. */
  names: string[];
  /** Names of tensors that are there and that the model rebuilds or does not need. */
  buffers: string[];
  /** Number of elements of all parameters. */
  parameters: number;
}

const floats = ['F64', 'F32', 'F16', 'BF16'];

/** Refuses tensors that the model does not have, or has with another shape, and tells the buffers from the parameters. */
function compare(model: Module, shapes: Shapes, buffer: RegExp, where: string): Pick<Recognised, 'names' | 'buffers'> {
  const own = model.stateDict();
  for (const [name, { shape }] of own) {
    const found = shapes.get(name);
    if (!found)
      throw new UsageError(`${where}: expected a tensor '${name}', found none; is the file of another model?`);
    if (found.shape.join() !== shape.join())
      throw new UsageError(`${where}: '${name}' should be [${shape.join(', ')}], is [${found.shape.join(', ')}]; is the file of another model?`); // prettier-ignore
    if (!floats.includes(found.dtype))
      throw new UsageError(`${where}: '${name}' should hold floating-point numbers, holds ${found.dtype}; take weights that are not quantised`); // prettier-ignore
  }
  const buffers = [...shapes.keys()].filter((name) => !own.has(name));
  const unknown = buffers.find((name) => !buffer.test(name));
  if (unknown !== undefined)
    throw new UsageError(`${where}: unexpected tensor '${unknown}'${didYouMean(unknown, own.keys())}; is the file of another model?`); // prettier-ignore
  return { names: [...own.keys()], buffers };
}

/** Takes a configuration for the truth if the model that it makes has these tensors. */
export function verify(kind: ModelKind, { family, config }: Guess, shapes: Shapes, where: string): Recognised {
  const entry = kind === 'generator' ? generatorFamilies[family] : tokenizerFamilies[family];
  const parsed = entry.config.safeParse(config);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`${where}: its tensors are those of no ${kind}: ${issue!.path.join('.')}: ${issue!.message}`);
  }
  const model = entry.make(parsed.data) as Module; // its parameters take no memory before they are written to
  try {
    const { names, buffers } = compare(model, shapes, entry.buffers, where);
    return { kind, family, config: parsed.data as Guess['config'], names, buffers, parameters: model.parameterCount() };
  } finally {
    model.dispose();
  }
}

/**
 * Tells what a state dict is of.
 * @param shapes its tensors, a wrapper's prefix removed
 * @param where the file, for the sentences
 * @throws UsageError where it is no tokenizer and no generator, or differs from every one that there can be
 */
export function recognise(shapes: Shapes, where: string, hidden: Hidden = {}): Recognised {
  const { kind } = chooseStateDict(new Set(shapes.keys()), where);
  const guess = kind === 'generator' ? generatorGuess(shapes, where, hidden) : tokenizerGuess(shapes, where, hidden);
  return verify(kind, guess, shapes, where);
}
