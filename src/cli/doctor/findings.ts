// From facts to findings: for each lack what it costs and how to mend it. Pure.
import type { Facts, Measured } from './facts.js';

/** One lack. */
export interface Finding {
  /** `error`: Scalewise cannot run. `warning`: it runs, far slower or not to the end. `note`: something is not to be had. */
  level: 'error' | 'warning' | 'note';
  lack: string;
  cost: string;
  remedy: string;
}

const gib = 2 ** 30;
const quickstartMemory = 6 * gib;
const quickstartDisk = 2 * gib;

const older = (version: string, least: string): boolean => {
  const [a = 0, b = 0] = version.split('.').map(Number);
  const [c = 0, d = 0] = least.split('.').map(Number);
  return a < c || (a === c && b < d);
};

/** All lacks, the gravest first. */
export function findingsOf(facts: Facts): Finding[] {
  const found = [...machine(facts), ...('problem' in facts.addon ? [] : engine(facts, facts.addon))];
  const order = ['error', 'warning', 'note'];
  return found.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

function machine({ node, addon, memory, cache }: Facts): Finding[] {
  const found: Finding[] = [];
  const add = (level: Finding['level'], lack: string, cost: string, remedy: string) =>
    found.push({ level, lack, cost, remedy });
  if (older(node.version, node.needed))
    add(
      'error',
      `Node ${node.version} is older than ${node.needed}`,
      'nothing runs',
      'install it from https://nodejs.org',
    );
  if ('problem' in addon)
    add('error', `the native addon does not load: ${addon.problem}`, 'no command runs', 'run `npm run setup`');
  if (memory.free < quickstartMemory)
    add(
      'warning',
      `${(memory.free / gib).toFixed(1)} GiB of memory are free`,
      'quickstart may need up to 6 GiB',
      'close other programs, or lower batchSize',
    );
  if (!cache.writable)
    add(
      'warning',
      `${cache.folder} cannot be written`,
      'data sets cannot be fetched',
      'set SCALEWISE_CACHE to a folder of yours',
    );
  if (cache.free < quickstartDisk)
    add(
      'warning',
      `${(cache.free / gib).toFixed(1)} GiB of disk are free at ${cache.folder}`,
      'data sets and checkpoints may not fit',
      'free some space, or set SCALEWISE_CACHE to another disk',
    );
  return found;
}

function engine({ cpu, nvidiaDriver }: Facts, addon: Measured): Finding[] {
  const found: Finding[] = [];
  const add = (level: Finding['level'], lack: string, cost: string, remedy: string) =>
    found.push({ level, lack, cost, remedy });
  if (addon.blas === 'reference BLAS')
    add(
      'warning',
      `matrix products run on the plain reference BLAS (${addon.gflops} GFLOP/s)`,
      'they take 20 to 50 times as long as with OpenBLAS',
      'as root: apt-get install libopenblas0-pthread',
    );
  if (cpu.features.includes('avx2') && !/AVX/.test(addon.capability))
    add(
      'warning',
      `libtorch's kernels use ${addon.capability}, not this CPU's AVX2`,
      'element-wise operators take several times as long',
      'unset ATEN_CPU_CAPABILITY',
    );
  if (!cpu.features.some((one) => one === 'avx2' || one === 'asimd' || one === 'neon'))
    add('warning', 'this CPU has no AVX2', 'everything takes several times as long', 'use another machine');
  if (!addon.cudaDevices && !cpu.features.some((one) => one === 'avx512_bf16' || one === 'amx_bf16'))
    add(
      'note',
      `this CPU has no bfloat16 instructions (products have ${addon.bfloat16Speed.toFixed(2)} of float32's speed)`,
      'mixed precision saves memory but little or no time, so `precision` auto stands for float32',
      'keep it at auto; CPUs with AVX512-BF16 or AMX, and GPUs, are about twice as fast in bfloat16',
    );
  if (!addon.fusedAdamW || !addon.fusedAttention)
    add(
      'note',
      `libtorch ${addon.version} has no ${addon.fusedAttention ? 'fused AdamW' : 'fused attention and AdamW'}`,
      'the same results by several operators each: slower steps, more memory in attention',
      'npm run setup -- --libtorch wheel',
    );
  if (nvidiaDriver && !addon.cudaDevices)
    add(
      'warning',
      `there is an NVIDIA driver, but this libtorch ${addon.cuda ? 'finds no device' : 'is without CUDA'}`,
      'everything runs on the CPU',
      'install a CUDA build of PyTorch for python3, then: npm run setup -- --libtorch system',
    );
  if (!addon.gloo)
    add(
      'note',
      `libtorch ${addon.version} was built without Gloo`,
      'processes cannot train together',
      'npm run setup -- --libtorch wheel',
    );
  if (addon.cudaDevices && !addon.nccl)
    add(
      addon.cudaDevices > 1 ? 'warning' : 'note',
      'set-up found no headers of NCCL and CUDA',
      'GPUs cannot train together',
      "install nvidia-cuda-crt and nvidia-cuda-cccl beside python3's PyTorch, or a CUDA toolkit; remove build/; npm run setup",
    );
  return found;
}
