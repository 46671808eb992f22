// Loads an addon and measures it: `probe.mjs ADDON VERSION ROOT [--all]` prints one line of JSON; set-up and `scalewise doctor` read it.
// A process of its own, so that a crash while loading is an answer too.
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

const [addon, version, root, all] = process.argv.slice(2);
const [float32, bfloat16] = [6, 15]; // c10::ScalarType
const text = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

// as src/torch/native.ts does: Debian's 1.13 stays with AVX2 unless it is asked for more, and CUDA's kernels are a library of their own
if (version.startsWith('1.') && /\bavx512bw\b/.test(text('/proc/cpuinfo')))
  process.env.ATEN_CPU_CAPABILITY ??= 'avx512';
const native = createRequire(import.meta.url)(addon);
const cuda = join(root, 'lib', 'libtorch_cuda.so');
if (existsSync(cuda) && existsSync('/dev/nvidiactl')) native.loadLibrary(cuda);

const threads = native.setThreads(availableParallelism());

/** GFLOP/s of the product of two square matrices, the median of three. */
function gflops(side, dtype) {
  const numbers = native.fromBytes(
    Float32Array.from({ length: side * side }, (_, i) => (i % 7) / 7),
    [side, side],
    float32,
  );
  const matrix = native.call(native.resolve('aten::to.dtype'), numbers, dtype);
  const mm = native.resolve('aten::mm');
  const once = () => {
    const start = process.hrtime.bigint();
    const product = native.call(mm, matrix, matrix);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    native.free(Int32Array.of(product), 1);
    return seconds;
  };
  once();
  const seconds = [once(), once(), once()].sort((x, y) => x - y)[1];
  return (2 * side ** 3) / seconds / 1e9;
}

/** Which library multiplies: the one linked in, or the one that the dynamic linker found. */
function blas({ mkl }) {
  if (mkl) return 'MKL';
  const loaded = text('/proc/self/maps');
  if (/openblas/.test(loaded)) return 'OpenBLAS';
  if (/\/lib(blis|atlas|flexiblas)/.test(loaded)) return 'an optimised BLAS';
  return /\/libblas\.so/.test(loaded) ? 'reference BLAS' : 'its own BLAS';
}

const information = native.information();
const result = {
  version: information.version,
  threads,
  gflops: Math.round(gflops(1024, float32)),
  blas: blas(information),
};
const small = 256; // bfloat16 may be emulated, a hundred times slower
const details = () => ({
  capability: /CPU capability usage: (\S+)/.exec(information.config)?.[1] ?? 'unknown',
  onednn: information.onednn,
  cuda: information.cuda,
  cudaDevices: information.cudaDevices,
  gloo: information.gloo,
  nccl: existsSync(join(dirname(addon), 'scalewise_nccl.so')),
  fusedAdamW: native.schema('aten::_fused_adamw_') !== null,
  fusedAttention: native.schema('aten::scaled_dot_product_attention') !== null,
  bfloat16Speed: gflops(small, bfloat16) / gflops(small, float32),
});
console.log(JSON.stringify(all ? { ...result, ...details() } : result));
