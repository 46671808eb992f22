// npm run test:readers: fetches TensorBoard's reader and Prometheus' parser from PyPI into build/readers (no system packages, once), and
// lets them read what this project writes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = ['tensorboard==2.21.0', 'prometheus_client==0.26.0'];
const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(project, 'build', 'readers');

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: project, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(folder)) {
  const aside = `${folder}.part`;
  console.log(`fetching ${packages.join(' and ')} by pip into build/readers`);
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', aside, ...packages]);
  renameSync(aside, folder);
}
run(process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', 'test/readers']);
