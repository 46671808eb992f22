// Writing a graph as an ONNX file, weight by weight: no more than one of them is in memory beside the model. Protocol Buffers end at 2 GB, so the
// weights of larger models lie in a file of their own beside it (ONNX's external data).
import { toBinary, create } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { basename } from 'node:path';
import { writeAll, writeFileAtomic } from '../util/files.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
} from './generated/onnx_pb.js';
import { dataType, type Graph, type Initializer } from './graph.js';

/** The set of operators that the graphs are written in: that of 2022, which every runtime of today knows. */
export const operatorSet = 17;
const irVersion = 8n;

/** Field numbers of onnx.proto that are written by hand, so that weights can follow one after the other. */
const fields = { modelGraph: 7, graphInitializer: 5, tensorRawData: 9 };

/** Weights of more bytes than this go to a file of their own: what is left of 2 GB for the rest is ample. */
const mostInside = 2 ** 31 - 2 ** 24;

/** Where external weights begin: at whole pages, which can be mapped. */
const page = 4096;

/** What was written of a graph. */
export interface WrittenModel {
  /** Names of the files, the model's first. */
  files: string[];
  bytes: number;
  /** Number of weights' bytes that lie outside the model's file; 0 where they lie inside. */
  external: number;
}

/** The head of a field of known length. */
function head(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}

const headerOf = ({ name, type, shape }: Initializer) => ({ name, dims: shape.map(BigInt), dataType: dataType(type) });

/** A weight inside the model: all but its bytes, and how long it is with them. */
function insideHeader(one: Initializer): { parts: Uint8Array[]; length: number } {
  const header = toBinary(TensorProtoSchema, create(TensorProtoSchema, headerOf(one)));
  const raw = head(fields.tensorRawData, one.byteLength);
  const length = header.length + raw.length + one.byteLength;
  return { parts: [head(fields.graphInitializer, length), header, raw], length };
}

/** Weights that lie outside, as the model names them. */
function outsideTensors(weights: readonly Initializer[], location: string) {
  let offset = 0;
  return weights.map((one) => {
    const externalData = [
      { key: 'location', value: location },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(one.byteLength) },
    ];
    const start = offset;
    offset = Math.ceil((offset + one.byteLength) / page) * page;
    const tensor = { ...headerOf(one), dataLocation: DataLocation.EXTERNAL, externalData };
    return { start, tensor: create(TensorProtoSchema, tensor) };
  });
}

/** The model but for its graph. */
function modelHead(graph: Graph, producerVersion: string): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion,
      producerName: 'scalewise',
      producerVersion,
      docString: graph.description,
      opsetImport: [{ domain: '', version: BigInt(operatorSet) }],
    }),
  );
}

/**
 * Writes `path`, and beside it `path.data` where the weights are too many for one file.
 * @param most bytes of weights that still go inside
 */
export function writeModel(path: string, graph: Graph, producerVersion: string, most = mostInside): WrittenModel {
  const { name, nodes, inputs, outputs, initializers } = graph;
  const weightBytes = initializers.reduce((sum, one) => sum + one.byteLength, 0);
  const outside = weightBytes > most ? initializers.filter(({ byteLength }) => byteLength >= page) : [];
  const inside = initializers.filter((one) => !outside.includes(one));
  const dataName = `${basename(path)}.data`;
  const external = outsideTensors(outside, dataName);
  const body = toBinary(
    GraphProtoSchema,
    create(GraphProtoSchema, {
      name,
      node: nodes,
      input: inputs,
      output: outputs,
      initializer: external.map(({ tensor }) => tensor),
    }),
  );
  const headers = inside.map(insideHeader);
  const length = headers.reduce((sum, one) => sum + one.parts[0]!.length + one.length, body.length);
  const start = [modelHead(graph, producerVersion), head(fields.modelGraph, length), body];
  writeFileAtomic(path, (descriptor) => {
    for (const part of start) writeAll(descriptor, part);
    inside.forEach((one, i) => {
      for (const part of [...headers[i]!.parts, one.bytes()]) writeAll(descriptor, part);
    });
  });
  const bytes = length + start[0]!.length + start[1]!.length;
  if (!outside.length) return { files: [basename(path)], bytes, external: 0 };
  writeFileAtomic(`${path}.data`, (descriptor) => {
    outside.forEach((one, i) => {
      writeAll(descriptor, one.bytes(), external[i]!.start);
    });
  });
  const externalBytes = external.at(-1)!.start + outside.at(-1)!.byteLength;
  return { files: [basename(path), dataName], bytes: bytes + externalBytes, external: externalBytes };
}
