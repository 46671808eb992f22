// npm run bench -- metrics: seconds and peak memory of the metrics on features of 2048 dimensions, as Inception-v3 gives them; ours alone.
// The seconds are those of the CPU, all threads together: what else runs does not count. The peak is the whole process's, and the features, which are
// all in memory, are in it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peakBytes, resetPeak } from './memory.mjs';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const width = 2048;
const most = 4 * 2 ** 30; // bytes, that 10,000 references and 50,000 samples must not pass
const replicates = 3;

/** What is measured, in turn: each takes the features and gives a figure that shows it was computed. */
function worksOf({ evaluate, reference, sample }) {
  const { bootstrap, densityCoverage, frechetDistanceOf, kernelDistance, precisionRecall, resampledDensityCoverage, resampledFrechet, resampledPrecisionRecall, statisticsOf, subsetKernelDistance } = evaluate; // prettier-ignore
  /** Noise of figures that share what they are prepared with, which is freed. */
  const noiseOf = (figures) => {
    const deviations = Object.values(figures).map(
      (one) => bootstrap(one, { seed: 1, replicates: 10 * replicates }).deviation,
    );
    for (const one of Object.values(figures)) one[Symbol.dispose]();
    return deviations[0];
  };
  const statistics = [];
  return {
    'statistics of the samples': () => (statistics[0] = statisticsOf(sample)).count,
    'Fréchet distance of two statistics': () => frechetDistanceOf(statistics[0], (statistics[1] = statisticsOf(reference.narrow(0, 0, 1024)))), // prettier-ignore
    [`bootstrap of it, ${replicates} replicates`]: () => bootstrap(resampledFrechet(statistics[1], sample), { seed: 1, replicates }).deviation, // prettier-ignore
    'kernel distance, 10 subsets of 1000': () => subsetKernelDistance(reference, sample, { seed: 1, subsets: 10 }).mean,
    'kernel distance of all': () => kernelDistance(reference, sample),
    'precision and recall, k = 3': () => precisionRecall(reference, sample).recall,
    'density and coverage, k = 5': () => densityCoverage(reference, sample).density,
    'noise of precision and recall': () => noiseOf(resampledPrecisionRecall(reference, sample)),
    'noise of density and coverage': () => noiseOf(resampledDensityCoverage(reference, sample)),
  };
}

/** Prints a table for `images` samples and a fifth of them as references. */
export async function timeMetrics({ images, threads }) {
  const { Generator, keep, libtorch, randn, scope, setThreads } = await import('../dist/torch/index.js');
  const evaluate = await import('../dist/evaluate/index.js');
  setThreads(threads);
  const references = Math.ceil(images / 5);
  /** Features that vary as much in few directions as real ones do, the last tenth copies of the first. */
  const features = (seed, count, scale) => {
    const all = keep(randn([count, width], { generator: new Generator(seed) }));
    scope(() => {
      const basis = randn([32, width], { generator: new Generator(99) });
      for (let first = 0; first < count; first += 1000)
        scope(() => {
          const part = all.narrow(0, first, Math.min(1000, count - first));
          const place = randn([part.size(0), 32], { generator: new Generator(seed * 1e6 + first) });
          part.mul_(0.1).add_(place.matmul(basis).mul_(0.2 * scale));
        });
      const copies = Math.floor(count / 10);
      all.narrow(0, count - copies, copies).copy_(all.narrow(0, 0, copies).clone());
    });
    return all;
  };
  const works = worksOf({ evaluate, reference: features(1, references, 1), sample: features(2, images, 0.9) });
  const rows = [];
  for (const [name, work] of Object.entries(works)) {
    resetPeak();
    const started = process.cpuUsage();
    const figure = work();
    const { user, system } = process.cpuUsage(started);
    const row = { name, seconds: (user + system) / 1e6, bytes: peakBytes(), figure };
    rows.push(row);
    console.log(`${name}: ${row.seconds.toFixed(1)} s, ${(row.bytes / 2 ** 30).toFixed(2)} GiB`);
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', threads, libtorch: libtorch().version };
  mkdirSync(join(project, 'build'), { recursive: true });
  writeFileSync(join(project, 'build', 'bench-metrics.json'), `${JSON.stringify({ machine, references, images, width, rows }, null, 2)}\n`); // prettier-ignore
  console.log(`\n${machine.cpu}, ${threads} threads, libtorch ${machine.libtorch}: ${references} references, ${images} samples, ${width} dimensions.\n`); // prettier-ignore
  console.log('| metric | CPU seconds | peak memory |\n| --- | --- | --- |');
  for (const { name, seconds, bytes } of rows) console.log(`| ${name} | ${seconds.toFixed(1)} | ${(bytes / 2 ** 30).toFixed(2)} GiB |`); // prettier-ignore
  const highest = Math.max(...rows.map(({ bytes }) => bytes));
  console.log(`\nhighest ${(highest / 2 ** 30).toFixed(2)} GiB, ${highest <= most ? 'within' : 'above'} 4 GiB; build/bench-metrics.json holds these figures`); // prettier-ignore
}
