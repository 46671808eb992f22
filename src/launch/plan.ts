// What `scalewise launch` is to start here: how many processes, as which part of which job.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { UsageError } from '../util/errors.js';
import { type Environment, parseAddress } from './environment.js';
import { openMpi, pmi } from './mpi.js';
import { type Node, nodeOf } from './nodes.js';
import { slurm } from './slurm.js';

/** The command line's flags, read. */
export interface LaunchFlags {
  processes?: Node['processes'];
  nodes?: number | undefined;
  nodeRank?: number | undefined;
  master?: string | undefined;
}

export interface LaunchPlan {
  /** Processes on this machine; every machine has as many. */
  processes: number;
  nodes: number;
  nodeRank: number;
  host: string;
  /** Absent on a single machine: a free one is taken. */
  port?: number;
}

/** Graphics cards that are visible here. */
function cards(env: Environment): number {
  const visible = env['CUDA_VISIBLE_DEVICES'];
  if (visible !== undefined) return visible.split(',').filter((one) => one.trim() !== '' && one.trim() !== '-1').length;
  const { stdout } = spawnSync('nvidia-smi', ['-L'], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter((line) => line.startsWith('GPU ')).length;
}

/** `auto` is a process for every card, or one where there is none. */
function countOf(processes: Node['processes'], env: Environment): number {
  if (typeof processes === 'number') return processes;
  if (processes === 'cpu') return availableParallelism();
  const count = cards(env);
  if (count > 0) return count;
  if (processes === 'gpu') throw new UsageError('launch: no graphics card is visible here: give a number, or cpu');
  return 1;
}

/** Under srun or mpirun we are the agent of a node if they started one process on it. */
function nodeByTask(env: Environment): Node | undefined {
  for (const source of [slurm, openMpi, pmi]) {
    const found = source(env);
    if (!found || 'lacks' in found || found.size === 1) continue;
    if (found.localSize !== 1)
      throw new UsageError(
        `launch: ${found.source} started it ${found.localSize ?? 'several'} times on this machine: start it once a machine, or leave launch out`,
      );
    return { nodes: found.size, rank: found.rank, host: found.host, port: found.port };
  }
  return undefined;
}

function nodeByFlags({ nodes, nodeRank, master }: LaunchFlags): Node | undefined {
  if (nodes === undefined && nodeRank === undefined && master === undefined) return undefined;
  const address = master === undefined ? {} : parseAddress('--master', master);
  if ((nodes ?? 1) === 1 && (nodeRank ?? 0) === 0) return { nodes: 1, rank: 0, ...address };
  if (nodes === undefined || nodeRank === undefined || master === undefined)
    throw new UsageError('launch: expected --nnodes, --node-rank and --master host:port all together');
  return { nodes, rank: nodeRank, ...address };
}

/** The plan that flags, node-level variables, or srun and mpirun give, in this order; a single machine where nothing is said. Throws UsageError. */
export function planOf(flags: LaunchFlags, env: Environment): LaunchPlan {
  if (env['LOCAL_RANK']) throw new UsageError('launch: LOCAL_RANK is set: this is a worker already; leave launch out');
  const node = nodeByFlags(flags) ?? nodeOf(env) ?? nodeByTask(env) ?? { nodes: 1, rank: 0 };
  const { nodes, rank, host, port } = node;
  if (rank >= nodes) throw new UsageError(`launch: node ${rank} cannot be one of ${nodes}: they count from 0`);
  if (typeof node.processes === 'number' && (flags.processes ?? node.processes) !== node.processes)
    throw new UsageError(
      `launch: --nproc is ${flags.processes} and the environment says ${node.processes}: leave --nproc out`,
    );
  if (nodes > 1 && (host === undefined || port === undefined))
    throw new UsageError(`launch: ${nodes} machines need an address to meet at: give --master host:port`);
  const processes = countOf(flags.processes ?? node.processes, env);
  return { processes, nodes, nodeRank: rank, host: host ?? '127.0.0.1', ...(port !== undefined && { port }) };
}
