// `scalewise doctor --dist`: which process of which job this is, who says so, and what looks wrong about it.
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

/** Prints what the environment says of this process's part in a job. Throws UsageError where that is incomplete or contradicts itself. */
export function describeDistribution(json: boolean): void {
  const topology = resolveTopology(process.env);
  const variables = launchVariables(process.env);
  const [hosts, doubts] = [hostsOf(process.env, topology), doubtsOf(process.env, topology)];
  if (json) {
    console.log(
      JSON.stringify({ host: hostname(), topology, hosts, doubts, variables: Object.fromEntries(variables) }),
    );
    return;
  }
  const { rank, size, localRank, localSize, host, port, source, agentStore, restart } = topology;
  const rows = [
    ['source', named[source]],
    ['rank', `${rank} of ${size}; ${localRank} of ${localSize} on ${hostname()}`],
    ...(size > 1 ? [['address', `${host} port ${port}, served by ${agentStore ? "torchrun's agent" : 'rank 0'}`]] : []),
    ...(hosts.length ? [['hosts', hosts.join(' ')]] : []),
    ...(restart ? [['restarts', String(restart)]] : []),
    ['variables', variables.map(([name, value]) => `${name}=${value}`).join(' ') || 'none'],
    ...doubts.map((doubt) => ['doubtful', doubt]),
  ];
  console.log(rows.map(([name, value]) => `${name!.padEnd(10)} ${value}`).join('\n')); // in one piece, as ranks print at the same time
}
