// node bench/scaling.mjs [OPTIONS]: the table of docs/scaling.md, what a step takes and how efficient it is on many GPUs, computed by bench/scalingModel.mjs.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { computeOf, stepOf, works } from './scalingModel.mjs';

/** Name, default, unit, meaning. */
const numbers = [
  ['parameters', 310e6, '', 'weights of the model; gradients are float32'],
  ['gflop', 305.24, 'GFLOP', 'a forward pass of one image'],
  ['tflops', 445, 'TFLOP/s', 'that one GPU reaches: assumed 45 % of 989'],
  ['launch-ms', 6, 'ms', 'the least a forward pass takes, launching its kernels: assumed'],
  ['memory-gbs', 3350, 'GB/s', "of a GPU's memory, for the update"],
  ['step-ms', 0, 'ms', 'a measured step of --step-batch images on one GPU, instead of --tflops'],
  ['step-batch', 24, '', 'images of that step'],
  ['per-node', 8, '', 'GPUs of a node'],
  ['inside-gbs', 300, 'GB/s', "of a GPU's links in its node, each way"],
  ['inside-us', 5, 'µs', 'latency of a hop in a node'],
  ['bandwidth', 400, 'Gb/s', 'of each network port'],
  ['ports', 8, '', 'network ports of a node'],
  ['port-share', 0.8, '', "share of a port's speed that is reached"],
  ['latency-us', 15, 'µs', 'of a hop between nodes'],
  ['jitter', 0.01, '', "standard deviation of GPUs' step times, as a share"],
  ['loader', 5000, 'images/s', 'that a node reads and decodes'],
  ['checkpoint-gbs', 2, 'GB/s', 'at which a checkpoint is copied aside'],
  ['checkpoint-every', 1000, 'steps', 'between checkpoints'],
  ['gradient-bytes', 4, '', 'bytes of a gradient as it travels; 2 for bfloat16'],
];

const help = `node bench/scaling.mjs [OPTIONS]

Computes steps, efficiency and hours of 10 epochs of ImageNet on many GPUs.
${numbers.map(([name, value, unit, what]) => `  ${`--${name} N`.padEnd(22)} ${what} (${value}${unit && ` ${unit}`})`).join('\n')}
  --work NAME            ${Object.keys(works).join(', ')} (sar-guided)
  --gpus N,N             how many (8,32,256)
  --global N             images a step of all GPUs (768)
  --local N              images a step of each, instead
  --reference N          images a step of the single GPU that efficiency is compared with (24)
  --hierarchical         reduce in each node first

Example: node bench/scaling.mjs --bandwidth 100 --ports 1 --hierarchical`;

function readOptions(args) {
  const text = { type: 'string' };
  const options = Object.fromEntries(numbers.map(([name]) => [name, text]));
  const others = { work: text, gpus: text, global: text, local: text, reference: text };
  const flags = { hierarchical: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
  const { values } = parseArgs({ args, options: { ...options, ...others, ...flags } });
  const amount = (name, value) => {
    if (!(Number(value) >= 0)) throw new Error(`--${name}: expected a number, got '${value}'`);
    return Number(value);
  };
  const own = Object.fromEntries(numbers.map(([name, value]) => [name, amount(name, values[name] ?? value)]));
  const work = values.work ?? 'sar-guided';
  if (!works[work]) throw new Error(`--work: expected one of ${Object.keys(works).join(', ')}, got '${work}'`);
  return {
    ...own,
    work,
    help: values.help,
    hierarchical: values.hierarchical ?? false,
    gpus: (values.gpus ?? '8,32,256').split(',').map((one) => amount('gpus', one)),
    global: amount('global', values.global ?? 768),
    local: values.local === undefined ? undefined : amount('local', values.local),
    reference: amount('reference', values.reference ?? 24),
  };
}

/** What `stepOf` takes, in seconds and bytes. */
export function inputsOf(o) {
  const model = {
    parameters: o.parameters,
    forwardFlops: o.gflop * 1e9,
    gradientBytes: o['gradient-bytes'] * o.parameters,
  };
  const memory = { memoryBandwidth: o['memory-gbs'] * 1e9, launch: o['launch-ms'] / 1000 };
  const { passes } = works[o.work];
  const update = computeOf({ passes: 0, batch: 0, model, gpu: { flops: 1, ...memory } }).seconds;
  const measured = (passes * o['step-batch'] * model.forwardFlops) / (o['step-ms'] / 1000 - update);
  const gpu = { flops: o['step-ms'] ? measured : o.tflops * 1e12, ...memory };
  const inside = { bandwidth: o['inside-gbs'] * 1e9, latency: o['inside-us'] / 1e6 };
  const between = {
    bandwidth: ((o.bandwidth * 1e9) / 8) * o.ports * o['port-share'],
    latency: o['latency-us'] / 1e6,
  };
  const cluster = { perNode: o['per-node'], inside, between, hierarchical: o.hierarchical };
  const node = { imagesPerSecond: o.loader, checkpointBytesPerSecond: o['checkpoint-gbs'] * 1e9 };
  const { work, reference, jitter } = o;
  return { work, reference, jitter, model, gpu, cluster, node, checkpointEvery: o['checkpoint-every'] };
}

/** The table's rows: one for each number of GPUs. */
export function rowsOf(o) {
  const inputs = inputsOf(o);
  return o.gpus.map((gpus) => {
    const batch = o.local ?? o.global / gpus;
    return { gpus, batch, ...stepOf({ ...inputs, batch, cluster: { ...inputs.cluster, gpus } }) };
  });
}

function tableOf(rows) {
  const ms = (seconds) => (1000 * seconds).toFixed(1);
  const head = ['GPUs', 'images a GPU', 'alone, ms', '+ communication', '+ stragglers', '+ loading', '+ checkpoints', 'step, ms', 'images/s', 'efficiency', 'hours']; // prettier-ignore
  const cells = rows.map((row) => {
    const rate = (row.gpus * row.batch) / row.seconds;
    const parts = [row.alone, row.exposed, row.straggling, row.waiting, row.checkpoint, row.seconds].map(ms);
    return [row.gpus, row.batch, ...parts, rate.toFixed(0), `${(100 * row.efficiency).toFixed(0)} %`, (12811670 / rate / 3600).toFixed(1)]; // prettier-ignore
  });
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const options = readOptions(process.argv.slice(2));
    console.log(options.help ? help : tableOf(rowsOf(options)));
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exit(2);
  }
}
