// The layers of both models as ONNX nodes, each the same arithmetic as its module's `forward`.
// Legend: N batch, C channels, H height, W width; I in, O out; `…` any leading dimensions.
import type { Conv2d, GroupNorm, Linear } from '../nn/index.js';
import type { Tensor } from '../torch/index.js';
import type { Graph, Value } from './graph.js';

/** A parameter as it is. */
export function parameterOf(graph: Graph, name: string, parameter: Tensor, shape = parameter.shape): Value {
  return graph.weight(name, shape, () => parameter.reshape([...shape]));
}

/** x Wᵀ + b on the last dimension: [… I] → [… O]. */
export function linear(graph: Graph, name: string, layer: Linear, x: Value, bias = ownBias(graph, name, layer)): Value {
  const { weight_OI, inputs, outputs } = layer;
  const weight_IO = graph.weight(`${name}.weight`, [inputs, outputs], () => weight_OI.t());
  const product = graph.node('MatMul', [x, weight_IO]);
  return bias === undefined ? product : graph.node('Add', [product, bias]);
}

function ownBias(graph: Graph, name: string, { bias_O }: Linear): Value | undefined {
  return bias_O && parameterOf(graph, `${name}.bias`, bias_O);
}

/** 2-D convolution: [N, I, H, W] → [N, O, H', W']. */
export function convolution(graph: Graph, name: string, layer: Conv2d, x_NCHW: Value): Value {
  const { stride = 1, padding = 0 } = layer.options;
  const weight = parameterOf(graph, `${name}.weight`, layer.weight_OIKK);
  const bias = parameterOf(graph, `${name}.bias`, layer.bias_O);
  const [kernel, step, pad] = [layer.kernel, stride, padding].map(BigInt) as [bigint, bigint, bigint];
  return graph.node('Conv', [x_NCHW, weight, bias], {
    kernel_shape: [kernel, kernel],
    strides: [step, step],
    pads: [pad, pad, pad, pad],
  });
}

/** Group normalisation with scale and shift a channel: that of instances whose channels are the groups. */
export function groupNorm(graph: Graph, name: string, layer: GroupNorm, x_NCHW: Value): Value {
  const { groups, channels } = layer;
  const grouped = graph.node('Reshape', [x_NCHW, graph.integers([0, groups, -1])]);
  const normed = graph.node('InstanceNormalization', [grouped, graph.filled(1, groups), graph.filled(0, groups)], {
    epsilon: 1e-6,
  });
  const normed_NCHW = graph.node('Reshape', [normed, graph.node('Shape', [x_NCHW])]);
  const shape = [channels, 1, 1];
  const scaled = graph.node('Mul', [normed_NCHW, parameterOf(graph, `${name}.weight`, layer.weight_C, shape)]);
  return graph.node('Add', [scaled, parameterOf(graph, `${name}.bias`, layer.bias_C, shape)]);
}

/** x · sigmoid(x). */
export function silu(graph: Graph, x: Value): Value {
  return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
}

/** The GELU of the tanh form: x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))). */
export function gelu(graph: Graph, x: Value): Value {
  const cube = graph.node('Mul', [graph.node('Mul', [x, x]), x]);
  const inner = graph.node('Add', [x, graph.node('Mul', [cube, graph.number(0.044715)])]);
  const bent = graph.node('Tanh', [graph.node('Mul', [inner, graph.number(Math.sqrt(2 / Math.PI))])]);
  const share = graph.node('Mul', [graph.node('Add', [bent, graph.number(1)]), graph.number(0.5)]);
  return graph.node('Mul', [x, share]);
}

/** softmax(q kᵀ) v over the last two dimensions. */
export function attend(graph: Graph, q: Value, kTransposed: Value, v: Value): Value {
  const scores = graph.node('MatMul', [q, kTransposed]);
  return graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1n }), v]);
}

/** Rows and columns of maps [… H, W] mixed by matrices: `rows` [H', H] and `columns` [W, W'] → [… H', W']. */
export function resize(graph: Graph, map_HW: Value, rows: Value, columns: Value): Value {
  return graph.node('MatMul', [graph.node('MatMul', [rows, map_HW]), columns]);
}

/** A map [B, C, h, w] as rows [B, N, C]. */
export function rowsOf(graph: Graph, map_BChw: Value): Value {
  const flat_BCN = graph.node('Reshape', [map_BChw, graph.integers([0, 0, -1])]);
  return graph.node('Transpose', [flat_BCN], { perm: [0n, 2n, 1n] });
}
