// npm run bench [-- WORK --size quickstart|d16 --only NAME --repeats N --threads N --device cuda --skip-peer]
// Times ours against plain PyTorch (bench/peer), both on the same libtorch, in turns; prints a table and writes build/bench.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { must, SetupError } from '../scripts/setup/run.mjs';
import { setup } from '../scripts/setup.mjs';
import { timeGpu } from './gpu.mjs';
import { timeLoader } from './loader.mjs';
import { timeMetrics } from './metrics.mjs';
import { pythonEnvironment } from './python.mjs';
import { sampleFull, sampleLarge } from './sampling.mjs';
import { stepMemory } from './stepMemory.mjs';
import { loadStudio } from './studio.mjs';
import { median, tableOf } from './table.mjs';
import { Worker } from './workers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, '..');
const cases = ['train', 'sar-causal', 'sar-last-scale', 'sar-guided', 'sample'];
const names = [...cases, 'products'];

const help = `npm run bench [-- [sample-full|sample-large|step-memory|loader|metrics|studio|gpu] OPTIONS]

Times a training step, a SAR step, sampling and matrix products, ours against plain PyTorch on the same libtorch.
  --size quickstart|d16  one size; both by default
  --only NAME            one of ${names.join(', ')}; may be repeated
  --repeats N            timed runs of each, after one that is not timed (7)
  --threads N            threads of an operator (${availableParallelism()}, one a core)
  --device cpu|cuda      where both compute (cpu)
  --skip-peer            ours alone

sample-full samples d16 of both families, one image and a batch of 8, once each: seconds and peak memory, ours against the peer.
sample-large samples var-d24 and var-d30 once, weights in bfloat16, ours alone. Both take --threads and --device, and
  --family flexvar|var   one family (sample-full)
  --depth N              another depth than the published ones
step-memory trains d16 for two steps, and tells their peak memory: ours, ours with blocks computed again in backward, and the peer's. It takes
  --threads, --skip-peer and
  --batch N              images a step (8, which need 16 GB); may be repeated
loader reads JPEG files into batches at 256 pixels with random crops and flips, images a second of one core, ours against torchvision's. It takes
  --repeats and --skip-peer.
metrics takes Fréchet and kernel distances, precision, recall, density and coverage of features of 2048 dimensions: seconds and peak memory, ours
  alone. It takes --threads and
  --images N             samples; references are a fifth of them (10000; a full evaluation has 50000)
studio has many clients ask a studio on the small weights for images, watch them and fetch them: answers by status, how long light routes take
  meanwhile, the server's memory, its share of a core, how late its event loop is. It takes --threads (of the worker) and
  --clients N            clients at once (200)
  --seconds N            for how long they ask (60)
  --profile FOLDER       writes a CPU profile of the server there
gpu does all that is to be measured of training on one NVIDIA GPU, in less than eight minutes: teacher-forced and SAR steps in bfloat16 autocast at
  batch 24 and the largest that fits, ours against the peer (fused AdamW) as it is and compiled; images a second, MFU, memory, a profile by kind of
  kernel, the hours of 10 epochs of ImageNet. build/bench-gpu.json keeps it. It takes --device (cuda; with cpu a tiny model tries the way),
  --threads, --skip-peer and
  --size tiny|quickstart|d16  one size (d16, on a CPU tiny)
  --largest N            no batch above it is tried
  --peak-tflops N        the device's peak, for MFU, where its name is in no table

Example: npm run bench -- --size quickstart --only train --repeats 3
         npm run bench -- sample-full --family var`;

function options() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: text, only: { ...text, multiple: true }, repeats: text, threads: text, device: text, family: text, depth: text, largest: text, images: text,
      'peak-tflops': text, clients: text, seconds: text, profile: text,
      batch: { ...text, multiple: true }, 'skip-peer': { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
    },
  }); // prettier-ignore
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const oneOf = (option, value, allowed) => {
    if (!allowed.includes(value))
      throw new SetupError(`${option}: expected one of ${allowed.join(', ')}, got '${value}'`);
    return value;
  };
  const count = (option, value) => {
    if (!/^[1-9]\d*$/.test(value)) throw new SetupError(`--${option}: expected a number above 0, got '${value}'`);
    return Number(value);
  };
  const work = positionals.length ? oneOf('bench', positionals.join(' '), Object.keys(works)) : 'steps';
  const number = (option, value) => {
    if (!(Number(value) > 0)) throw new SetupError(`--${option}: expected a number above 0, got '${value}'`);
    return Number(value);
  };
  return {
    work,
    size: values.size && oneOf('--size', values.size, ['tiny', 'quickstart', 'd16']),
    largest: values.largest && count('largest', values.largest),
    peakTflops: values['peak-tflops'] && number('peak-tflops', values['peak-tflops']),
    family: values.family && oneOf('--family', values.family, ['flexvar', 'var']),
    depth: values.depth && count('depth', values.depth),
    images: count('images', values.images ?? '10000'),
    clients: count('clients', values.clients ?? '200'),
    seconds: count('seconds', values.seconds ?? '60'),
    profile: values.profile,
    batches: (values.batch ?? ['8']).map((batch) => count('batch', batch)),
    sizes: values.size ? [values.size] : ['quickstart', 'd16'],
    only: values.only?.map((name) => oneOf('--only', name, names)) ?? names,
    repeats: count('repeats', values.repeats ?? '7'),
    threads: count('threads', values.threads ?? String(availableParallelism())),
    device: oneOf('--device', values.device ?? (work === 'gpu' ? 'cuda' : 'cpu'), ['cpu', 'cuda']),
    peer: !values['skip-peer'],
  };
}

/** GFLOP/s that the machine's registers allow, by dtype. */
function peakOf(threads) {
  const program = join(project, 'build', 'peak');
  must('compiling bench/peak.c', 'cc', ['-O3', '-march=native', '-pthread', join(here, 'peak.c'), '-o', program]);
  return JSON.parse(must('the peak loop', program, [String(threads)]).out);
}

/** Loss, student's loss and mean image must be the same on both sides: they compute the same model. */
async function checkEquality(workers, size) {
  const [ours, peer] = await askAll(workers, { do: 'run', case: 'check', precision: 'float32' });
  for (const [name, value] of Object.entries(ours.value)) {
    const found = peer?.value[name] ?? value;
    const difference = Math.abs(found - value) / Math.abs(value);
    console.log(`${size}: ${name} ${value.toFixed(6)}${peer ? ` (peer ${found.toFixed(6)})` : ''}`);
    if (difference > 1e-4) throw new SetupError(`bench: ${size}: ${name} differs: ours ${value}, the peer's ${found}`);
  }
  return ours.value;
}

async function askAll(workers, request) {
  const answers = [];
  for (const worker of workers) answers.push(await worker.ask(request));
  return answers;
}

/**
 * Median seconds of each request on each side, after one run each that is not timed. Every round makes all requests on all sides, so that
 * what disturbs the machine for a while touches all of them.
 */
async function timeInTurns(workers, requests, repeats) {
  for (const request of requests) await askAll(workers, request);
  const rounds = [];
  for (let i = 0; i < repeats; i++) {
    const round = [];
    for (const request of requests) round.push(await askAll(workers, request));
    rounds.push(round);
  }
  return requests.map((_, at) => workers.map((_, side) => median(rounds.map((round) => round[at][side].seconds))));
}

/** GFLOP/s of products of some shapes. */
async function timeProducts(ours, shapes, precision, { repeats, threads, device }) {
  const requests = shapes.map((shape) => ({ do: 'product', precision, shape, threads, device }));
  const times = await timeInTurns([ours], requests, repeats);
  return shapes.map((shape, i) => (2 * shape.reduce((a, b) => a * b)) / times[i][0] / 1e9);
}

/** Steps, sampling and products at two sizes, medians of several runs. */
async function timeSteps({ sizes: chosen, only, repeats, threads, device, peer }) {
  const { productsOf, sizes } = await import('./sizes.mjs');
  const { fastBfloat16, libtorch } = await import('../dist/torch/index.js');
  const precisions = fastBfloat16(device) ? ['float32', 'bfloat16'] : ['float32'];
  const { build, version } = libtorch();
  const peak = only.includes('products') && device === 'cpu' ? peakOf(threads) : {}; // before the workers start, which takes both cores
  const workers = [new Worker('ours', process.execPath, [join(here, 'worker.mjs')], process.env)];
  if (peer)
    workers.push(
      new Worker(
        'the peer',
        'python3',
        ['-W', 'ignore', join(here, 'peer', 'worker.py')],
        pythonEnvironment(project, build),
      ),
    );
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    threads,
    device,
    libtorch: version,
    node: process.version,
  };
  const report = {
    machine,
    precisions,
    peak,
    repeats,
    checks: {},
    rows: [],
  };
  try {
    for (const size of chosen) {
      await askAll(workers, { do: 'load', size: sizes[size], threads, device });
      report.checks[size] = await checkEquality(workers, size);
      for (const precision of precisions) {
        const wanted = cases.filter((one) => only.includes(one));
        const requests = wanted.map((name) => ({ do: 'run', case: name, precision }));
        const times = await timeInTurns(workers, requests, repeats);
        wanted.forEach((name, i) => {
          const [ours, theirs] = times[i];
          report.rows.push({ size, name, precision, ours, peer: theirs });
        });
        if (!only.includes('products')) continue;
        const shapes = productsOf(sizes[size]);
        const rates = await timeProducts(workers[0], shapes, precision, { repeats, threads, device });
        shapes.forEach((shape, i) =>
          report.rows.push({ size, name: `product ${shape.join('×')}`, precision, gflops: rates[i] }),
        );
      }
    }
  } finally {
    for (const worker of workers) worker.end();
  }
  mkdirSync(join(project, 'build'), { recursive: true });
  writeFileSync(join(project, 'build', 'bench.json'), `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\n${tableOf(report)}\n\nbuild/bench.json holds these figures`);
}

/** What can be asked for by name; `steps` without one. */
const works = {
  steps: timeSteps,
  'sample-full': sampleFull,
  'sample-large': sampleLarge,
  'step-memory': stepMemory,
  loader: timeLoader,
  metrics: timeMetrics,
  studio: loadStudio,
  gpu: timeGpu,
};

async function main() {
  const chosen = options();
  setup();
  const { cudaAvailable } = await import('../dist/torch/index.js');
  if (chosen.device === 'cuda' && !cudaAvailable())
    throw new SetupError('--device: this libtorch has no CUDA device; `npx scalewise doctor` says why');
  await works[chosen.work](chosen);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError) && error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error;
  console.error(`error: ${error.message}`);
  process.exit(2);
}
