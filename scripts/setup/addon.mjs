// Builds the addon against one libtorch and tries it before it is accepted.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canInstallPackages, installPackages, must, quietly, say, SetupError } from './run.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const plainBlasLimit = 15; // GFLOP/s: the reference BLAS reaches 2 to 6, any other far more

/** Changes when the native sources or the libtorch behind them do. */
export function stampOf(projectRoot, libtorch) {
  const hash = createHash('sha256');
  const folder = join(projectRoot, 'native');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  const library = statSync(join(libtorch.libraries, 'libtorch_cpu.so'));
  return hash
    .update(JSON.stringify([libtorch.libraries, libtorch.version, library.size, Math.trunc(library.mtimeMs)]))
    .digest('hex');
}

/** Loads the addon in a process of its own: { version, gflops } */
export function probe(addon, version) {
  const env = { ...process.env };
  if (
    version.startsWith('1.') &&
    /\bavx512bw\b/.test(existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '')
  )
    env.ATEN_CPU_CAPABILITY ??= 'avx512';
  const result = quietly(process.execPath, [join(here, 'probe.mjs'), addon], { env });
  if (!result.ok)
    throw new SetupError(
      `the addon does not load: ${(result.err || result.out).trim().split('\n').slice(0, 6).join(' ')}`,
    );
  return JSON.parse(result.out);
}

/** Compiles into build/<source>-<version>/ and answers the addon's path. */
export function buildAddon(projectRoot, libtorch) {
  const folder = join(projectRoot, 'build', `${libtorch.source}-${libtorch.version}`);
  mkdirSync(folder, { recursive: true });
  say(`compiling the addon against libtorch ${libtorch.version} (${libtorch.root}), about 30 s`);
  must('cmake', 'cmake', [
    '-S', join(projectRoot, 'native'), '-B', folder, '-Wno-dev',
    `-DLIBTORCH=${libtorch.root}`, `-DLIBTORCH_LIBRARIES=${libtorch.libraries}`,
    `-DNODE_API_INCLUDE=${join(projectRoot, 'node_modules', 'node-api-headers', 'include')}`,
  ]); // prettier-ignore
  must('compiling', 'cmake', ['--build', folder, '--parallel', '2']);
  return join(folder, 'scalewise.node');
}

/** Where the plain reference BLAS is in use, installs OpenBLAS or says what that costs. */
export function ensureFastBlas(addon, libtorch) {
  const found = probe(addon, libtorch.version);
  say(`libtorch ${found.version} multiplies float32 matrices at ${found.gflops} GFLOP/s with ${found.threads} threads`);
  if (found.gflops >= plainBlasLimit) return;
  if (libtorch.source === 'apt' && canInstallPackages()) {
    say('that is the plain reference BLAS, 20 to 50 times slower than OpenBLAS');
    installPackages(['libopenblas0-pthread']);
    say(`with OpenBLAS: ${probe(addon, libtorch.version).gflops} GFLOP/s`);
    return;
  }
  say(
    'WARNING: that is as slow as the plain reference BLAS. Install OpenBLAS (as root: apt-get install libopenblas0-pthread) for 20 to 50 times the speed',
  );
}
