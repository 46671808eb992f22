// Slurm's variables in a task that srun started.
import { agrees, type Environment, numbersOf } from './environment.js';
import { mpiRank } from './mpi.js';
import { slurmAddress } from './slurmHosts.js';
import type { Outcome } from './topology.js';

/** `2(x3),1` as 2, 2, 2, 1: tasks of every node. */
function tasksPerNode(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, tasks, nodes] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return Array.from({ length: Number(nodes ?? 1) }, () => Number(tasks));
  });
}

/**
 * Shells that Slurm starts (job names `bash` and `interactive`) and batch scripts are no tasks of ours, though SLURM_PROCID is set in them;
 * a step of several tasks is one under whatever name. mpirun inside a job knows its processes better than Slurm.
 */
export function slurm(env: Environment): Outcome {
  const number = numbersOf(env);
  const rank = number('SLURM_PROCID');
  if (rank === undefined) return undefined;
  const stepTasks = number('SLURM_STEP_NUM_TASKS');
  const size = stepTasks ?? number('SLURM_NTASKS') ?? number('SLURM_NPROCS') ?? 1;
  const inShell = ['bash', 'interactive'].includes(env['SLURM_JOB_NAME'] ?? '') && (stepTasks ?? 1) === 1;
  if (inShell) return undefined;
  const mpi = mpiRank(env);
  if (mpi && (mpi.rank !== rank || mpi.size !== size)) return undefined;
  if (env['SLURM_STEP_ID'] === undefined && env['SLURM_STEPID'] === undefined) {
    if (size === 1) return undefined;
    return {
      lacks: `Slurm: this job has ${size} tasks and its script started one process: put srun before the command`,
    };
  }
  agrees(env, 'Slurm', rank, size);
  const { host, port } = slurmAddress(env);
  if (host === undefined)
    return { lacks: 'Slurm: SLURM_JOB_NODELIST is not set: set MASTER_ADDR to the host of rank 0' };
  const localRank = number('SLURM_LOCALID') ?? 0;
  const localSize = tasksPerNode(env['SLURM_STEP_TASKS_PER_NODE'] ?? '')[number('SLURM_NODEID') ?? 0];
  return { source: 'slurm', rank, size, localRank, ...(localSize && { localSize }), host, port };
}
