// Where libtorch comes from, in this order: $LIBTORCH, python3's own PyTorch, a private wheel, Debian's package.
// Each route answers { source, root, libraries, version } or throws a SetupError that says why it cannot be taken.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canInstallPackages, installPackages, must, quietly, say, SetupError } from './run.mjs';

const wheelVersion = '2.13.0';
const cpuIndex = 'https://download.pytorch.org/whl/cpu';

/** The version that a libtorch's headers give. */
function headerVersion(root) {
  for (const file of ['torch/headeronly/version.h', 'torch/csrc/api/include/torch/version.h']) {
    const path = join(root, 'include', file);
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    const part = (name) => new RegExp(`#define TORCH_VERSION_${name} (\\d+)`).exec(text)?.[1];
    if (part('MAJOR')) return `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`;
  }
  return undefined;
}

function describe(source, root, libraries = join(root, 'lib')) {
  const library = join(libraries, 'libtorch_cpu.so');
  if (!existsSync(library)) throw new SetupError(`${source}: there is no ${library}`);
  const version = headerVersion(root);
  if (!version) throw new SetupError(`${source}: there are no C++ headers under ${join(root, 'include')}`);
  return { source, root, libraries, version };
}

function fromEnvironment() {
  const root = process.env.LIBTORCH;
  if (!root) throw new SetupError('environment: LIBTORCH is not set');
  return describe('environment', resolve(root));
}

function fromPython() {
  const probe = quietly('python3', [
    '-c',
    'import os, torch; print(os.path.dirname(torch.__file__)); print(torch.__version__)',
  ]);
  if (!probe.ok) throw new SetupError('system: the python3 on the PATH has no PyTorch');
  const [root, version] = probe.out.trim().split('\n');
  const [major, minor] = version.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 1))
    throw new SetupError(`system: python3's PyTorch is ${version}, older than 2.1`);
  return describe('system', root);
}

function needPip() {
  if (quietly('python3', ['-m', 'pip', '--version']).ok) return;
  if (!canInstallPackages())
    throw new SetupError('wheel: python3 has no pip (on Debian or Ubuntu: apt-get install python3-pip)');
  installPackages(['python3-pip']);
}

function fromWheel(projectRoot) {
  const folder = join(projectRoot, '.libtorch', `torch-${wheelVersion}`);
  if (!existsSync(join(folder, 'torch', 'lib', 'libtorch_cpu.so'))) {
    needPip();
    say(
      `fetching torch ${wheelVersion} by pip into .libtorch/ (about 200 MB; 530 MB where only the CUDA build is to be had)`,
    );
    const aside = `${folder}.part`;
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true });
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--no-compile',
      '--disable-pip-version-check',
      '--root-user-action=ignore',
      '--target',
      aside,
    ];
    const index = ['--extra-index-url', cpuIndex, '--timeout', '15', '--retries', '1'];
    const first = quietly('python3', [...pip, ...index, `torch==${wheelVersion}`]);
    if (!first.ok) must('wheel: pip', 'python3', [...pip, `torch==${wheelVersion}`]);
    const cuda = /\+cu(\d+)\d/.exec(readFileSync(join(aside, 'torch', 'version.py'), 'utf8'))?.[1];
    if (cuda) {
      say(`it is a build for CUDA ${cuda}; on a CPU it needs NVIDIA's runtime and cupti libraries beside it`);
      must('wheel: pip', 'python3', [...pip, `nvidia-cuda-runtime==${cuda}.*`, `nvidia-cuda-cupti==${cuda}.*`]);
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
  }
  return describe('wheel', join(folder, 'torch'));
}

function debianLibraries() {
  return readdirSync('/usr/lib')
    .map((name) => join('/usr/lib', name))
    .find((folder) => existsSync(join(folder, 'libtorch_cpu.so')));
}

function fromDebian() {
  const packages = ['libtorch-dev', 'libopenblas0-pthread'];
  if (!existsSync('/usr/include/ATen') || !debianLibraries()) {
    if (!canInstallPackages())
      throw new SetupError(
        `apt: not installed, and this user cannot install it (as root: apt-get install --no-install-recommends ${packages.join(' ')})`,
      );
    say('fetching libtorch 1.13 and OpenBLAS from Debian (about 130 MB)');
    installPackages(packages);
  }
  return describe('apt', '/usr', debianLibraries());
}

const routes = { environment: fromEnvironment, system: fromPython, wheel: fromWheel, apt: fromDebian };

/** The routes to try for `--libtorch CHOICE`, in order, as [name, function]. */
export function routesFor(choice) {
  if (choice === 'auto') return Object.entries(routes);
  if (routes[choice]) return [[choice, routes[choice]]];
  if (existsSync(choice)) return [[choice, () => describe('path', resolve(choice))]];
  throw new SetupError(`--libtorch: expected auto, wheel, apt, system, environment or a folder, got '${choice}'`);
}
