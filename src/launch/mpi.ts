// What mpirun gives its processes: Open MPI's own variables, or PMI's (MPICH, Intel MPI). MPI itself is not used: it only starts us.
import { agrees, type Environment, masterOf, numbersOf, portFor } from './environment.js';
import { slurmAddress } from './slurmHosts.js';
import type { Outcome } from './topology.js';

interface Names {
  source: 'openmpi' | 'pmi';
  program: string;
  rank: string;
  size: string;
  localRank: string;
  localSize: string;
}

const flavours: readonly Names[] = [
  {
    source: 'openmpi',
    program: 'Open MPI',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
    localRank: 'OMPI_COMM_WORLD_LOCAL_RANK',
    localSize: 'OMPI_COMM_WORLD_LOCAL_SIZE',
  },
  {
    source: 'pmi',
    program: 'PMI',
    rank: 'PMI_RANK',
    size: 'PMI_SIZE',
    localRank: 'MPI_LOCALRANKID',
    localSize: 'MPI_LOCALNRANKS',
  },
];

/** Rank and size by MPI's variables, where both are set. */
export function mpiRank(env: Environment): { rank: number; size: number } | undefined {
  const number = numbersOf(env);
  for (const names of flavours) {
    const [rank, size] = [number(names.rank), number(names.size)];
    if (rank !== undefined && size !== undefined) return { rank, size };
  }
  return undefined;
}

/** Inside a Slurm job its first host serves; on one machine this one; elsewhere MASTER_ADDR must be passed on (`mpirun -x MASTER_ADDR`). */
function addressOf(env: Environment, isOneMachine: boolean): { host?: string; port: number } {
  if (env['SLURM_JOB_ID'] !== undefined) return slurmAddress(env);
  const job = Number(/^\d+/.exec(env['PMIX_NAMESPACE'] ?? '')?.[0] ?? Number.NaN); // the same in all processes of one mpirun
  const port = Number.isSafeInteger(job) ? portFor(job) : 29500;
  return { ...(isOneMachine && { host: '127.0.0.1' }), port, ...masterOf(env) };
}

function mpi(env: Environment, names: Names): Outcome {
  const number = numbersOf(env);
  const rank = number(names.rank);
  if (rank === undefined) return undefined;
  const size = number(names.size);
  if (size === undefined) return { lacks: `${names.rank} is set and ${names.size} not: start with mpirun or torchrun` };
  agrees(env, names.program, rank, size);
  const localSize = number(names.localSize);
  const { host, port } = addressOf(env, size === 1 || localSize === size);
  if (host === undefined)
    return {
      lacks: `${names.program}: set MASTER_ADDR to the host of rank 0 for all processes (mpirun -x MASTER_ADDR)`,
    };
  const localRank = number(names.localRank) ?? (size === 1 ? 0 : undefined);
  if (localRank === undefined)
    return {
      lacks: `${names.program}: ${names.localRank} is not set: give --local-rank or set LOCAL_RANK for every process`,
    };
  return { source: names.source, rank, size, localRank, ...(localSize !== undefined && { localSize }), host, port };
}

export const openMpi = (env: Environment): Outcome => mpi(env, flavours[0]!);

/** PMIX_RANK alone tells no size: with it comes Slurm's or Open MPI's set, or the job is refused. */
export function pmi(env: Environment): Outcome {
  const found = mpi(env, flavours[1]!);
  if (found || env['PMIX_RANK'] === undefined) return found;
  return {
    lacks: 'PMIX_RANK is set, and nothing says how many processes there are: start with mpirun, srun or torchrun',
  };
}
