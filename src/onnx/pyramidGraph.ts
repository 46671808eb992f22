// One step of a tokenizer's pyramid as an ONNX graph: the tokens of a scale to the latent that decodes to the image so far, and to the
// generator's input of the next scale (`Pyramid.push`).
//
//   inputs   tokens [N, h, w]          int32
//            next.rows, next.columns   how the latent is resized to the next scale: [h', h] and [w, w'] (bicubic) for FlexVAR, whose latent is the
//                                      scale's codes, [h', H] and [W, w'] (area) for VAR, whose latent is the sum of all scales
//            sum [N, E, H, W]          VAR alone: the latent of the scales before, zeros at first
//            full.rows, full.columns   VAR alone: how the scale's codes are resized to the last scale's size, [H, h] and [w, W] (bicubic)
//            phi                       VAR alone: number of the scale's convolution, int32
//   outputs  latent                    FlexVAR: [N, E, h, w]; VAR: [N, E, H, W], the next step's `sum`
//            next [N, N', E]           the next scale's input
//
// Legend: N images, E code width, V codes, K convolutions φ, h and w sides of the scale, h' and w' of the next, H and W of the last.
import { type Tokenizer, VarTokenizer } from '../tokenizers/index.js';
import { ops } from '../torch/index.js';
import { Graph, type Value } from './graph.js';
import { resize, rowsOf } from './layers.js';

/** The graph of a tokenizer's pyramid. */
export function pyramidGraph(tokenizer: Tokenizer): Graph {
  const { codebook, codeWidth, vocabularySize, family } = tokenizer;
  const graph = new Graph('pyramid', `One step of a ${family} tokenizer's pyramid: the tokens of a scale to the latent of the image so far, and to the generator's next input.`); // prettier-ignore
  const tokens_Nhw = graph.input('tokens', 'int32', ['images', 'height', 'width']);
  const codes_VE = graph.weight('codes', [vocabularySize, codeWidth], () => codebook.codes());
  const codes_NhwE = graph.node('Gather', [codes_VE, tokens_Nhw], { axis: 0n });
  const codes_NEhw = graph.node('Transpose', [codes_NhwE], { perm: [0n, 3n, 1n, 2n] });
  const latent = tokenizer instanceof VarTokenizer ? summed(graph, tokenizer, codes_NEhw) : codes_NEhw;
  const of = tokenizer instanceof VarTokenizer ? 'latent' : 'scale';
  const rows = graph.input('next.rows', 'float32', ['next height', `${of} height`]);
  const columns = graph.input('next.columns', 'float32', [`${of} width`, 'next width']);
  graph.output('latent', latent, ['images', codeWidth, `${of} height`, `${of} width`]);
  graph.output('next', rowsOf(graph, resize(graph, latent, rows, columns)), ['images', 'next tokens', codeWidth]);
  return graph;
}

/** The sum of the scales before and of this one's codes, resized to the last scale and through their φ (`VarTokenizer.contribution`). */
function summed(graph: Graph, { phis, config }: VarTokenizer, codes_NEhw: Value): Value {
  const { codeWidth, phiRatio } = config;
  const sum_NEHW = graph.input('sum', 'float32', ['images', codeWidth, 'latent height', 'latent width']);
  const full = resize(graph, codes_NEhw, graph.input('full.rows', 'float32', ['latent height', 'height']), graph.input('full.columns', 'float32', ['width', 'latent width'])); // prettier-ignore
  const phi = graph.input('phi', 'int32', []);
  const weights = graph.weight('phi.weight', [phis.length, codeWidth, codeWidth, 3, 3], () => ops.stack(phis.map((one) => one.weight_OIKK))); // prettier-ignore
  const biases = graph.weight('phi.bias', [phis.length, codeWidth], () => ops.stack(phis.map((one) => one.bias_O)));
  const [weight, bias] = [weights, biases].map((all) => graph.node('Gather', [all, phi], { axis: 0n })) as [Value, Value]; // prettier-ignore
  const smooth = graph.node('Conv', [full, weight, bias], { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n] });
  const kept = graph.node('Mul', [full, graph.number(1 - phiRatio)]);
  const added = graph.node('Add', [kept, graph.node('Mul', [smooth, graph.number(phiRatio)])]);
  return graph.node('Add', [sum_NEHW, added]);
}
