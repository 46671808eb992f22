// `npm run bench -- step-memory`: peak memory of d16's training steps at 256 pixels, each side and each way in a process of its own.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from '../scripts/setup/run.mjs';
import { pythonEnvironment } from './python.mjs';
import { Worker } from './workers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, '..');
const steps = 2; // the second has all that the optimiser keeps from the first

/** About what the larger side took, and a tenth more. */
const needed = (batch) => 6e9 + 1.25e9 * batch;

/** Refuses where the machine would have to swap, or to end other programs. */
function checkRoom(batch) {
  const available = 1024 * Number(/MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))[1]);
  const [wanted, found] = [needed(batch), available].map((bytes) => (bytes / 1e9).toFixed(1));
  if (available < needed(batch))
    throw new SetupError(
      `--batch ${batch}: a step needs about ${wanted} GB, the machine has ${found} GB free; try a smaller one`,
    );
}

/** Bytes at the peak of one side's steps, and the loss of the last. */
async function measure(side, size, { threads, device, env }) {
  checkRoom(size.batch);
  const program = side === 'peer' ? ['python3', ['-W', 'ignore', join(here, 'peer', 'worker.py')]] : [process.execPath, ['--expose-gc', join(here, 'worker.mjs')]]; // prettier-ignore
  const worker = new Worker(side, ...program, env);
  try {
    await worker.ask({ do: 'load', size, threads, device });
    return await worker.ask({ do: 'memory', precision: 'float32', steps, recompute: side === 'recomputing' });
  } finally {
    await worker.end(); // its memory is the next one's
  }
}

function tableOf(rows) {
  const cell = (bytes) => (bytes === undefined ? '–' : `${(bytes / 1e9).toFixed(2)} GB`);
  const ratio = (a, b) => (b === undefined ? '–' : (a / b).toFixed(2));
  const lines = rows.map(({ batch, ours, recomputing, peer }) =>
    [batch, cell(ours), cell(recomputing), cell(peer), ratio(ours, peer), ratio(recomputing, peer)].join(' | '),
  );
  const head = ['batch', 'ours', 'ours, recomputing', 'peer', 'ours / peer', 'recomputing / peer'];
  return [head.join(' | '), head.map(() => '---').join(' | '), ...lines].map((line) => `| ${line} |`).join('\n');
}

/** Ours, ours with blocks computed again, and the peer, at some batch sizes. */
export async function stepMemory({ batches, peer, threads, device }) {
  const { sizes } = await import('./sizes.mjs');
  const { libtorch } = await import('../dist/torch/index.js');
  const sides = ['ours', 'recomputing', ...(peer ? ['peer'] : [])];
  const peerEnv = peer && pythonEnvironment(project, libtorch().build);
  const rows = [];
  for (const batch of batches) {
    const row = { batch };
    let loss;
    for (const side of sides) {
      const env = side === 'peer' ? peerEnv : process.env;
      const { bytes, value } = await measure(side, { ...sizes.d16, batch }, { threads, device, env });
      loss ??= value;
      if (Math.abs(value - loss) > 1e-4 * loss) throw new SetupError(`bench: the loss differs: ours ${loss}, ${side} ${value}`); // prettier-ignore
      row[side] = bytes;
      console.log(`batch ${batch}, ${side}: ${(bytes / 1e9).toFixed(2)} GB, loss ${value.toFixed(6)}`);
    }
    rows.push(row);
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', threads, device };
  mkdirSync(join(project, 'build'), { recursive: true });
  writeFileSync(join(project, 'build', 'bench-step-memory.json'), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
  console.log(`\n${machine.cpu}, ${threads} threads, on ${device}, float32.\n\n${tableOf(rows)}\n\nbuild/bench-step-memory.json holds these figures`); // prettier-ignore
}
