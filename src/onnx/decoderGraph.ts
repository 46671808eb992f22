// A tokenizer's decoder as an ONNX graph: the latent of a pyramid to the image.
//
//   input    latent [N, E, h, w]       what the pyramid's graph answers
//   output   image [N, 3, H, W]        clamped to [−1, 1]
//
// Legend: N images, E code width, C channels, H, W, h and w sides, P = h·w positions.
import { AttentionBlock, type Level, type ResnetBlock, type Tokenizer, Upsample } from '../tokenizers/index.js';
import { Graph, type Value } from './graph.js';
import { attend, convolution, groupNorm, rowsOf, silu } from './layers.js';

/** The graph of a tokenizer's decoder. */
export function decoderGraph(tokenizer: Tokenizer): Graph {
  const { decoder, postQuantConv, codeWidth } = tokenizer;
  const graph = new Graph('decoder', `The decoder of a ${tokenizer.family} tokenizer: the latent of a pyramid to the image in [-1, 1].`); // prettier-ignore
  const latent = graph.input('latent', 'float32', ['images', codeWidth, 'latent height', 'latent width']);
  const image = graph.within('decoder', () => {
    let x = convolution(graph, 'conv_in', decoder.convIn, convolution(graph, 'post_quant_conv', postQuantConv, latent));
    decoder.middle.parts.forEach((part, i) => {
      x = graph.within(`mid.${i}`, () =>
        part instanceof AttentionBlock ? attentionBlock(graph, part, x) : resnetBlock(graph, part, x),
      );
    });
    decoder.levels.forEach((level, i) => {
      x = graph.within(`levels.${i}`, () => levelNodes(graph, level, x));
    });
    return convolution(graph, 'conv_out', decoder.convOut, silu(graph, groupNorm(graph, 'norm_out', decoder.normOut, x))); // prettier-ignore
  });
  const clamped = graph.node('Clip', [image, graph.number(-1), graph.number(1)]);
  graph.output('image', clamped, ['images', 3, 'height', 'width']);
  return graph;
}

/** Residual blocks, each followed by attention where the level has it, then twice the side. */
function levelNodes(graph: Graph, level: Level, input: Value): Value {
  let x = input;
  level.blocks.forEach((block, i) => {
    x = graph.within(`res.${i}`, () => resnetBlock(graph, block, x));
    const attention = level.attention[i];
    if (attention) x = graph.within(`attn.${i}`, () => attentionBlock(graph, attention, x));
  });
  const { resize } = level;
  return resize instanceof Upsample ? convolution(graph, 'upsample.conv', resize.conv, doubled(graph, x)) : x;
}

/** Twice the side, by nearest neighbours. */
function doubled(graph: Graph, x_NCHW: Value): Value {
  const scales = graph.numbers([1, 1, 2, 2]);
  return graph.node('Resize', [x_NCHW, '' as Value, scales], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

/** GroupNorm → SiLU → convolution, twice, added to the input. */
function resnetBlock(graph: Graph, block: ResnetBlock, x: Value): Value {
  const first = convolution(graph, 'conv1', block.conv1, silu(graph, groupNorm(graph, 'norm1', block.norm1, x)));
  const second = convolution(graph, 'conv2', block.conv2, silu(graph, groupNorm(graph, 'norm2', block.norm2, first)));
  return graph.node('Add', [block.shortcut ? convolution(graph, 'nin_shortcut', block.shortcut, x) : x, second]);
}

/** Single-head self-attention over all positions, added to the input. */
function attentionBlock(graph: Graph, block: AttentionBlock, x_NCHW: Value): Value {
  const normed = groupNorm(graph, 'norm', block.norm, x_NCHW);
  const projected = block.projections.map((layer, i) => convolution(graph, `projection.${i}`, layer, normed));
  const parts = projected.length === 1 ? graph.several('Split', projected, 3, { axis: 1n }) : projected;
  const [q, k, v] = parts as [Value, Value, Value];
  const flat_NCP = (part: Value) => graph.node('Reshape', [part, graph.integers([0, 0, -1])]);
  const scaled = graph.node('Mul', [rowsOf(graph, q), graph.number(block.channels ** -0.5)]);
  const mixed_NPC = attend(graph, scaled, flat_NCP(k), rowsOf(graph, v));
  const mixed_NCP = graph.node('Transpose', [mixed_NPC], { perm: [0n, 2n, 1n] });
  const mixed_NCHW = graph.node('Reshape', [mixed_NCP, graph.node('Shape', [x_NCHW])]);
  return graph.node('Add', [x_NCHW, convolution(graph, 'proj_out', block.output, mixed_NCHW)]);
}
