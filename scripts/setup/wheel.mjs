// PyTorch's wheel in a private folder: fetched by pip without its Python dependencies, and checked file by file before it is used.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canInstallPackages, installPackages, quietly, say, SetupError } from './run.mjs';

const version = '2.13.0';
const cpuIndex = 'https://download.pytorch.org/whl/cpu';

/** Where the wheel lies, whether it is there or not. */
export function wheelFolder(project) {
  return join(project, '.libtorch', `torch-${version}`);
}

/** The first file of the wheels in `folder` that is missing or has another size than their RECORD says; undefined where all is well. */
export function firstDamage(folder) {
  const records = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.dist-info')) : [];
  if (!records.length) return join(folder, 'RECORD');
  for (const record of records) {
    const list = join(folder, record, 'RECORD');
    if (!existsSync(list)) return list;
    for (const line of readFileSync(list, 'utf8').split('\n')) {
      const [, path, size] = /^((?:torch\/(?:lib|include)|nvidia)\/[^,"]+),[^,]*,(\d+)/.exec(line) ?? [];
      if (!path) continue;
      const file = statSync(join(folder, path), { throwIfNoEntry: false });
      if (file?.size !== Number(size)) return join(folder, path);
    }
  }
  return undefined;
}

function needPip() {
  if (quietly('python3', ['-m', 'pip', '--version']).ok) return;
  if (!canInstallPackages())
    throw new SetupError('wheel: python3 with pip is missing (on Debian or Ubuntu: sudo apt-get install python3-pip)');
  installPackages(['python3-pip']);
}

/** `pip install` into `folder`; answers pip's complaint, or undefined where it went well. */
function pip(folder, packages, options = []) {
  const fixed = ['--no-deps', '--no-compile', '--target', folder, '--timeout', '15', '--retries', '1'];
  const shown = process.stdout.isTTY;
  const result = quietly('python3', ['-m', 'pip', 'install', ...(shown ? [] : ['--quiet']), ...fixed, ...options, ...packages], {
    stdio: ['ignore', shown ? 'inherit' : 'pipe', 'pipe'],
    env: { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  }); // prettier-ignore
  if (result.ok) return undefined;
  const lines = result.err.trim().split('\n');
  return lines.filter((line) => line.startsWith('ERROR')).at(-1) ?? lines.at(-1) ?? '';
}

function fetched(folder, packages, options) {
  const complaint = pip(folder, packages, options);
  if (complaint !== undefined)
    throw new SetupError(
      `wheel: pip could not install ${packages.join(' ')} (${complaint.replace(/^ERROR: /, '')}): is there a network, and has pip's source this version for this Python?`,
    );
}

/** Fetches the wheel aside and moves it into place whole; a damaged one is replaced. */
export function installWheel(project) {
  const folder = wheelFolder(project);
  const aside = `${folder}.part`;
  needPip();
  if (existsSync(folder)) say(`${folder} is damaged (${firstDamage(folder)}) and is fetched again`);
  say(`fetching torch ${version} by pip into .libtorch/ (about 200 MB; 530 MB where only the CUDA build is to be had)`);
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  const torch = `torch==${version}`;
  // an extra index that lists the wheel but cannot deliver it must not stand in the way of pip's own source
  if (pip(aside, [torch], ['--extra-index-url', cpuIndex]) !== undefined) fetched(aside, [torch]);
  const cuda = /\+cu(\d+)\d/.exec(readFileSync(join(aside, 'torch', 'version.py'), 'utf8'))?.[1];
  if (cuda) {
    say(`it is a build for CUDA ${cuda}: on a CPU it needs NVIDIA's runtime and cupti libraries beside it`);
    fetched(aside, [`nvidia-cuda-runtime==${cuda}.*`, `nvidia-cuda-cupti==${cuda}.*`]);
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(aside, folder);
}
