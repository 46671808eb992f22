// Our side of the benchmark: answers requests, one line of JSON each, with seconds and values. bench/peer/worker.py is the other side.
import { createInterface } from 'node:readline';
import { hashWeights } from '../dist/golden/hash.js';
import { FlexVar } from '../dist/models/index.js';
import { AdamW, parameterGroups } from '../dist/nn/index.js';
import { sample } from '../dist/sampling/index.js';
import { forcings, sarSettings } from '../dist/sar/index.js';
import { FlexVarTokenizer } from '../dist/tokenizers/index.js';
import { Generator, keep, libtorch, noGrad, ones, scope, setThreads, tensor } from '../dist/torch/index.js';
import { optimizerStep } from '../dist/train/index.js';
import { peakBytes, resetPeak } from './memory.mjs';

const clip = 2;
const gamma = 0.01;

/** The models of one size, and the work that is timed on them. */
class Bench {
  constructor(size, device) {
    this.size = size;
    this.device = device;
    this.scales = size.scales;
    this.tokenizer = new FlexVarTokenizer(size.tokenizer).eval().requireGrad(false);
    this.generator = new FlexVar({ ...size.generator, pathDrop: size.pathDrop });
    hashWeights(this.tokenizer, size.seed);
    hashWeights(this.generator, size.seed);
    noGrad(() => this.generator.positionTerm.initialise()); // what is not hashed keeps this
    this.tokenizer.to({ device });
    this.generator.to({ device });
    this.labels = Array.from({ length: size.batch }, (_, image) => image % size.generator.classes);
    this.labels_B = keep(tensor(this.labels, { dtype: 'int64', device }));
    this.targets = this.scales.map((side) => {
      const token = (i) =>
        (Math.trunc(i / side ** 2) * 131 + side * 17 + (i % side ** 2) * 7) % size.tokenizer.vocabularySize;
      const tokens = BigInt64Array.from({ length: size.batch * side ** 2 }, (_, i) => BigInt(token(i)));
      return keep(tensor(tokens, { shape: [size.batch, side ** 2], device }));
    });
    this.parameters = this.generator.parameters();
    this.optimizer = new AdamW(parameterGroups(this.generator));
    this.random = new Generator(1, device);
  }

  dispose() {
    this.optimizer.dispose();
    this.generator.dispose();
    this.tokenizer.dispose();
  }

  forcing(settings) {
    const { generator, tokenizer, labels_B, targets, scales, random } = this;
    const parsed = sarSettings.parse({ gamma, ...settings });
    return forcings[parsed.forcing]({
      generator, tokenizer, labels_B, targets, scales, random, step: 0, labelDrop: 0, settings: parsed,
    }); // prettier-ignore
  }

  step(precision, settings, recompute = false) {
    const { optimizer, parameters, size } = this;
    const options = {
      optimizer,
      parameters,
      learningRate: size.learningRate,
      weightDecay: 0.05,
      clip,
      precision,
      device: this.device,
      recompute,
    };
    return optimizerStep(options, [() => this.forcing(settings)]).numbers.loss;
  }

  sar(precision, studentContext, guidance) {
    const { topK, topP } = this.size;
    return this.step(precision, { forcing: 'sar', studentContext, tokens: { topK, topP, guidance } });
  }

  /** The peak memory of training steps, and the last one's loss. */
  memory({ precision, steps, recompute }) {
    resetPeak();
    let value;
    for (let i = 0; i < steps; i++) value = this.step(precision, { forcing: 'teacher' }, recompute);
    return { bytes: peakBytes(), value };
  }

  /** The mean absolute value of the last scale's images; the batch is computed together, as the peer does it. */
  sample(precision, topK, topP) {
    const { labels, scales, size } = this;
    const seeds = labels.map((_, i) => i);
    const guidance = { shape: 'ramp', scale: size.cfg };
    const options = { labels, seeds, scales, guidance, topK, topP, precision, device: this.device, independent: false };
    return scope(() => {
      for (const record of sample(this.generator, this.tokenizer, options))
        if (record.index === scales.length - 1) return record.image().abs().mean().item();
      throw new Error('internal: no last scale');
    });
  }

  /** Loss of teacher forcing, of the student (argmax, guided), and the mean image of greedy sampling. */
  check() {
    const tokens = { choice: 'argmax', guidance: this.size.guidance };
    const losses = noGrad(() =>
      scope(() => {
        const { parts } = this.forcing({ forcing: 'sar', tokens });
        return { teacher: parts.loss_teacher.item(), student: parts.loss_csf.item() };
      }),
    );
    return { ...losses, image: this.sample('float32', 1, 0) };
  }

  run(name, precision) {
    const { guidance, topK, topP } = this.size;
    const work = {
      check: () => this.check(),
      train: () => this.step(precision, { forcing: 'teacher' }),
      'sar-causal': () => this.sar(precision, 'causal', null),
      'sar-last-scale': () => this.sar(precision, 'last-scale', null),
      'sar-guided': () => this.sar(precision, 'causal', guidance),
      sample: () => this.sample(precision, topK, topP),
    }[name];
    const started = process.hrtime.bigint();
    const value = work();
    return { seconds: Number(process.hrtime.bigint() - started) / 1e9, value };
  }
}

/** Seconds of one product of [m, k] and [k, n]. */
function product(precision, [m, k, n], device) {
  return scope(() => {
    const [a, b] = [ones([m, k], { dtype: precision, device }), ones([k, n], { dtype: precision, device })];
    const multiply = () => a.matmul(b).select(0, 0).select(0, 0).item(); // waits for the device
    multiply();
    const started = process.hrtime.bigint();
    multiply();
    return { seconds: Number(process.hrtime.bigint() - started) / 1e9 };
  });
}

let bench;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  if (request.do === 'load') {
    setThreads(request.threads);
    bench?.dispose();
    bench = new Bench(request.size, request.device);
    answer = { torch: libtorch().version };
  } else if (request.do === 'product') {
    setThreads(request.threads);
    answer = product(request.precision, request.shape, request.device);
  } else if (request.do === 'memory') answer = bench.memory(request);
  else answer = bench.run(request.case, request.precision);
  console.log(JSON.stringify(answer));
}
