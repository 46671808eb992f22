// The Python side: python3 with the PyTorch whose libtorch the addon was built against.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { must, say, SetupError } from '../scripts/setup/run.mjs';

/** Imports torch; prints what the wheel requires where it does not load. The CUDA compiler and the code generator are never needed here. */
const probe = `
import importlib.metadata, json, sys
try:
    import torch
    print(json.dumps({"version": torch.__version__}))
except ImportError as error:
    needed = [r for r in importlib.metadata.requires("torch") if "extra ==" not in r]
    spare = ("triton", "cuda-bindings")
    print(json.dumps({"error": str(error), "requires": [r for r in needed if not r.startswith(spare)]}))
`;

function probeTorch(env) {
  const { status, stdout, stderr } = spawnSync('python3', ['-W', 'ignore', '-c', probe], { env, encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`bench: python3 cannot load PyTorch: ${stderr.trim().split('\\n').at(-1)}`);
  return JSON.parse(stdout);
}

/** Installs packages by pip into a folder. */
function install(folder, packages) {
  const quiet = ['--quiet', '--no-compile', '--disable-pip-version-check', '--root-user-action=ignore'];
  must('pip', 'python3', ['-m', 'pip', 'install', ...quiet, '--upgrade', '--target', folder, ...packages]);
}

/** Adds packages, without what they require, to build/bench-python, unless python3 finds all of them. */
export function addPackages(project, env, packages) {
  const names = packages.map((one) => one.replace(/[=<>].*/, ''));
  const find = `import importlib.metadata as m; [m.version(name) for name in ${JSON.stringify(names)}]`;
  if (spawnSync('python3', ['-c', find], { env }).status === 0) return;
  say(`fetching ${packages.join(', ')} into build/bench-python`);
  install(join(project, 'build', 'bench-python'), ['--no-deps', ...packages]);
}

/** Environment in which python3 imports the libtorch's own PyTorch; what that lacks is installed by pip into build/bench-python. */
export function pythonEnvironment(project, { source, root }) {
  if (source === 'apt' || !existsSync(join(root, '__init__.py')))
    throw new SetupError(
      'bench: this libtorch has no Python beside it; set up with --libtorch wheel or system, or give --skip-peer',
    );
  const extra = join(project, 'build', 'bench-python');
  const path = [dirname(root), extra, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  const env = { ...process.env, PYTHONPATH: path };
  const found = probeTorch(env);
  if (found.version) return env;
  say(
    `fetching what PyTorch's Python part needs into build/bench-python (2 GB where libtorch is a CUDA build): ${found.error}`,
  );
  install(extra, found.requires);
  const again = probeTorch(env);
  if (!again.version) throw new SetupError(`bench: python3 still cannot load PyTorch: ${again.error}`);
  return env;
}
