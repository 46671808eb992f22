// What can be told of a topology without connecting: the variables that speak of it, its hosts, and what looks wrong though it may be meant.
import { availableParallelism } from 'node:os';
import { type Environment, isLoopback } from './environment.js';
import { nodeOf } from './nodes.js';
import { slurmHosts } from './slurmHosts.js';
import type { Topology } from './topology.js';

const telling = [
  /^(RANK|WORLD_SIZE|LOCAL_RANK|LOCAL_WORLD_SIZE|GROUP_RANK|MASTER_ADDR|MASTER_PORT|NPROC_PER_NODE|OMP_NUM_THREADS|CUDA_VISIBLE_DEVICES)$/,
  /^PET_/,
  /^TORCHELASTIC_(RESTART_COUNT|MAX_RESTARTS|RUN_ID|USE_AGENT_STORE|ERROR_FILE)$/,
  /^SLURM_(JOB_ID|JOB_NAME|JOB_NODELIST|STEP_ID|STEP_NODELIST|STEP_NUM_TASKS|STEP_TASKS_PER_NODE|PROCID|NTASKS|LOCALID|NODEID)$/,
  /^(OMPI_COMM_WORLD_(LOCAL_)?(RANK|SIZE)|PMI_RANK|PMI_SIZE|PMIX_RANK|PMIX_NAMESPACE|MPI_LOCALRANKID|MPI_LOCALNRANKS)$/,
  /^(GLOO|NCCL)_SOCKET_IFNAME$/,
];

/** The launchers' variables that are set, by name. */
export function launchVariables(env: Environment): [name: string, value: string][] {
  const seen = Object.entries(env).filter(([name]) => telling.some((one) => one.test(name)));
  return (seen as [string, string][]).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The hosts of the job as far as the environment names them, the one of rank 0 first. */
export function hostsOf(env: Environment, topology: Topology): string[] {
  if (topology.source === 'none') return [];
  return [...new Set([topology.host, ...slurmHosts(env)])];
}

/** What looks wrong, a sentence each. */
export function doubtsOf(env: Environment, topology: Topology): string[] {
  const { source, size, localSize, host } = topology;
  const loopback = isLoopback(host);
  const doubts: [boolean, string][] = [
    [
      source === 'none' && env['SLURM_PROCID'] !== undefined,
      'Slurm started this shell or script, and srun not this process: it is alone',
    ],
    [
      source === 'none' && Boolean(env['MASTER_ADDR'] ?? env['WORLD_SIZE']),
      'MASTER_ADDR or WORLD_SIZE is set, and no rank: this process is alone',
    ],
    [
      loopback && localSize < size,
      `${host} means another machine on every machine: rank 0 cannot be reached from the others`,
    ],
    [
      source === 'torchrun' && !env['LOCAL_RANK'] && nodeOf(env) !== undefined,
      'RANK counts machines here: a second process on one of them would take the same rank and the same card',
    ],
    [
      localSize > 1 && !env['OMP_NUM_THREADS'],
      `OMP_NUM_THREADS is not set: each of ${localSize} processes takes all ${availableParallelism()} cores`,
    ],
    [
      (source === 'torchrun' || source === 'flags') && env['SLURM_STEP_NUM_TASKS'] !== undefined,
      `Slurm's own ranks are there as well; ${source} was taken`,
    ],
    [
      localSize < size,
      'what the processes send each other is neither encrypted nor authenticated: keep it inside a trusted network',
    ],
  ];
  return doubts.filter(([applies]) => applies).map(([, doubt]) => doubt);
}
