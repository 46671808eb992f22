// `npm run bench -- gpu`: d16's training steps on one GPU as docs/performance.md wants them, unattended and in less than eight minutes.
// Ours, the peer, and the peer compiled come one after the other, each in a process and a time of its own; what fails is told and left out.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { largestBatch } from './gpuSearch.mjs';
import { gpuTables } from './gpuTables.mjs';
import { pythonEnvironment } from './python.mjs';
import { readTraceFile } from './trace.mjs';
import { Worker } from './workers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, '..');
const paperBatch = 24;
const names = ['train', 'sar-causal', 'sar-guided', 'sar-last-scale'];
const profiled = ['train', 'sar-causal'];
const tracedSteps = 3;

/** What each side does and how long it may take. The compiler needs a minute for each shape, so it searches for no batch. */
const sides = [
  { name: 'ours', seconds: 150, searches: true },
  { name: 'peer', seconds: 140, searches: true, load: { fused: true } },
  { name: 'peer compiled', seconds: 170, searches: false, load: { fused: true, compiled: true } },
];

/** One side's process, started anew where it ended, until the time of the side is over. */
class Side {
  constructor(side, start) {
    this.name = side.name;
    this.failures = [];
    /** What there was no time for. */
    this.late = [];
    this.#start = start;
    this.#until = Date.now() + 1000 * side.seconds;
  }

  #start;
  #until;
  #worker;

  get #left() {
    return (this.#until - Date.now()) / 1000;
  }

  /** The answer; undefined, with a line of why, where there is none. */
  async ask(request) {
    const what = `${request.do} ${request.case} ${request.batch ?? ''}`.trim();
    if (this.#left < 5) {
      this.late.push(what);
      return undefined;
    }
    try {
      this.#worker ??= await this.#started();
      return await this.#worker.ask(request, this.#left);
    } catch (error) {
      const failure = `${this.name}: ${what}: ${error.message}`;
      this.failures.push(failure);
      console.log(failure);
      await this.end();
      return undefined;
    }
  }

  async #started() {
    const { worker, request } = this.#start();
    await worker.ask(request, this.#left);
    return worker;
  }

  async end() {
    await this.#worker?.end();
    this.#worker = undefined;
  }
}

/** All of one side's work, the most wanted first; rows are added to `report` as they come. */
async function measureSide(side, running, { batches, most, refuseAbove, seconds, report }) {
  const { precision } = report.machine;
  const add = async (name, batch, largest) => {
    const answer = await running.ask({ do: 'time', case: name, precision, batch, seconds });
    if (!answer || answer.outOfMemory) return;
    report.rows.push({ side: side.name, name, batch, largest, ...answer });
    console.log(`${side.name}, ${name}, batch ${batch}: ${(1000 * answer.seconds).toFixed(1)} ms, loss ${answer.value.toFixed(4)}`); // prettier-ignore
  };
  for (const name of names) await add(name, paperBatch, false);
  for (const name of profiled) {
    const file = join(tmpdir(), `scalewise-trace-${process.pid}.json`);
    const request = { do: 'trace', case: name, precision, batch: paperBatch, steps: tracedSteps, file };
    if (await running.ask(request))
      report.profiles.push({ side: side.name, name, ...readTraceFile(file, tracedSteps) });
  }
  for (const name of names) {
    const isIn = async (batch) => {
      const answer = await running.ask({ do: 'fits', case: name, precision, batch, ...(refuseAbove && { refuseAbove }) }); // prettier-ignore
      return answer && !answer.outOfMemory;
    };
    if (side.searches) batches[name] = await largestBatch(paperBatch, most, isIn);
    const batch = batches[name];
    if (batch > paperBatch) await add(name, batch, true);
  }
}

/** The machine's GPU as its driver names it, or the CPU. */
function deviceName(device) {
  if (device === 'cpu') return cpus()[0]?.model ?? 'unknown';
  const query = ['--query-gpu=name,memory.total,driver_version,clocks.max.sm,power.limit', '--format=csv,noheader'];
  return spawnSync('nvidia-smi', query, { encoding: 'utf8' }).stdout?.trim().split('\n')[0] ?? 'unknown';
}

export async function timeGpu({ device, peer, threads, size: wanted, largest, peakTflops }) {
  const { sizes } = await import('./sizes.mjs');
  const { fastBfloat16, libtorch } = await import('../dist/torch/index.js');
  const { devicePeak } = await import('../dist/train/index.js');
  const { forwardFlops } = await import('../dist/models/index.js');
  const { sarSettings, stepFlops } = await import('../dist/sar/index.js');
  const onCpu = device === 'cpu';
  const precision = fastBfloat16(device) ? 'bfloat16' : 'float32'; // emulated it would take minutes a step
  const size = { ...sizes[wanted ?? (onCpu ? 'tiny' : 'd16')], batch: 2 };
  const { build, version } = libtorch();
  const peak = peakTflops ? peakTflops * 1e12 : devicePeak(device, precision);
  const config = size.generator;
  const flopsOf = (name) => {
    const tokens = { guidance: name === 'sar-guided' ? size.guidance : null };
    const studentContext = name === 'sar-last-scale' ? 'last-scale' : 'causal';
    const settings = sarSettings.parse({ forcing: name === 'train' ? 'teacher' : 'sar', gamma: 0.01, studentContext, tokens }); // prettier-ignore
    return stepFlops({ config, batch: 1, scales: size.scales, step: 0 }, settings);
  };
  const report = {
    machine: { device: deviceName(device), peak, threads, libtorch: version, node: process.version, precision },
    flops: { forward: forwardFlops(config, 1, size.scales), ...Object.fromEntries(names.map((name) => [name, flopsOf(name)])) },
    checks: {}, rows: [], profiles: [], failures: [],
  }; // prettier-ignore
  const quiet = { KINETO_LOG_LEVEL: '99' };
  const started = Date.now();
  const batches = {};
  for (const side of sides.filter(({ name }) => peer || name === 'ours')) {
    const env = side.name === 'ours' ? process.env : pythonEnvironment(project, build);
    const program = side.name === 'ours' ? [process.execPath, ['--expose-gc', join(here, 'worker.mjs')]] : ['python3', ['-W', 'ignore', join(here, 'peer', 'worker.py')]]; // prettier-ignore
    const start = () => ({
      worker: new Worker(side.name, ...program, { ...env, ...quiet }),
      request: { do: 'load', size, threads, device, ...side.load },
    });
    const running = new Side(side, start);
    const check = { do: 'run', case: 'check', precision: 'float32' };
    if (!side.load?.compiled) report.checks[side.name] = (await running.ask(check))?.value; // it would be compiled for it
    const most = largest ?? (onCpu ? 96 : 4096);
    // a CPU would swap: out-of-memory is pretended there
    await measureSide(side, running, { batches, most, refuseAbove: onCpu ? 40 : undefined, seconds: onCpu ? 0.5 : 2, report }); // prettier-ignore
    await running.end();
    report.failures.push(...running.failures);
    if (running.late.length) report.failures.push(`${side.name}: no time for ${running.late.join(', ')}`);
    report.seconds = (Date.now() - started) / 1000;
    writeReport(report);
  }
  console.log(`\n${gpuTables(report)}\n\nbuild/bench-gpu.json holds these figures`);
}

/** Kept after each side: what was measured is not lost where the next one ends it all. */
function writeReport(report) {
  mkdirSync(join(project, 'build'), { recursive: true });
  writeFileSync(join(project, 'build', 'bench-gpu.json'), `${JSON.stringify(report, null, 2)}\n`);
}
