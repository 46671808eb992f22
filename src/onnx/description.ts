// What `sampler.json` says: all that a sampler needs besides the graphs, so that it can be written without knowing the families. Types alone: pages
// in browsers share them.

/** An input of a graph that is the same at every call for one scale. */
export interface ConstantInput {
  type: 'float32' | 'int32';
  dims: number[];
  /** Row-major. */
  data: number[];
}

/** Inputs by name. */
export type ConstantInputs = Record<string, ConstantInput>;

/** One scale, in the order of sampling. */
export interface ScaleDescription {
  /** Height and width in tokens. */
  size: [height: number, width: number];
  /** Share of the guidance's scale that is this scale's weight t in `(1 + t)·class − t·null`: the family's ramp. */
  guidance: number;
  /** Whether the family's published sampler draws tokens here; else it takes the most probable ones. */
  draws: boolean;
  /** Further inputs of the generator's graph. */
  generator: ConstantInputs;
  /** Further inputs of the pyramid's graph. */
  pyramid: ConstantInputs;
}

/** A graph's files. */
export interface ModelDescription {
  /** The ONNX file. */
  file: string;
  /** The file of its weights, where they lie outside. */
  data?: string;
  /** Of all its files. */
  bytes: number;
}

/** The whole of `sampler.json`. */
export interface SamplerDescription {
  format: 'scalewise-onnx';
  version: 1;
  /** Version of Scalewise that wrote it. */
  scalewise: string;
  /** Name of the exported model. */
  name: string;
  family: 'flexvar' | 'var';
  /** Names of the classes; the condition of no class is their number. */
  classes: string[];
  /** What the generator was trained on. */
  trainedOn: string;
  vocabularySize: number;
  /** Width of a code. */
  codeWidth: number;
  /** Height and width of the images, in pixels. */
  imageSize: [height: number, width: number];
  scales: ScaleDescription[];
  generator: ModelDescription & {
    /** Blocks, each with a cache of keys and one of values. */
    depth: number;
    heads: number;
    headWidth: number;
  };
  pyramid: ModelDescription & {
    /** Shape, but for the number of images, of the input `sum`, which the output `latent` is next; absent where scales do not add up. */
    sum?: [channels: number, height: number, width: number];
  };
  decoder: ModelDescription;
}
