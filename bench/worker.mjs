// Our side of the benchmark: answers requests, one line of JSON each, with seconds and values. bench/peer/worker.py is the other side.
import { createInterface } from 'node:readline';
import { hashWeights } from '../dist/golden/hash.js';
import { FlexVar } from '../dist/models/index.js';
import { AdamW, parameterGroups } from '../dist/nn/index.js';
import { sample } from '../dist/sampling/index.js';
import { forcings, sarSettings } from '../dist/sar/index.js';
import { FlexVarTokenizer } from '../dist/tokenizers/index.js';
import {
  deviceMemory, emptyDeviceCache, Generator, keep, libtorch, noGrad, ones, profile, resetDevicePeak, scope, setThreads, tensor, zeros,
} from '../dist/torch/index.js'; // prettier-ignore
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
    this.resize(size.batch);
    this.parameters = this.generator.parameters();
    this.optimizer = new AdamW(parameterGroups(this.generator));
    this.random = new Generator(1, device);
  }

  /** Labels and targets for another number of images. */
  resize(batch) {
    if (this.labels?.length === batch) return;
    const { device, size } = this;
    this.disposeBatch();
    this.labels = Array.from({ length: batch }, (_, image) => image % size.generator.classes);
    this.labels_B = keep(tensor(this.labels, { dtype: 'int64', device }));
    this.targets = this.scales.map((side) => {
      const token = (i) =>
        (Math.trunc(i / side ** 2) * 131 + side * 17 + (i % side ** 2) * 7) % size.tokenizer.vocabularySize;
      const tokens = BigInt64Array.from({ length: batch * side ** 2 }, (_, i) => BigInt(token(i)));
      return keep(tensor(tokens, { shape: [batch, side ** 2], device }));
    });
  }

  disposeBatch() {
    for (const one of [this.labels_B, ...(this.targets ?? [])]) one?.dispose();
  }

  dispose() {
    this.disposeBatch();
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

/** Waits until the device has done all that was asked of it. */
function settle(device) {
  scope(() => zeros([1], { device }).item());
}

/** Seconds of a step as the mean of many without a pause, after three that are not timed, and the bytes at the peak. */
function timeSteps({ case: name, precision, batch, seconds }) {
  bench.resize(batch);
  let [last] = [0, 1, 2].map(() => bench.run(name, precision)).slice(-1);
  settle(bench.device);
  resetDevicePeak(bench.device);
  if (bench.device === 'cpu') resetPeak();
  const steps = Math.min(20, Math.max(3, Math.ceil(seconds / last.seconds)));
  const started = process.hrtime.bigint();
  for (let i = 0; i < steps; i++) last = bench.run(name, precision);
  settle(bench.device);
  const taken = Number(process.hrtime.bigint() - started) / 1e9;
  const memory = deviceMemory(bench.device) ?? { allocatedPeak: peakBytes() };
  return {
    seconds: taken / steps,
    steps,
    value: last.value,
    bytes: memory.allocatedPeak,
    reserved: memory.reservedPeak,
  };
}

/** What `work` answers; or that memory was lacking, with all of it that can be given back. `refuseAbove` pretends so, for a CPU. */
function orOutOfMemory({ batch, refuseAbove }, work) {
  try {
    const answer = work();
    if (batch > refuseAbove) throw new Error('pretending to be out of memory');
    return answer;
  } catch (error) {
    if (!/out of memory/.test(error.message)) throw error;
    bench.optimizer.zeroGrad();
    emptyDeviceCache(bench.device);
    return { outOfMemory: true };
  }
}

/** Whether two steps of a batch fit. */
function fits({ case: name, precision, batch }) {
  bench.resize(batch);
  for (let i = 0; i < 2; i++) bench.run(name, precision);
  settle(bench.device);
  emptyDeviceCache(bench.device);
  return { outOfMemory: false };
}

/** Writes a trace of some steps. */
function traceSteps({ case: name, precision, batch, steps, file }) {
  bench.resize(batch);
  bench.run(name, precision);
  settle(bench.device);
  profile(file, () => {
    for (let i = 0; i < steps; i++) bench.run(name, precision);
    settle(bench.device);
  });
  return { steps };
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
  else if (request.do === 'time') answer = orOutOfMemory(request, () => timeSteps(request));
  else if (request.do === 'fits') answer = orOutOfMemory(request, () => fits(request));
  else if (request.do === 'trace') answer = traceSteps(request);
  else answer = bench.run(request.case, request.precision);
  console.log(JSON.stringify(answer));
}
