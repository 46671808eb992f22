// One image's way through an exported model, on any of onnxruntime's packages: the logits of a scale, the tokens chosen for it, the image so far, and
// so on with the next scale. What the files say is all that it knows of models.
// Legend: R rows (the class, and no class below it where there is guidance), N tokens of a scale, V codes, E code width.
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';
import type { ConstantInputs, SamplerDescription } from '../../src/onnx/description.js';

/** An exported model, opened. */
export interface OpenModel {
  description: SamplerDescription;
  generator: InferenceSession;
  pyramid: InferenceSession;
  decoder: InferenceSession;
  /** onnxruntime's class of tensors. */
  Tensor: TensorConstructor;
}

/** An image, as it comes out of the decoder. */
export interface Picture {
  height: number;
  width: number;
  /** [3, H, W] in [−1, 1] */
  values: Float32Array;
}

type Feeds = Record<string, Tensor>;

/** An image in the making. */
export class Steps {
  readonly #model: OpenModel;
  readonly #rows: number;
  readonly #classes: Tensor;
  #index = 0;
  #caches: Feeds;
  #inputs: Tensor;
  #sum: Tensor | undefined;
  #latent: Tensor | undefined;

  /** @param guided whether the logits of no class are computed too, as a second row */
  constructor(model: OpenModel, label: number, guided: boolean) {
    this.#model = model;
    this.#rows = guided ? 2 : 1;
    const { scales, codeWidth, pyramid, classes } = model.description;
    this.#classes = this.#conditions(guided ? [label, classes.length] : [label]);
    this.#caches = this.#emptyCaches();
    const [height, width] = scales[0]!.size;
    this.#inputs = this.#zeros([1, height * width, codeWidth]);
    this.#sum = pyramid.sum && this.#zeros([1, ...pyramid.sum]);
  }

  /** The generator's input of the next scale [1, N, E]. */
  get inputs(): Float32Array {
    return this.#inputs.data as Float32Array;
  }

  /** Runs the generator on the next scale: its logits [R, N, V]. */
  async logits(): Promise<Float32Array> {
    const { generator, description } = this.#model;
    const scale = description.scales[this.#index]!;
    const inputs = this.#repeated(this.#inputs);
    const feeds = { classes: this.#classes, inputs, ...this.#caches, ...this.#constants(scale.generator) };
    const isLast = this.#index === description.scales.length - 1; // nothing looks back at its keys and values
    const results = await (isLast ? generator.run(feeds, ['logits']) : generator.run(feeds));
    const names = isLast ? [] : Object.keys(this.#caches);
    this.#caches = Object.fromEntries(names.map((name) => [name, results[name.replace('past', 'present')]!]));
    return results['logits']!.data as Float32Array;
  }

  /** Takes the tokens [N] of the scale, and goes on to the next one. */
  async push(tokens: Int32Array): Promise<void> {
    const { pyramid, description, Tensor } = this.#model;
    const scale = description.scales[this.#index++]!;
    const grid = new Tensor('int32', tokens, [1, ...scale.size]);
    const feeds: Feeds = { tokens: grid, ...this.#constants(scale.pyramid) };
    if (this.#sum) feeds['sum'] = this.#sum;
    const results = await pyramid.run(feeds);
    this.#latent = results['latent']!;
    if (this.#sum) this.#sum = this.#latent;
    this.#inputs = results['next']!;
  }

  /** The image of the scales so far. */
  async image(): Promise<Picture> {
    const { image } = await this.#model.decoder.run({ latent: this.#latent! });
    const [height, width] = image!.dims.slice(2) as [number, number];
    return { height, width, values: image!.data as Float32Array };
  }

  #zeros(dims: readonly number[]): Tensor {
    return new this.#model.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b)), dims);
  }

  /** Each row's condition: all the weight on its class. */
  #conditions(labels: readonly number[]): Tensor {
    const width = this.#model.description.classes.length + 1;
    const weights = new Float32Array(labels.length * width);
    labels.forEach((label, row) => (weights[row * width + label] = 1));
    return new this.#model.Tensor('float32', weights, [labels.length, width]);
  }

  #emptyCaches(): Feeds {
    const { depth, heads, headWidth } = this.#model.description.generator;
    const names = Array.from({ length: depth }, (_, i) => [`past.${i}.key`, `past.${i}.value`]).flat();
    return Object.fromEntries(names.map((name) => [name, this.#zeros([this.#rows, heads, 0, headWidth])]));
  }

  /** The inputs that the description gives for a scale. */
  #constants(inputs: ConstantInputs): Feeds {
    const { Tensor } = this.#model;
    const entries = Object.entries(inputs).map(([name, { type, dims, data }]): [string, Tensor] => [
      name,
      type === 'int32'
        ? new Tensor('int32', Int32Array.from(data), dims)
        : new Tensor('float32', Float32Array.from(data), dims),
    ]);
    return Object.fromEntries(entries);
  }

  /** The same values for every row [1, N, E] → [R, N, E]. */
  #repeated(one: Tensor): Tensor {
    const values = new Float32Array(this.#rows * one.size);
    for (let row = 0; row < this.#rows; row++) values.set(one.data as Float32Array, row * one.size);
    return new this.#model.Tensor('float32', values, [this.#rows, ...one.dims.slice(1)]);
  }
}
