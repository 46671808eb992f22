// One step of a generator as an ONNX graph: the tokens of one scale after those in the caches (`Session.advance`, then `Session.logits`).
//
//   inputs   classes [R, K + 1]        weight of each class in a row's condition, of no class last
//            inputs [R, N, E]          the scale's input; anything, say zeros, at the first scale, where the caches are empty
//            past.<i>.key, .value      [R, H, P, D] for each block: the tokens so far, none at first
//            rows [h, S], columns [S, w]   FlexVAR alone: how the map of positions is resized to the scale
//   outputs  logits [R, N, V]
//            present.<i>.key, .value   [R, H, P + N, D]: the next step's `past`
//
// Legend: R rows, N tokens of the scale, P tokens before it, K classes, C width, E code width, H heads, D head width, V codes, S side of the map.
import {
  type AdaptiveLinear,
  type Block,
  layerNormEps,
  type ScaleTransformer,
  type SelfAttention,
} from '../models/index.js';
import { type Scales, tokenCount } from '../tokenizers/index.js';
import { ops, type Tensor } from '../torch/index.js';
import { Graph, type Value } from './graph.js';
import { attend, gelu, linear, parameterOf, resize, rowsOf, silu } from './layers.js';

/** What the nodes of all blocks read. */
interface Shared {
  graph: Graph;
  generator: ScaleTransformer;
  /** SiLU of the condition [R, 1, C]. */
  activated_R1C: Value;
  /** What the map that all blocks share makes of it [R, 6, C], where there is one. */
  shared_R6C?: Value;
}

/** The graph of a generator that samples with some scales. */
export function generatorGraph(generator: ScaleTransformer, scales: Scales): Graph {
  const { classes, codeWidth, vocabularySize } = generator.config;
  const graph = new Graph('generator', `One step of a ${generator.family} generator: the tokens of a scale, given those before it.`); // prettier-ignore
  const classes_RK = graph.input('classes', 'float32', ['rows', classes + 1]);
  const inputs_RNE = graph.input('inputs', 'float32', ['rows', 'tokens', codeWidth]);
  const embedding = parameterOf(graph, 'class_emb.weight', generator.classEmb.weight_VD);
  const condition_RC = graph.node('MatMul', [classes_RK, embedding]);
  const condition_R1C = graph.node('Unsqueeze', [condition_RC, graph.integers([1])]);
  const activated_R1C = silu(graph, condition_R1C);
  const shared: Shared = { graph, generator, activated_R1C };
  if (generator.sharedAdaLn) shared.shared_R6C = adaptive(shared, 'shared_ada_lin.1', generator.sharedAdaLn);

  const pasts = generator.blocks.map((_, i) => pastOf(shared, i));
  const past = graph.node('Slice', [graph.node('Shape', [pasts[0]!.key]), graph.integers([2]), graph.integers([3])]);
  const tokens_RNC = tokensAt(shared, inputs_RNE, condition_R1C, past);
  let x_RNC = graph.node('Add', [tokens_RNC, positions(shared, inputs_RNE, past, scales)]);
  generator.blocks.forEach((block, i) => {
    x_RNC = graph.within(`blocks.${i}`, () => blockNodes(shared, block, x_RNC, i, pasts[i]!));
  });

  const parts = adaptive(shared, 'head_nm.ada_lin.1', generator.headNorm);
  const [scale, shift] = graph.several('Split', [parts], 2, { axis: 1n }) as [Value, Value];
  const logits_RNV = linear(graph, 'head', generator.head, modulate(shared, x_RNC, scale, shift));
  graph.output('logits', logits_RNV, ['rows', 'tokens', vocabularySize]);
  return graph;
}

/** A linear map of the activated condition, as so many vectors of the width [R, parts, C]. */
function adaptive({ graph, generator, activated_R1C }: Shared, name: string, { linear: layer, parts }: AdaptiveLinear) {
  const vectors = linear(graph, name, layer, activated_R1C);
  return graph.node('Reshape', [vectors, graph.integers([0, parts, generator.config.width])]);
}

interface Past {
  key: Value;
  value: Value;
}

function pastOf({ graph, generator }: Shared, i: number): Past {
  const { heads, width } = generator.config;
  const dimensions = ['rows', heads, 'past', width / heads];
  return {
    key: graph.input(`past.${i}.key`, 'float32', dimensions),
    value: graph.input(`past.${i}.value`, 'float32', dimensions),
  };
}

/** The scale's tokens without positions [R, N, C]: the class and the learned start where nothing is cached, the embedded input elsewhere. */
function tokensAt({ graph, generator }: Shared, inputs_RNE: Value, condition_R1C: Value, past: Value): Value {
  const isFirst = graph.node('Cast', [graph.node('Equal', [past, graph.integers([0])])], { to: 1n });
  const start_R1C = graph.node('Add', [condition_R1C, parameterOf(graph, 'pos_start', generator.posStart_11C)]);
  const embedded_RNC = linear(graph, 'word_embed', generator.wordEmbed, inputs_RNE);
  const isLater = graph.node('Sub', [graph.number(1), isFirst]);
  return graph.node('Add', [graph.node('Mul', [embedded_RNC, isLater]), graph.node('Mul', [start_R1C, isFirst])]);
}

/** Where the scale's tokens are [1, N, C]. */
function positions({ graph, generator }: Shared, inputs_RNE: Value, past: Value, scales: Scales): Value {
  if (generator.family === 'flexvar') {
    const map_1CSS = generator.stateDict().get('pos_1LC')!;
    const side = map_1CSS.size(2);
    const rows = graph.input('rows', 'float32', ['height', side]);
    const columns = graph.input('columns', 'float32', [side, 'width']);
    return rowsOf(graph, resize(graph, parameterOf(graph, 'pos_1LC', map_1CSS), rows, columns));
  }
  // positions and levels of all tokens, of which the scale's own follow those in the cache
  const indices = scales.map((_, i) => i);
  const shape = [1, tokenCount(scales), generator.config.width];
  const table_1LC = graph.weight('positions', shape, () => generator.positionTerm.of(scales, indices));
  const count = graph.node('Slice', [graph.node('Shape', [inputs_RNE]), graph.integers([1]), graph.integers([2])]);
  return graph.node('Slice', [table_1LC, past, graph.node('Add', [past, count]), graph.integers([1])]);
}

/** Layer norm, then the condition's scale and shift [R, 1, C] each. */
function modulate({ graph, generator }: Shared, x_RNC: Value, scale_R1C: Value, shift_R1C: Value): Value {
  const ones = graph.filled(1, generator.config.width);
  const normed = graph.node('LayerNormalization', [x_RNC, ones], { axis: -1n, epsilon: layerNormEps });
  const scaled = graph.node('Mul', [normed, graph.node('Add', [scale_R1C, graph.number(1)])]);
  return graph.node('Add', [scaled, shift_R1C]);
}

/** A block: attention and feed-forward branches, gated. */
function blockNodes(shared: Shared, block: Block, x_RNC: Value, i: number, past: Past): Value {
  const { graph, generator, shared_R6C } = shared;
  const { width } = generator.config;
  const all_R6C = block.adaLn
    ? adaptive(shared, 'ada_lin.1', block.adaLn)
    : graph.node('Add', [shared_R6C!, parameterOf(graph, 'ada_gss', block.modulation_116C!, [1, 6, width])]);
  const [gate1, gate2, scale1, scale2, shift1, shift2] = graph.several('Split', [all_R6C], 6, { axis: 1n }) as [
    Value, Value, Value, Value, Value, Value,
  ]; // prettier-ignore
  const attended = attention(shared, block.attention, modulate(shared, x_RNC, scale1, shift1), i, past);
  const x = graph.node('Add', [x_RNC, graph.node('Mul', [attended, gate1])]);
  const hidden = gelu(graph, linear(graph, 'ffn.fc1', block.feedForward.fc1, modulate(shared, x, scale2, shift2)));
  const fed = linear(graph, 'ffn.fc2', block.feedForward.fc2, hidden);
  return graph.node('Add', [x, graph.node('Mul', [fed, gate2])]);
}

/** The bias of queries, keys, which have none, and values [3 C]. */
function fullBias({ qBias_C, vBias_C }: SelfAttention): Tensor {
  return ops.cat([qBias_C, ops.zerosLike(qBias_C), vBias_C], 0);
}

/** Self-attention of the scale's tokens over the cached ones and each other (`SelfAttention.extend`). */
function attention({ graph, generator }: Shared, layer: SelfAttention, x_RNC: Value, i: number, past: Past): Value {
  const { heads, width } = generator.config;
  const bias = graph.weight('attn.qkv_bias', [3 * width], () => fullBias(layer));
  const qkv = graph.several('Split', [linear(graph, 'attn.mat_qkv', layer.qkv, x_RNC, bias)], 3, { axis: -1n });
  const split = graph.integers([0, 0, heads, width / heads]);
  const [q, k, v] = qkv.map((part) =>
    graph.node('Transpose', [graph.node('Reshape', [part, split])], { perm: [0n, 2n, 1n, 3n] }),
  ) as [Value, Value, Value];
  const unit = (x: Value) => {
    const length = graph.node('ReduceL2', [x], { axes: [-1n], keepdims: 1n });
    return graph.node('Div', [x, graph.node('Max', [length, graph.number(1e-12)])]);
  };
  const scale_H11 = graph.weight('attn.scale', [heads, 1, 1], () =>
    layer.scaleMul_1H11.clampMax(Math.log(100)).exp().view([heads, 1, 1]),
  );
  const keys = graph.node('Concat', [past.key, unit(k)], { axis: 2n });
  const values = graph.node('Concat', [past.value, v], { axis: 2n });
  const dimensions = ['rows', heads, 'past + tokens', width / heads];
  graph.output(`present.${i}.key`, keys, dimensions);
  graph.output(`present.${i}.value`, values, dimensions);
  const transposed = graph.node('Transpose', [keys], { perm: [0n, 1n, 3n, 2n] });
  const mixed = attend(graph, graph.node('Mul', [unit(q), scale_H11]), transposed, values);
  const joined = graph.node('Reshape', [graph.node('Transpose', [mixed], { perm: [0n, 2n, 1n, 3n] }), graph.integers([0, 0, width])]); // prettier-ignore
  return linear(graph, 'attn.proj', layer.projection, joined);
}
