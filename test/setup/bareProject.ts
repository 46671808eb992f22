// A bare clone in a temporary folder (with a space in its path), where every program that set-up runs is a fake on a PATH of its own.
// The set-up scripts are the real ones but for probe.mjs, which would load a real addon.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const source = join(import.meta.dirname, '..', '..');

/** Writes a file and the folders above it, unless it is there and says the same. */
export function put(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A folder that looks like libtorch. */
export function putLibtorch(root: string, version: string, libraries = join(root, 'lib')): void {
  const [major, minor, patch] = version.split('.');
  const defines = [`MAJOR ${major}`, `MINOR ${minor}`, `PATCH ${patch}`].map((one) => `#define TORCH_VERSION_${one}\n`);
  put(join(root, 'include/torch/csrc/api/include/torch/version.h'), defines.join(''));
  put(join(libraries, 'libtorch_cpu.so'), version);
}

/** How the world around the clone is. */
export interface World {
  root?: boolean;
  /** Version of the PyTorch that python3 has. */
  systemTorch?: string;
  /** What pip does: delivers a wheel for the CPU or for CUDA, or finds no source. */
  pip?: 'cpu' | 'cuda' | 'no network' | 'no pip';
  /** Whether apt-get can install libtorch. */
  apt?: boolean;
  /** Programs that are not there. */
  without?: string[];
  /** Routes whose addon does not load. */
  broken?: string[];
  blas?: string;
  env?: Record<string, string>;
}

/** What one run of set-up did. */
export interface Outcome {
  code: number | null;
  out: string;
  err: string;
  /** The fake programs that ran and what they were given, oldest first, without questions for a version. */
  calls: string[];
}

const probe = `
import { appendFileSync } from 'node:fs';
const broken = process.env.FAKE_BROKEN.split(',').filter(Boolean).some((name) => process.argv[2].includes('/' + name + '-'));
appendFileSync(process.env.FAKE_LOG, 'probe\\n');
if (broken) throw new Error('libmissing.so.1: cannot open shared object file');
console.log(JSON.stringify({ version: '9.9.9', gflops: 50, threads: 2, blas: process.env.FAKE_BLAS }));
`;

const fakes: Record<string, string> = {
  id: 'echo $FAKE_UID',
  npm: 'mkdir -p node_modules/typescript node_modules/vitest node_modules/vite node_modules/preact; touch node_modules/.package-lock.json',
  make: 'true',
  'c++': 'cat > /dev/null',
  cmake: `case $1 in
    --version) echo cmake version 3.25.1 ;;
    --build) touch "$2/scalewise.node" ;;
    *) mkdir -p "$4"; [ ! -e "$4/CMakeCache.txt" ] || grep -qxF "$4" "$4/CMakeCache.txt" || { echo 'another source folder' >&2; exit 1; }
       echo "$4" > "$4/CMakeCache.txt" ;;
  esac`,
  'apt-get': `[ "$1" != install ] && exit 0
    [ "$FAKE_APT" = yes ] || { echo 'E: Unable to locate package' >&2; exit 100; }
    case "$*" in *libtorch-dev*) touch "$FAKE_DEBIAN/installed" ;; esac`,
  'dpkg-query': '[ -e "$FAKE_DEBIAN/installed" ] && echo "$FAKE_DEBIAN/usr/lib/arch/libtorch_cpu.so"',
  python3: `case "$1 $2 $3" in
    '-c '*) [ -n "$FAKE_SYSTEM" ] && echo "$FAKE_SYSTEM/torch/__init__.py"; exit 0 ;;
    '-m pip --version') [ "$FAKE_PIP" != 'no pip' ]; exit ;;
  esac
  [ "$FAKE_PIP" = 'no network' ] && { echo 'ERROR: No matching distribution found' >&2; exit 1; }
  while [ "$1" != --target ]; do shift; done
  cp -r "$FAKE_WHEEL/." "$2"`,
};

/** A clone and its world; `remove()` when done. */
export class BareProject {
  readonly base = mkdtempSync(join(tmpdir(), 'scalewise set-up '));
  path = join(this.base, 'clone');
  readonly #log = join(this.base, 'log');

  constructor() {
    cpSync(join(source, 'scripts'), join(this.path, 'scripts'), { recursive: true });
    put(join(this.path, 'scripts/setup/probe.mjs'), probe);
    put(join(this.path, 'native/addon.cc'), '');
    put(join(this.path, 'package.json'), JSON.stringify({ engines: { node: '>=20.0' } }));
    mkdirSync(join(this.path, 'node_modules'));
    symlinkSync(join(source, 'node_modules/node-api-headers'), join(this.path, 'node_modules/node-api-headers'));
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true });
  }

  /** Runs set-up (or another script) in a world. */
  run(args: string[], world: World = {}, script = 'setup.mjs'): Outcome {
    writeFileSync(this.#log, '');
    const command = [join(this.path, 'scripts', script), ...args];
    const env = { PATH: this.#programs(world), ...this.#facts(world), ...world.env };
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: this.path, env });
    const calls = readFileSync(this.#log, 'utf8').trim().split('\n');
    const asked = /^(id|dpkg-query|npm --version|make|c\+\+|python3 -c)|--version$/;
    return { code: status, out: stdout, err: stderr, calls: calls.filter((call) => call && !asked.test(call)) };
  }

  /** The libtorch in use. */
  record(): { source: string; root: string; version: string } {
    return JSON.parse(readFileSync(join(this.path, 'build/libtorch.json'), 'utf8')) as ReturnType<
      BareProject['record']
    >;
  }

  #programs({ without = [] }: World): string {
    const folder = join(this.base, 'programs');
    rmSync(folder, { recursive: true, force: true });
    for (const [name, body] of Object.entries(fakes)) {
      if (without.includes(name)) continue;
      put(join(folder, name), `#!/bin/sh\nPATH=/usr/bin:/bin\necho "${name} $*" >> "$FAKE_LOG"\n${body}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    return folder;
  }

  #facts({ root = false, systemTorch, pip = 'no network', apt = false, broken = [], blas = 'MKL' }: World) {
    const [system, wheel, debian] = ['system', 'wheel', 'debian'].map((name) => join(this.base, name)) as [
      string,
      string,
      string,
    ];
    if (systemTorch) putLibtorch(join(system, 'torch'), systemTorch);
    this.#putWheel(wheel, pip === 'cuda');
    putLibtorch(join(debian, 'usr'), '1.13.0', join(debian, 'usr/lib/arch'));
    return {
      FAKE_LOG: this.#log,
      FAKE_UID: root ? '0' : '1000',
      FAKE_SYSTEM: systemTorch ? system : '',
      FAKE_PIP: pip,
      FAKE_WHEEL: wheel,
      FAKE_APT: apt ? 'yes' : 'no',
      FAKE_DEBIAN: debian,
      FAKE_BROKEN: broken.join(','),
      FAKE_BLAS: blas,
    };
  }

  #putWheel(folder: string, cuda: boolean): void {
    putLibtorch(join(folder, 'torch'), '2.13.0');
    put(join(folder, 'torch/version.py'), `__version__ = '2.13.0+${cuda ? 'cu130' : 'cpu'}'\n`);
    put(
      join(folder, 'torch-2.13.0.dist-info/RECORD'),
      'torch/lib/libtorch_cpu.so,sha256=x,6\ntorch/version.py,sha256=x,1\n',
    );
  }
}
