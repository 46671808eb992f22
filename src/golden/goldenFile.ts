// A golden file: tensors by name, and the kind, seed, sizes and scales that its metadata gives.
import { type FlexVarConfig, FlexVar, flexVarConfig, sineCosineMap } from '../models/index.js';
import { loadWeights } from '../nn/index.js';
import { FlexVarTokenizer, flexVarTokenizerConfig } from '../tokenizers/index.js';
import { noGrad, type Tensor, tensor } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { hashWeights } from './hash.js';

/** An open golden file. */
export class GoldenFile {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, Tensor>;

  constructor(readonly path: string) {
    ({ metadata: this.metadata, tensors: this.tensors } = loadWeights(path));
  }
  get kind(): string {
    return this.text('kind');
  }
  get seed(): number {
    return Number(this.metadata['seed'] ?? 0);
  }
  text(name: string): string {
    const value = this.metadata[name];
    if (value === undefined) throw new UsageError(`${this.path}: its metadata lacks '${name}'; is it a golden file?`);
    return value;
  }
  json<T>(name: string): T {
    return JSON.parse(this.text(name)) as T;
  }
  tensor(name: string): Tensor {
    const found = this.tensors.get(name);
    if (!found) throw new UsageError(`${this.path}: there is no tensor '${name}'`);
    return found;
  }
  has(name: string): boolean {
    return this.tensors.has(name);
  }
  number(name: string): number {
    return this.tensor(name).item();
  }
  dispose(): void {
    for (const one of this.tensors.values()) one.dispose();
  }
}

/** The small models' configuration as golden files spell it. */
interface SmallConfig {
  ch: number;
  z_channels: number;
  V: number;
  Cvae: number;
  classes: number;
  depth: number;
  width: number;
  heads: number;
}

/** A tokenizer and a generator with hash weights. */
export interface HashModels {
  tokenizer: FlexVarTokenizer;
  generator: FlexVar;
}

function withHashWeights(tokenizer: FlexVarTokenizer, config: FlexVarConfig, seed: number): HashModels {
  const generator = new FlexVar(config);
  hashWeights(tokenizer, seed);
  hashWeights(generator, seed);
  noGrad(() => {
    using map = sineCosineMap(config.width, config.positionSide);
    generator.pos_1CSS.copy_(map);
  });
  return { tokenizer: tokenizer.eval(), generator: generator.eval() };
}

/** The small FlexVAR models of `flexvar` and `sar` files. */
export function smallModels(file: GoldenFile): HashModels {
  const { ch, z_channels, V, Cvae, classes, depth, width, heads } = file.json<SmallConfig>('config');
  const tokenizer = new FlexVarTokenizer(
    flexVarTokenizerConfig.parse({ channels: ch, zChannels: z_channels, vocabularySize: V, codeWidth: Cvae }),
  );
  const sizes = { depth, width, heads, classes, vocabularySize: V, codeWidth: Cvae, pathDrop: 0 };
  return withHashWeights(tokenizer, flexVarConfig.parse(sizes), file.seed);
}

/** The full-size published models of `flexvar_full` files. */
export function fullModels(file: GoldenFile): HashModels {
  const depth = Number(file.text('depth'));
  return withHashWeights(
    new FlexVarTokenizer(flexVarTokenizerConfig.parse({})),
    flexVarConfig.parse({ depth, pathDrop: 0 }),
    file.seed,
  );
}

/** A 1-D tensor of integers. */
export function integers(values: readonly number[]): Tensor {
  return tensor([...values], { dtype: 'int64' });
}
