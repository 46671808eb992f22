// Builds the addon against one libtorch and tries it before it is accepted.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canInstallPackages, installPackages, must, quietly, say, SetupError } from './run.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Loads the addon in a process of its own: { version, gflops, threads, blas } */
export function probe(addon, { version, root }) {
  const result = quietly(process.execPath, [join(here, 'probe.mjs'), addon, version, root]);
  if (result.ok) return JSON.parse(result.out);
  const complaint = /^\w*Error: .*/m.exec(result.err)?.[0] ?? (result.err.trim().split('\n').at(-1) || 'it crashed');
  throw new SetupError(`the addon does not load: ${complaint}`);
}

/** Compiles into build/<source>-<version>/ and answers the addon's path. */
export function buildAddon(project, libtorch) {
  const folder = join(project, 'build', `${libtorch.source}-${libtorch.version}`);
  say(`compiling the addon against libtorch ${libtorch.version} (${libtorch.root}), about 30 s`);
  const headers = createRequire(join(project, 'package.json'))('node-api-headers').include_dir;
  const configure = [
    '-S', join(project, 'native'), '-B', folder, '-Wno-dev',
    `-DLIBTORCH=${libtorch.root}`, `-DLIBTORCH_LIBRARIES=${libtorch.libraries}`, `-DNODE_API_INCLUDE=${headers}`,
  ]; // prettier-ignore
  // a folder that another place, another cmake or an interrupted run left behind is started afresh
  if (existsSync(folder) && !quietly('cmake', configure).ok) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  must('cmake', 'cmake', configure);
  must('compiling', 'cmake', ['--build', folder, '--parallel', '2']);
  return join(folder, 'scalewise.node');
}

/** Loads the addon and measures it; where the plain reference BLAS is in use, installs OpenBLAS or says what that costs. */
export function tryAddon(addon, libtorch) {
  const found = probe(addon, libtorch);
  say(
    `libtorch ${found.version} multiplies float32 matrices at ${found.gflops} GFLOP/s (${found.threads} threads, ${found.blas})`,
  );
  if (found.blas !== 'reference BLAS') return;
  if (libtorch.source === 'apt' && canInstallPackages()) {
    say('the plain reference BLAS is 20 to 50 times slower than OpenBLAS');
    installPackages(['libopenblas0-pthread']);
    say(`with OpenBLAS: ${probe(addon, libtorch).gflops} GFLOP/s`);
    return;
  }
  say(
    'WARNING: the plain reference BLAS is 20 to 50 times slower than OpenBLAS (as root: apt-get install libopenblas0-pthread)',
  );
}
