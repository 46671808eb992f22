// A Slurm of its own on this machine, of daemons that this process starts and ends: one machine that works and three that are only in its list.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { quietly } from '../setup/run.mjs';
import { LeftOut, need } from './run.mjs';

const [controlPort, nodePort] = [16_817, 16_818];

/** More cores and cards than there are, as the script in deploy/ asks for them: nothing here uses them. */
function configuration(folder) {
  const name = hostname().split('.')[0];
  const size = 'CPUs=64 Gres=gpu:8';
  return `ClusterName=scalewise
SlurmctldHost=${name}(127.0.0.1)
SlurmUser=root
SlurmctldPort=${controlPort}
SlurmdPort=${nodePort}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
GresTypes=gpu
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=${name} NodeAddr=127.0.0.1 ${size} State=UNKNOWN
NodeName=absent[1-3] ${size} Weight=100 State=CLOUD
ResumeProgram=/bin/true
SuspendProgram=/bin/true
SuspendTime=3600
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/** Starts Slurm and gives the environment to use it with and the function that ends it. */
export async function startSlurm() {
  if (process.getuid() !== 0) throw new LeftOut('its daemons need root');
  need(['slurmctld', 'slurmd', 'munged', 'srun'], ['slurm-wlm']);
  const folder = mkdtempSync(join(tmpdir(), 'scalewise-slurm-'));
  for (const name of ['state', 'spool']) mkdirSync(join(folder, name));
  const file = join(folder, 'slurm.conf');
  writeFileSync(file, configuration(folder));
  for (let i = 0; i < 8; i++) writeFileSync(join(folder, `card${i}`), '');
  writeFileSync(join(folder, 'gres.conf'), `Name=gpu File=${folder}/card[0-7]\n`);
  writeFileSync(join(folder, 'munge.key'), randomBytes(64), { mode: 0o600 });
  const env = { SLURM_CONF: file };
  const daemons = [];
  let output = '';
  const daemon = (program, ...args) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    daemons.push({ child, ended: new Promise((done) => child.on('close', done)) });
  };
  const stop = async () => {
    for (const { child, ended } of daemons.reverse()) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const paths = [
    'key-file=munge.key',
    'socket=munge.socket',
    'pid-file=munge.pid',
    'log-file=munge.log',
    'seed-file=munge.seed',
  ];
  daemon('munged', '--foreground', '--force', ...paths.map((one) => `--${one.replace('=', `=${folder}/`)}`));
  for (let i = 0; i < 50 && !existsSync(join(folder, 'munge.socket')); i++) await wait(100);
  daemon('slurmctld', '-D');
  daemon('slurmd', '-D');
  const name = hostname().split('.')[0];
  for (let i = 0; i < 100; i++) {
    await wait(200);
    if (/idle/.test(quietly('sinfo', ['-h', '-n', name, '-o', '%T'], { env: { ...process.env, ...env } }).out))
      return { env, stop };
  }
  await stop();
  throw new LeftOut(`its daemons did not start: ${output.trim().split('\n').slice(-5).join(' | ')}`);
}
