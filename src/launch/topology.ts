// Who this process is among the processes of one job: rank, world, the address they meet at, and who said so.
// The first source with a complete set of variables wins; one that is incomplete or at odds with itself is refused, as a job that guesses
// wrong trains N times alone or waits for ever. Nothing here connects anywhere.
import { UsageError } from '../util/errors.js';
import { type Environment, isLoopback, parseAddress } from './environment.js';
import { openMpi, pmi } from './mpi.js';
import { oneProcessANode } from './nodes.js';
import { slurm } from './slurm.js';
import { torchrun } from './torchrun.js';

export interface Topology {
  rank: number;
  /** Processes in all. */
  size: number;
  /** Number of this process on its machine: the GPU it takes. */
  localRank: number;
  /** Processes on this machine. */
  localSize: number;
  /** Where rank 0, or torchrun's agent, serves the store. */
  host: string;
  port: number;
  source: 'flags' | 'torchrun' | 'slurm' | 'openmpi' | 'pmi' | 'none';
  /** torchrun's agent serves the store: no rank does. */
  agentStore: boolean;
  /** Restarts so far under an elastic agent. */
  restart: number;
}

/** Values of `--rank`, `--world-size`, `--local-rank` and `--master host:port`. */
export interface TopologyFlags {
  rank?: number | undefined;
  worldSize?: number | undefined;
  localRank?: number | undefined;
  master?: string | undefined;
}

/** What a source makes of the environment: a topology, the sentence that says what it lacks, or nothing where it is not in play. */
export type Found = Partial<Topology> & Pick<Topology, 'rank' | 'size' | 'localRank' | 'host' | 'port' | 'source'>;
export type Outcome = Found | { lacks: string } | undefined;

/** In the order of precedence. */
const sources: readonly ((env: Environment) => Outcome)[] = [torchrun, slurm, openMpi, pmi, oneProcessANode];

function fromFlags({ rank, worldSize, localRank, master }: TopologyFlags): Found | undefined {
  if (rank === undefined && worldSize === undefined && master === undefined && localRank === undefined)
    return undefined;
  if (rank === undefined || worldSize === undefined || master === undefined)
    throw new UsageError('--rank, --world-size and --master host:port: expected all three, or none of them');
  const { host, port } = parseAddress('--master', master);
  const local = localRank ?? (isLoopback(host) ? rank : 0);
  return { source: 'flags', rank, size: worldSize, localRank: local, host, port };
}

/** Fills in what a source left open, and refuses numbers that cannot be. */
function settled(found: Found): Topology {
  const { size, localRank, host } = found;
  const atLeast = isLoopback(host) ? size : localRank + 1; // all are here, or as many as the number of this one shows
  const topology = { agentStore: false, restart: 0, localSize: Math.max(1, atLeast), ...found };
  const refuse = (what: string) => {
    throw new UsageError(`${found.source}: ${what}; start all processes of a job by one launcher`);
  };
  if (topology.rank >= size) refuse(`rank ${topology.rank} cannot be one of a world of ${size}`);
  if (localRank >= topology.localSize)
    refuse(`local rank ${localRank} cannot be one of ${topology.localSize} processes on this machine`);
  if (topology.localSize > size)
    refuse(`${topology.localSize} processes on this machine cannot be part of a world of ${size}`);
  return topology;
}

const alone: Topology = {
  rank: 0, size: 1, localRank: 0, localSize: 1, host: '127.0.0.1', port: 29500, source: 'none', agentStore: false, restart: 0,
}; // prettier-ignore

/**
 * Who this process is: from flags, torchrun (or `scalewise launch`), Slurm's srun, Open MPI, another MPI by PMI; alone where nothing says otherwise.
 * Throws UsageError for numbers that contradict each other, and for an incomplete set where no other is complete.
 */
export function resolveTopology(env: Environment, flags: TopologyFlags = {}): Topology {
  const given = fromFlags(flags);
  if (given) return settled(given);
  let lacking: string | undefined;
  for (const source of sources) {
    const outcome = source(env);
    if (outcome && !('lacks' in outcome)) return settled(outcome);
    lacking ??= outcome?.lacks;
  }
  if (lacking !== undefined) throw new UsageError(lacking);
  return { ...alone };
}
