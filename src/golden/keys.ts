// Checks a `*_keys.json` file: names and shapes of published checkpoints must be those of a model of ours, and nothing else may be in them.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { recognise, type Shapes } from '../checkpoints/index.js';
import { UsageError } from '../util/errors.js';
import type { Check } from './report.js';

const shapes = z.record(z.string(), z.array(z.int().min(0)));
const keyFile = z.object({ tokenizer: shapes, generator: shapes });

/** All checks of one file. */
export function checkKeys(path: string): Check[] {
  let keys;
  try {
    keys = keyFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new UsageError(`${path}: expected names and shapes of 'tokenizer' and 'generator'`, { cause: error });
  }
  return [check('tokenizer', keys.tokenizer), check('generator', keys.generator)];
}

function check(part: 'tokenizer' | 'generator', published: z.output<typeof shapes>): Check {
  const name = `${part} keys`;
  const facts: Shapes = new Map(Object.entries(published).map(([key, shape]) => [key, { dtype: 'F32', shape }]));
  try {
    const { kind, family, names, buffers } = recognise(facts, part);
    return {
      name,
      ok: kind === part,
      detail: `${names.length} names of a ${family} ${kind}, ${buffers.length} buffers`,
    };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { name, ok: false, detail: error.message };
  }
}
