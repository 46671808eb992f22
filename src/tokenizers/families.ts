// The families' tokenizers in one table: configuration, buffers of published files, and the class.
import type { z } from 'zod';
import {
  FlexVarTokenizer,
  flexVarTokenizerBuffers,
  flexVarTokenizerConfig,
  type FlexVarTokenizerConfig,
} from './flexVarTokenizer.js';
import type { Family, Tokenizer } from './tokenizer.js';
import { VarTokenizer, varTokenizerBuffers, varTokenizerConfig, type VarTokenizerConfig } from './varTokenizer.js';

/** What is to be known of a family to make its models from files. */
export interface FamilyEntry<Model> {
  config: z.ZodType;
  /** Names that published checkpoints carry and that are rebuilt or hold nothing. */
  buffers: RegExp;
  /** A model of a parsed configuration, not initialised. */
  make: (config: unknown) => Model;
}

export const tokenizerFamilies: Record<Family, FamilyEntry<Tokenizer>> = {
  flexvar: {
    config: flexVarTokenizerConfig,
    buffers: flexVarTokenizerBuffers,
    make: (config) => new FlexVarTokenizer(config as FlexVarTokenizerConfig),
  },
  var: {
    config: varTokenizerConfig,
    buffers: varTokenizerBuffers,
    make: (config) => new VarTokenizer(config as VarTokenizerConfig),
  },
};

/** Whether a text names a family. */
export function isFamily(text: string | undefined): text is Family {
  return text !== undefined && Object.hasOwn(tokenizerFamilies, text);
}
