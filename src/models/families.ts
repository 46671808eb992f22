// The families' generators in one table: configuration, buffers of published files, and the class.
import type { Family, FamilyEntry } from '../tokenizers/index.js';
import { FlexVar, flexVarBuffers, flexVarConfig, type FlexVarConfig } from './flexVar.js';
import { flexVarScales } from './scaleSchedule.js';
import type { ScaleTransformer, TransformerConfig } from './transformer.js';
import { Var, varBuffers, varConfig, type VarConfig } from './var.js';

/** What is to be known of a family to make its generators, from files and for training. */
export interface GeneratorFamily extends FamilyEntry<ScaleTransformer> {
  /** What of the configuration follows from the scales that a generator is to be trained on. */
  sizesFor: (scales: readonly number[]) => object;
  /** The scales that a configuration samples with, where nothing else is known. */
  scalesOf: (config: TransformerConfig) => readonly number[];
}

export const generatorFamilies: Record<Family, GeneratorFamily> = {
  flexvar: {
    config: flexVarConfig,
    buffers: flexVarBuffers,
    make: (config) => new FlexVar(config as FlexVarConfig),
    sizesFor: () => ({}),
    scalesOf: () => flexVarScales.defaults,
  },
  var: {
    config: varConfig,
    buffers: varBuffers,
    make: (config) => new Var(config as VarConfig),
    sizesFor: (scales) => ({ scales }),
    scalesOf: (config) => (config as VarConfig).scales,
  },
};
