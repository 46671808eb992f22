// What a file of weights holds, for people: format, size, the models in it, what was written beside them.
import { statSync } from 'node:fs';
import { openWeightsFile, PthFile, type PlainNode } from '../formats/index.js';
import { Checkpoint } from './checkpoint.js';
import type { TensorFacts } from './configurations.js';
import type { Recognised } from './recognise.js';
import { unwrap } from './stateDicts.js';

/** One model of a file. */
export interface DescribedModel extends Recognised {
  /** What comes before its names in the file, with the dot; empty where nothing does. */
  prefix: string;
}

/** What a file holds. */
export interface FileDescription {
  path: string;
  format: 'safetensors' | 'pth';
  bytes: number;
  models: DescribedModel[];
  /** How many tensors there are of each dtype. */
  dtypes: Record<string, number>;
  tensors: ReadonlyMap<string, TensorFacts>;
  /** What safetensors keep as text. */
  metadata: Readonly<Record<string, string>>;
  /** What a file of PyTorch holds besides tensors. */
  rest: PlainNode | undefined;
}

/**
 * Describes a file.
 * @param options what its tensors do not tell
 * @throws UsageError where the file is damaged, or holds a model that is like none of ours
 */
export function describeFile(path: string, options: { normGroups?: number | undefined } = {}): FileDescription {
  using file = openWeightsFile(path);
  const models = unwrap(new Set(file.tensors.keys())).map(({ kind, prefix }) => {
    const { what } = new Checkpoint(file, { ...options, kind, select: prefix.slice(0, -1) });
    return { ...what, prefix };
  });
  const dtypes: Record<string, number> = {};
  for (const { dtype } of file.tensors.values()) dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
  const ofPyTorch = file instanceof PthFile;
  return {
    path,
    format: ofPyTorch ? 'pth' : 'safetensors',
    bytes: statSync(path).size,
    models,
    dtypes,
    tensors: file.tensors,
    metadata: file.metadata,
    rest: ofPyTorch ? file.structure : undefined,
  };
}
