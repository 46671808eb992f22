// npm run bench -- loader: images a second of one core, from JPEG files to a float32 batch, ours against a PyTorch DataLoader with torchvision.
// Both are held to one core and take turns, and the seconds are those of the CPU, all threads together: what else runs does not count. The peer has
// no worker processes, whose exchange would only cost it time on one core. The files are made once, by formula: 500 × 375 pixels, as most of
// ImageNet's, and 1600 × 1200.
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must, SetupError } from '../scripts/setup/run.mjs';
import { addPackages, pythonEnvironment } from './python.mjs';
import { median } from './table.mjs';
import { Worker } from './workers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, '..');
const perClass = 50;
const sets = { '500x375': [500, 375, 4], '1600x1200': [1600, 1200, 1] };

/** Soft shapes, details and grain: about as many bytes a pixel as ImageNet's photographs have. */
async function photograph(sharp, width, height, seed) {
  const raw = { raw: { width, height, channels: 3 } };
  const noise = (w, h) => {
    const bytes = Uint8Array.from({ length: w * h * 3 }, (_, i) => Math.imul(i + 7919 * seed + w, 2654435761) >>> 24);
    return sharp(bytes, { raw: { width: w, height: h, channels: 3 } })
      .resize(width, height, { fit: 'fill' })
      .raw()
      .toBuffer();
  };
  const grain = {
    width,
    height,
    channels: 3,
    background: '#808080',
    noise: { type: 'gaussian', mean: 128, sigma: 30 },
  };
  const layers = [await noise(width >> 3, height >> 3), await sharp({ create: grain }).raw().toBuffer()];
  return sharp(await noise(16, 12), raw)
    .composite(layers.map((input) => ({ input, ...raw, blend: 'soft-light' })))
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A folder of JPEGs in ImageNet's layout. */
async function imagesOf(name) {
  const { default: sharp } = await import('sharp');
  const folder = join(project, 'build', 'bench-images', name);
  if (existsSync(folder)) return folder;
  const [width, height, classes] = sets[name];
  console.log(`making ${classes * perClass} images in ${folder}`);
  for (let label = 0; label < classes; label++) {
    const part = join(`${folder}.part`, 'train', `class${label}`);
    mkdirSync(part, { recursive: true });
    mkdirSync(join(`${folder}.part`, 'val', `class${label}`), { recursive: true });
    for (let i = 0; i < perClass; i++)
      writeFileSync(join(part, `${i}.JPEG`), await photograph(sharp, width, height, label * perClass + i));
    writeFileSync(join(`${folder}.part`, 'val', `class${label}`, '0.JPEG'), await photograph(sharp, width, height, 1));
  }
  renameSync(`${folder}.part`, folder);
  return folder;
}

/** A process that is held to the last core. */
function pinned(name, program, args, env) {
  return new Worker(name, 'taskset', ['-c', `${availableParallelism() - 1}`, program, ...args], {
    ...env,
    OMP_NUM_THREADS: '1',
  });
}

/** Images a second of ours and the peer's, in turns; prints a table. */
export async function timeLoader({ repeats, peer }) {
  const { libtorch } = await import('../dist/torch/index.js');
  must('taskset', 'taskset', ['--version']);
  const env = { ...process.env, SCALEWISE_CACHE: join(project, 'build', 'bench-cache') };
  const workers = [pinned('ours', process.execPath, [join(here, 'loaderWorker.mjs')], env)];
  if (peer) {
    const python = pythonEnvironment(project, libtorch().build);
    const minor = Number(libtorch().version.split('.')[1]);
    addPackages(project, python, ['numpy', 'pillow', `torchvision==0.${minor + 15}.*`]);
    workers.push(pinned('the peer', 'python3', ['-W', 'ignore', join(here, 'peer', 'loader.py')], python));
  }
  const rows = [];
  try {
    for (const name of Object.keys(sets)) {
      const folder = await imagesOf(name);
      const files = readdirSync(join(folder, 'train', 'class0')).length;
      if (files !== perClass) throw new SetupError(`bench: ${folder} has ${files} images a class; remove it`);
      const rates = workers.map(() => []);
      for (let round = -1; round < repeats; round++)
        for (const [side, worker] of workers.entries()) {
          const { images, seconds } = await worker.ask({ folder, round: round + 1 });
          if (round >= 0) rates[side].push(images / seconds);
        }
      rows.push({ name, rates: rates.map((side) => ({ median: median(side), lowest: Math.min(...side), highest: Math.max(...side) })) }); // prettier-ignore
    }
  } finally {
    for (const worker of workers) worker.end();
  }
  writeFileSync(join(project, 'build', 'bench-loader.json'), `${JSON.stringify({ repeats, rows }, null, 2)}\n`);
  const cell = ({ median: middle, lowest, highest }) =>
    `${middle.toFixed(0)} (${lowest.toFixed(0)}–${highest.toFixed(0)})`;
  console.log(`\nimages a second of CPU time at 256 pixels, median (lowest–highest) of ${repeats}\n`);
  console.log('| JPEG files | ours | peer | ours / peer |\n| --- | --- | --- | --- |');
  for (const { name, rates } of rows) {
    const [ours, theirs] = rates;
    const times = theirs ? (ours.median / theirs.median).toFixed(2) : '–';
    console.log(`| ${name} | ${cell(ours)} | ${theirs ? cell(theirs) : '–'} | ${times} |`);
  }
  console.log('\nbuild/bench-loader.json holds these figures');
}
