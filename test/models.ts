// Models of a few thousand parameters with random weights, whose tokens matter to each other: what tests of sampling and SAR are tried on.
import {
  FlexVar,
  flexVarConfig,
  initialiseGenerator,
  initialiseTokenizer,
  type ScaleTransformer,
  Var,
  varConfig,
} from '../src/models/index.js';
import {
  FlexVarTokenizer,
  flexVarTokenizerConfig,
  type Tokenizer,
  VarTokenizer,
  varTokenizerConfig,
} from '../src/tokenizers/index.js';
import { Generator, noGrad, scope, type Tensor, tensor } from '../src/torch/index.js';

const tokenizerSizes = { channels: 8, multipliers: [1, 2], resBlocks: 1, codeWidth: 4, normGroups: 4 };

/** Initial weights, but with open gates and a head whose logits are far apart. */
function enliven<G extends ScaleTransformer, T extends Tokenizer>(generator: G, tokenizer: T) {
  initialiseTokenizer(tokenizer, new Generator(1));
  initialiseGenerator(generator, new Generator(2), { gate: 1 });
  noGrad(() => generator.head.weight_OI.mul_(60));
  generator.eval();
  tokenizer.eval();
  return { generator, tokenizer };
}

/** A FlexVAR generator of some sizes and its tokenizer, whose pyramid is made of latents or of images; their weights are the same. */
export function tinyFlexVar(
  sizes: { vocabularySize: number } & Record<string, number>,
  pyramid: 'latent' | 'image' = 'latent',
) {
  const { vocabularySize } = sizes;
  return enliven(
    new FlexVar(flexVarConfig.parse({ depth: 3, classes: 5, codeWidth: 4, ...sizes })),
    new FlexVarTokenizer(flexVarTokenizerConfig.parse({ ...tokenizerSizes, zChannels: 8, vocabularySize, pyramid })),
  );
}

/** A VAR generator of some scales and sizes and its tokenizer, whose codes lie apart. */
export function tinyVar(sizes: { vocabularySize: number; scales: number[] } & Record<string, number | number[]>) {
  const { vocabularySize } = sizes;
  const pair = enliven(
    new Var(varConfig.parse({ depth: 3, classes: 5, codeWidth: 4, ...sizes })),
    new VarTokenizer(varTokenizerConfig.parse({ ...tokenizerSizes, vocabularySize })),
  );
  noGrad(() => pair.tokenizer.codebook.embedding.weight_VD.mul_(vocabularySize));
  return pair;
}

/** A tensor filled by a formula of the element's index. */
export function fillByFormula(target: Tensor, value: (i: number) => number): void {
  const values = Float32Array.from({ length: target.numel }, (_, i) => value(i));
  noGrad(() => {
    scope(() => void target.copy_(tensor(values, { shape: target.shape })));
  });
}

/** The VAR tokenizer of 16 codes of width 4 whose published numbers are known: φ and codes by formula; encoder and decoder take no part. */
export function formulaVarTokenizer(): VarTokenizer {
  const one = new VarTokenizer(varTokenizerConfig.parse({ ...tokenizerSizes, vocabularySize: 16 })).eval();
  one.phis.forEach(({ weight_OIKK, bias_O }, q) => {
    fillByFormula(weight_OIKK, (i) => 0.1 * Math.sin(0.3 * i + q));
    fillByFormula(bias_O, () => 0.01 * q);
  });
  fillByFormula(one.codebook.embedding.weight_VD, (i) => Math.cos(0.9 * i));
  return one;
}
