// The families' generators in one table: configuration, buffers of published files, and the class.
import type { Family, FamilyEntry } from '../tokenizers/index.js';
import { FlexVar, flexVarBuffers, flexVarConfig, type FlexVarConfig } from './flexVar.js';
import type { ScaleTransformer } from './transformer.js';
import { Var, varBuffers, varConfig, type VarConfig } from './var.js';

/** What is to be known of a family to make its generators, from files and for training. */
export interface GeneratorFamily extends FamilyEntry<ScaleTransformer> {
  /** What of the configuration follows from the scales that a generator is to be trained on. */
  sizesFor: (scales: readonly number[]) => object;
}

export const generatorFamilies: Record<Family, GeneratorFamily> = {
  flexvar: {
    config: flexVarConfig,
    buffers: flexVarBuffers,
    make: (config) => new FlexVar(config as FlexVarConfig),
    sizesFor: () => ({}),
  },
  var: {
    config: varConfig,
    buffers: varBuffers,
    make: (config) => new Var(config as VarConfig),
    sizesFor: (scales) => ({ scales }),
  },
};
