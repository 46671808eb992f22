// Loads an addon (first argument) and multiplies two matrices: prints { version, gflops, threads, blas } as JSON.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const native = createRequire(import.meta.url)(process.argv[2]);
const threads = native.setThreads(availableParallelism());
const n = 1024;
const data = Float32Array.from({ length: n * n }, (_, i) => (i % 7) / 7);
const a = native.fromBytes(data, [n, n], 6);
const mm = native.resolve('aten::mm');
const once = () => {
  const start = process.hrtime.bigint();
  const c = native.call(mm, a, a);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  native.free(Int32Array.of(c), 1);
  return seconds;
};
once();
const seconds = [once(), once(), once()].sort((x, y) => x - y)[1];
const { version, mkl } = native.information();

/** Which library multiplies: the one linked in, or the one that the dynamic linker found. */
function blas() {
  if (mkl) return 'MKL';
  const loaded = readFileSync('/proc/self/maps', 'utf8');
  if (/openblas/.test(loaded)) return 'OpenBLAS';
  if (/\/lib(blis|atlas|flexiblas)/.test(loaded)) return 'an optimised BLAS';
  return /\/libblas\.so/.test(loaded) ? 'reference BLAS' : 'its own BLAS';
}

console.log(JSON.stringify({ version, gflops: Math.round((2 * n ** 3) / seconds / 1e9), threads, blas: blas() }));
