// Where libtorch comes from, in this order: $LIBTORCH, python3's own PyTorch, a private wheel, Debian's package.
// A route has `find(project)`, which answers { source, root, libraries, version } or throws a SetupError that says what is lacking,
// and, where that can be mended, `install(project)`.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { canInstallPackages, installPackages, quietly, say, SetupError } from './run.mjs';
import { firstDamage, installWheel, wheelFolder } from './wheel.mjs';

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

const environment = {
  find() {
    if (!process.env.LIBTORCH) throw new SetupError('environment: LIBTORCH is not set');
    return describe('environment', resolve(process.env.LIBTORCH));
  },
};

const system = {
  find() {
    const where = 'import importlib.util as u; s = u.find_spec("torch"); print(s.origin if s and s.origin else "")';
    const origin = quietly('python3', ['-c', where], { cwd: '/' }).out.trim();
    if (!origin) throw new SetupError('system: the python3 on the PATH has no PyTorch');
    const found = describe('system', dirname(origin));
    const [major, minor] = found.version.split('.').map(Number);
    if (major < 2 || (major === 2 && minor < 1))
      throw new SetupError(`system: python3's PyTorch is ${found.version}, older than 2.1`);
    return found;
  },
};

const wheel = {
  find(project) {
    const folder = wheelFolder(project);
    const damage = firstDamage(folder);
    if (damage) throw new SetupError(`wheel: there is no whole ${damage}`);
    return describe('wheel', join(folder, 'torch'));
  },
  install: installWheel,
};

const apt = {
  find() {
    const library = quietly('dpkg-query', ['-L', 'libtorch-dev'])
      .out.split('\n')
      .find((line) => line.endsWith('/libtorch_cpu.so'));
    if (!library) throw new SetupError("apt: Debian's libtorch-dev is not installed");
    return describe('apt', resolve(dirname(library), '..', '..'), dirname(library));
  },
  install() {
    const packages = ['libtorch-dev', 'libopenblas0-pthread'];
    if (!canInstallPackages())
      throw new SetupError(
        `apt: this user cannot install Debian packages (as root: apt-get install --no-install-recommends ${packages.join(' ')})`,
      );
    say("fetching Debian's libtorch and OpenBLAS (about 130 MB)");
    installPackages(packages);
  },
};

const routes = { environment, system, wheel, apt };

/** What a route finds, after installing what it lacks. */
export function take(route, project) {
  try {
    return route.find(project);
  } catch (error) {
    if (!(error instanceof SetupError) || !route.install) throw error;
  }
  route.install(project);
  return route.find(project);
}

/** The routes to try for `--libtorch CHOICE`, in order, as [name, route]; `before` is the source that was in use, which auto keeps to. */
export function routesFor(choice, before) {
  if (choice === 'auto') {
    const names = Object.keys(routes);
    const first = !process.env.LIBTORCH && names.includes(before) ? [before] : [];
    return [...new Set([...first, ...names])].map((name) => [name, routes[name]]);
  }
  if (Object.hasOwn(routes, choice)) return [[choice, routes[choice]]];
  if (existsSync(choice)) return [[choice, { find: () => describe('path', resolve(choice)) }]];
  throw new SetupError(`--libtorch: expected auto, wheel, apt, system, environment or a folder, got '${choice}'`);
}
