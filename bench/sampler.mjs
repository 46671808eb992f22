// Our side of `npm run bench -- sample-full` and `sample-large`: answers requests, one line of JSON each. bench/peer/sampler.py is the other side.
import { createInterface } from 'node:readline';
import { hashWeights } from '../dist/golden/hash.js';
import { generatorFamilies } from '../dist/models/index.js';
import { storeLinear } from '../dist/nn/index.js';
import { sample } from '../dist/sampling/index.js';
import { tokenizerFamilies } from '../dist/tokenizers/index.js';
import { Generator, noGrad, scope, setThreads } from '../dist/torch/index.js';
import { peakBytes, resetPeak } from './memory.mjs';

const seed = 1;
const random = new Generator(seed);

/** A model of a family's table with hash weights, ready to sample. */
function filled(family, config, { device, weights }) {
  const model = family.make(family.config.parse(config)).eval().requireGrad(false);
  if (weights === 'bfloat16') storeLinear(model, 'bfloat16');
  noGrad(() => model.positionTerm?.initialise(random, 1)); // what is not hashed, FlexVAR's map, keeps this
  hashWeights(model, seed);
  return model.to({ device, memoryFormat: device === 'cpu' ? 'channelsLast' : undefined });
}

/** The models of one request, and sampling with them. */
class Bench {
  constructor({ family, tokenizer, generator, device, scales, cfg, ...request }) {
    this.tokenizer = filled(tokenizerFamilies[family], tokenizer, { device });
    this.tokenizer.encoder.dispose(); // the peer has no encoder either
    this.generator = filled(generatorFamilies[family], generator, { device, weights: request.weights });
    this.how = { scales, device, guidance: { shape: 'ramp', scale: cfg }, independent: false };
  }

  /** Seconds and peak memory of a batch, its decoding included; the tokens of all scales and the mean absolute value of its images. */
  sample({ batch, precision, topK, topP }) {
    const numbers = Array.from({ length: batch }, (_, i) => i);
    const options = { ...this.how, labels: numbers, seeds: numbers, precision, topK, topP };
    resetPeak();
    const started = process.hrtime.bigint();
    const tokens = [];
    let mean;
    scope(() => {
      for (const record of sample(this.generator, this.tokenizer, options)) {
        tokens.push(...record.indices_BN.toArray());
        if (record.index === options.scales.length - 1) mean = record.image().abs().mean().item();
      }
    });
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    return { seconds, bytes: peakBytes(), mean, tokens };
  }
}

let bench;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.do === 'load') {
    setThreads(request.threads);
    bench = new Bench(request);
    console.log(JSON.stringify({ parameters: bench.generator.parameterCount() }));
  } else console.log(JSON.stringify(bench.sample(request)));
}
