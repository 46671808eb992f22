// What `scalewise doctor` looks at. It imports no torch: the addon is loaded and measured in a process of its own, which may crash.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../../data/cacheFolder.js';

/** What scripts/setup/probe.mjs measures. */
export interface Measured {
  version: string;
  threads: number;
  /** Of a float32 matrix product. */
  gflops: number;
  blas: string;
  /** The instruction set that libtorch's own kernels use, in its words. */
  capability: string;
  onednn: boolean;
  cuda: boolean;
  cudaDevices: number;
  /** Whether processes can train together on CPUs. */
  gloo: boolean;
  /** Whether set-up built what they need to do so on CUDA devices. */
  nccl: boolean;
  fusedAdamW: boolean;
  fusedAttention: boolean;
  /** Speed of a bfloat16 product in units of float32's. */
  bfloat16Speed: number;
}

/** Everything that is known about this machine. */
export interface Facts {
  version: string;
  node: { version: string; needed: string };
  /** The libtorch in use and where it is from; undefined before set-up. */
  libtorch: { source: string; root: string; version: string } | undefined;
  /** What the addon can do, or why it cannot be loaded. */
  addon: Measured | { problem: string };
  cpu: { cores: number; features: string[] };
  nvidiaDriver: boolean;
  /** In bytes. */
  memory: { total: number; free: number };
  cache: { folder: string; writable: boolean; free: number };
}

const project = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const interesting = [
  'avx',
  'avx2',
  'fma',
  'avx512f',
  'avx512bw',
  'avx512_bf16',
  'amx_bf16',
  'neon',
  'asimd',
  'sve',
  'bf16',
];

function packageFile(): { version: string; engines: { node: string } } {
  return JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as ReturnType<typeof packageFile>;
}

function cpuFeatures(): string[] {
  const text = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const has = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/));
  return interesting.filter((name) => has.has(name));
}

interface Build {
  source: string;
  root: string;
  version: string;
  addon: string;
}

function readBuild(file: string): Build | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Build;
  } catch {
    return undefined; // absent or damaged: set-up mends both alike
  }
}

/** Loads the addon in another process and measures it. */
function measure(addon: string, { version, root }: Build): Facts['addon'] {
  if (!existsSync(addon)) return { problem: `${addon} is missing` };
  const probe = join(project, 'scripts', 'setup', 'probe.mjs');
  const result = spawnSync(process.execPath, [probe, addon, version, root, '--all'], { encoding: 'utf8' });
  if (result.status === 0) return JSON.parse(result.stdout) as Measured;
  const complaint = /^\w*Error: (.*)/m.exec(result.stderr)?.[1];
  return { problem: complaint ?? `loading it ended by ${result.signal ?? `exit code ${result.status ?? '?'}`}` };
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function cache(): Facts['cache'] {
  const folder = cacheFolder();
  let nearest = resolve(folder);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  const { bavail, bsize } = statfsSync(nearest);
  return { folder, writable: isWritable(nearest), free: bavail * bsize };
}

/** The least of the machine's memory and what a container allows. */
function memory(): Facts['memory'] {
  const allowed = process.constrainedMemory?.() ?? 0;
  const total = allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
  return { total, free: Math.min(total, freemem()) };
}

/** Looks at everything; takes about a second, most of it for loading libtorch. */
export function gatherFacts(): Facts {
  const file = process.env['SCALEWISE_LIBTORCH_BUILD'] ?? join(project, 'build', 'libtorch.json');
  const build = readBuild(file);
  const { version, engines } = packageFile();
  return {
    version,
    node: { version: process.versions.node, needed: engines.node.replace('>=', '') },
    libtorch: build && { source: build.source, root: build.root, version: build.version },
    addon: build
      ? measure(resolve(dirname(file), build.addon), build)
      : { problem: `there is no ${file}, or it is damaged` },
    cpu: { cores: availableParallelism(), features: cpuFeatures() },
    nvidiaDriver: existsSync('/dev/nvidiactl'),
    memory: memory(),
    cache: cache(),
  };
}
