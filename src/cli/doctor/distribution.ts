// `scalewise doctor --dist`: which process of which job this is, who says so, what looks wrong about it, and whether the others come.
import { hostname } from 'node:os';
import { doubtsOf, hostsOf, launchVariables, resolveTopology, type Topology } from '../../launch/index.js';

const named = {
  flags: 'flags',
  torchrun: "torchrun's variables",
  slurm: "srun's variables",
  openmpi: "Open MPI's variables",
  pmi: "PMI's variables",
  none: 'nothing: one process alone',
} satisfies Record<Topology['source'], string>;

const timeout = 30; // seconds that the others may take to come

/** Meets the other processes; what all of them together make of their ranks. */
async function sumOfRanks(topology: Topology): Promise<number> {
  const { joinWorld } = await import('../../train/world.js'); // with it comes libtorch, which the rest of doctor does without
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const world = joinWorld(topology, { timeout, say });
  try {
    return Math.round((world.mean({ rank: topology.rank })['rank'] ?? Number.NaN) * world.size);
  } finally {
    world.leave();
  }
}

function describe(topology: Topology): string {
  const { rank, size, localRank, localSize, host, port, source, agentStore, restart } = topology;
  const variables = launchVariables(process.env).map(([name, value]) => `${name}=${value}`);
  const hosts = hostsOf(process.env, topology);
  const rows = [
    ['source', named[source]],
    ['rank', `${rank} of ${size}; ${localRank} of ${localSize} on ${hostname()}`],
    ...(size > 1 ? [['address', `${host} port ${port}, served by ${agentStore ? "torchrun's agent" : 'rank 0'}`]] : []),
    ...(hosts.length ? [['hosts', hosts.join(' ')]] : []),
    ...(restart ? [['restarts', String(restart)]] : []),
    ['variables', variables.join(' ') || 'none'],
    ...doubtsOf(process.env, topology).map((doubt) => ['doubtful', doubt]),
  ];
  return rows.map(([name, value]) => `${name!.padEnd(10)} ${value}`).join('\n');
}

/**
 * Prints what the environment says of this process's part in a job, then meets the others and adds up all ranks with them.
 * Throws UsageError where the environment is incomplete or contradicts itself, or the others do not come.
 */
export async function describeDistribution(json: boolean): Promise<void> {
  const topology = resolveTopology(process.env);
  if (!json) console.log(describe(topology));
  const sum = topology.size > 1 ? await sumOfRanks(topology) : 0;
  if (json) {
    const [hosts, doubts] = [hostsOf(process.env, topology), doubtsOf(process.env, topology)];
    const variables = Object.fromEntries(launchVariables(process.env));
    console.log(JSON.stringify({ host: hostname(), topology, hosts, doubts, variables, sumOfRanks: sum }));
  } else if (topology.size > 1) console.log(`met       all ${topology.size} processes; their ranks add up to ${sum}`);
}
