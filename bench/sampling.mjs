// Full-size sampling, each model in processes of its own so that its memory is its own: `sample-full` times one image and a batch of 8 against
// the peer, `sample-large` samples d24 and d30 once with bfloat16 weights.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from '../scripts/setup/run.mjs';
import { pythonEnvironment } from './python.mjs';
import { Worker } from './workers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, '..');
const families = ['flexvar', 'var'];
const drawn = { topK: 900, topP: 0.95 };
const greedy = { topK: 1, topP: 0 };

/** Sizes of a family's published models, as both sides take them, and how both sample. */
async function modelsOf(family, depth, { device, threads }) {
  const { generatorFamilies } = await import('../dist/models/index.js');
  const { tokenizerFamilies } = await import('../dist/tokenizers/index.js');
  const whole = generatorFamilies[family].config.parse({ depth });
  const ofOurs = ['pathDrop', 'sharedAdaLn']; // the peer samples only, and d36 is not measured
  const generator = Object.fromEntries(Object.entries(whole).filter(([name]) => !ofOurs.includes(name)));
  const tokenizer = tokenizerFamilies[family].config.parse({});
  const scales = generatorFamilies[family].scalesOf(whole);
  return { do: 'load', family, tokenizer, generator, scales, cfg: 1.5, device, threads };
}

const startOurs = () => new Worker('ours', process.execPath, ['--expose-gc', join(here, 'sampler.mjs')], process.env);

function startPeer(build) {
  const program = ['-W', 'ignore', join(here, 'peer', 'sampler.py')];
  return new Worker('the peer', 'python3', program, pythonEnvironment(project, build));
}

/** The share of equal tokens. */
function share(a, b) {
  return a.filter((token, i) => token === b[i]).length / a.length;
}

/** Both sides compute the same model: sampled greedily, nearly all tokens and the mean image agree. This run also warms both up. */
async function checkAlike(workers, family) {
  const answers = [];
  for (const worker of workers) answers.push(await worker.ask({ do: 'sample', batch: 1, precision: 'float32', ...greedy })); // prettier-ignore
  const [ours, peer = ours] = answers;
  const kept = share(ours.tokens, peer.tokens);
  console.log(`${family}: greedy tokens that agree ${(100 * kept).toFixed(2)} %; mean ${ours.mean.toFixed(6)}, the peer's ${peer.mean.toFixed(6)}`); // prettier-ignore
  if (kept < 0.99) throw new SetupError(`bench: ${family}: the peer chose other tokens than ours; they must compute the same model`); // prettier-ignore
  return ours.tokens;
}

const gigabytes = (bytes) => (bytes / 1e9).toFixed(2);
const row = (cells) => `| ${cells.join(' | ')} |`;
const ratio = (a, b) => (b === undefined ? '–' : (a / b).toFixed(2));

function tableOf(rows) {
  const head = ['model', 'batch', 'precision', 'ours', 'peer', '/ peer', '/ peer float32', 'ours GB', 'peer GB', '/ peer', 'greedy tokens kept']; // prettier-ignore
  const lines = rows.map(({ model, batch, precision, ours, peer, kept }) => {
    const float32 = rows.find((one) => one.model === model && one.batch === batch && one.precision === 'float32')?.peer;
    return row([
      model,
      batch,
      precision,
      `${ours.seconds.toFixed(2)} s`,
      peer ? `${peer.seconds.toFixed(2)} s` : '–',
      ratio(ours.seconds, peer?.seconds),
      ratio(ours.seconds, float32?.seconds),
      gigabytes(ours.bytes),
      peer ? gigabytes(peer.bytes) : '–',
      ratio(ours.bytes, peer?.bytes),
      kept === undefined ? '' : `${(100 * kept).toFixed(2)} %`,
    ]);
  });
  return [row(head), row(head.map(() => '---')), ...lines].join('\n');
}

/** Seconds and memory of one family at one size, all batches in turns. */
async function measure(family, { depth, batches, precisions, peer, weights, ...machine }) {
  const { libtorch } = await import('../dist/torch/index.js');
  const models = await modelsOf(family, depth, machine);
  const workers = [startOurs(), ...(peer ? [startPeer(libtorch().build)] : [])];
  try {
    for (const worker of workers) await worker.ask({ ...models, ...(worker === workers[0] ? { weights } : {}) });
    const tokens = await checkAlike(workers, family);
    const rows = [];
    for (const precision of precisions)
      for (const batch of batches) {
        const answers = [];
        for (const worker of workers) answers.push(await worker.ask({ do: 'sample', batch, precision, ...drawn }));
        const [ours, theirs] = answers.map(({ seconds, bytes }) => ({ seconds, bytes }));
        rows.push({ model: `${family}-d${depth}`, batch, precision, ours, peer: theirs });
      }
    for (const precision of precisions.filter((one) => one !== 'float32')) {
      const low = await workers[0].ask({ do: 'sample', batch: 1, precision, ...greedy });
      for (const one of rows) if (one.precision === precision) one.kept = share(low.tokens, tokens);
    }
    return rows;
  } finally {
    for (const worker of workers) worker.end();
  }
}

function finish(name, rows, { threads, device }) {
  mkdirSync(join(project, 'build'), { recursive: true });
  const file = join('build', `bench-${name}.json`);
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, threads, device };
  writeFileSync(join(project, file), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
  console.log(`\n${machine.cpu}, ${threads} threads, on ${device}; one run each.\n\n${tableOf(rows)}\n\n${file} holds these figures`); // prettier-ignore
}

/** `sample-full`: d16 of both families, one image and 8, ours and the peer. */
export async function sampleFull({ family, depth = 16, peer, threads, device }) {
  const { fastBfloat16 } = await import('../dist/torch/index.js');
  const precisions = fastBfloat16(device) ? ['float32', 'bfloat16'] : ['float32'];
  const rows = [];
  for (const one of family ? [family] : families)
    rows.push(...(await measure(one, { depth, batches: [1, 8], precisions, peer, threads, device })));
  finish('sample-full', rows, { threads, device });
}

/** `sample-large`: one image of d24 and of d30, weights in bfloat16, computed in bfloat16 where the machine is fast at it. */
export async function sampleLarge({ depth, threads, device }) {
  const { fastBfloat16 } = await import('../dist/torch/index.js');
  const precision = fastBfloat16(device) ? 'bfloat16' : 'float32';
  const rows = [];
  for (const size of depth ? [depth] : [24, 30]) {
    const worker = startOurs();
    try {
      const { parameters } = await worker.ask({ ...(await modelsOf('var', size, { threads, device })), weights: 'bfloat16' }); // prettier-ignore
      console.log(`var-d${size}: ${(parameters / 1e9).toFixed(2)} billion parameters, weights in bfloat16`);
      const { seconds, bytes } = await worker.ask({ do: 'sample', batch: 1, precision, ...drawn });
      rows.push({ model: `var-d${size}`, batch: 1, precision, ours: { seconds, bytes } });
    } finally {
      worker.end();
    }
  }
  finish('sample-large', rows, { threads, device });
}
