// The processes that train together, as training sees them. Alone it is a world of one, and nothing is sent.
import type { Topology } from '../launch/index.js';
import {
  type Backend,
  Heartbeat,
  libtorch,
  ProcessGroup,
  requireBackend,
  scope,
  tensor,
  TorchError,
} from '../torch/index.js';
import { PeerLostError, pause } from './peers.js';
import { meet, type Meeting } from './rendezvous.js';

/** The processes that train together. All of them make the same calls in the same order. */
export interface World {
  rank: number;
  size: number;
  /** Whether this is the one that writes and shows. */
  isFirst: boolean;
  /** The device of this process: on a host with several GPUs, each process has its own. */
  device: string;
  /** Absent in a world of one. */
  group?: ProcessGroup;
  /** Means over the ranks of named numbers. */
  mean(numbers: Record<string, number>): Record<string, number>;
  /** True where any rank says true. */
  any(flag: boolean): boolean;
  barrier(): void;
  /** What to throw instead of an error: a PeerLostError that names who is gone, where that is what made a collective fail; takes some seconds. */
  explain(error: unknown): unknown;
  /** Waits for all and parts. After a failure there is nothing to call: the process ends. */
  leave(): void;
}

const nothing = () => undefined;

/** A world of one. */
export const alone: World = {
  rank: 0,
  size: 1,
  isFirst: true,
  device: 'cpu',
  mean: (numbers) => numbers,
  any: (flag) => flag,
  barrier: nothing,
  explain: (error) => error,
  leave: nothing,
};

/** How a world is joined. */
export interface JoinOptions {
  /** NCCL for CUDA devices and Gloo else. */
  backend?: Backend;
  /** Seconds after which a collective without an answer fails; longer than anything that one rank does while the others wait. */
  timeout?: number;
  /** `cpu`, or `cuda`: then the process takes the GPU of its local rank. */
  device?: string;
  say: (line: string) => void;
}

/** Least time for all to come, in seconds: they are started one after the other, and on some hosts later. */
const patience = 120;

/** Ten minutes, as NCCL: the first rank draws samples while the others wait. */
const defaultTimeout = 600;

/** The device of a process: its own GPU of those that it sees. Slurm (`--gpus-per-task`) lets each process see one, which is its first then. */
export function deviceOf(kind: string, { size, localRank }: Topology, gpus: number): string {
  if (kind !== 'cuda' || size === 1) return kind;
  return `cuda:${gpus === 1 ? 0 : localRank}`;
}

/**
 * Joins the processes of a job; waits for all of them.
 * @throws UsageError where a back end is not to be had or rank 0 is not reached, PeerLostError where a rank does not come
 */
export function joinWorld(topology: Topology, options: JoinOptions): World {
  const { rank, size } = topology;
  const { timeout = defaultTimeout, device: kind = 'cpu', say } = options;
  const device = deviceOf(kind, topology, libtorch().cudaDevices);
  if (size === 1) return { ...alone, device };
  const backend = options.backend ?? (device.startsWith('cuda') ? 'nccl' : 'gloo');
  requireBackend(backend);
  const meeting = meet(topology, Math.max(timeout, patience), say);
  const heartbeat = new Heartbeat(meeting.store, rank, size);
  const explain = (error: unknown) => explanation(error, { rank, size, timeout, meeting, heartbeat });
  const explained = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      throw explain(error);
    }
  };
  const { store, address } = meeting;
  const group = explained(() => new ProcessGroup({ backend, store, rank, size, address, timeout }));
  return {
    rank,
    size,
    isFirst: rank === 0,
    device,
    group,
    mean: (numbers) => explained(() => meanOver(group, numbers)),
    any: (flag) => explained(() => anyOf(group, flag)),
    barrier: () => { explained(() => { group.barrier(); }); },
    explain,
    leave() {
      explained(() => { group.barrier(); });
      heartbeat.stop();
      group.dispose();
      store.dispose();
    },
  }; // prettier-ignore
}

function meanOver(group: ProcessGroup, numbers: Record<string, number>): Record<string, number> {
  const names = Object.keys(numbers);
  return scope(() => {
    const values = tensor(Object.values(numbers), { dtype: 'float64' });
    group.allReduce([values], 'mean');
    const means = values.toArray();
    return Object.fromEntries(names.map((name, i) => [name, means[i]!]));
  });
}

function anyOf(group: ProcessGroup, flag: boolean): boolean {
  return scope(() => {
    const said = tensor([flag ? 1 : 0]);
    group.allReduce([said], 'max');
    return said.item() > 0;
  });
}

interface Circumstances {
  rank: number;
  size: number;
  timeout: number;
  meeting: Meeting;
  heartbeat: Heartbeat;
}

/** What collectives say when they fail, by themselves or inside backward. */
const ofCollectives = /gloo|nccl|c10d|timed out|did not answer|connection (?:closed|reset|refused)/i;
const again = 'the run goes on from its last checkpoint when the same command is run again';

function explanation(error: unknown, circumstances: Circumstances): unknown {
  if (!(error instanceof TorchError) || !ofCollectives.test(error.message)) return error;
  const { rank, size, timeout, meeting, heartbeat } = circumstances;
  const options = { cause: error };
  const silence = `gave no answer (killed, stopped or cut off; the limit is ${timeout} s); ${again}`;
  const silent = heartbeat.silentRanks();
  if (silent === undefined && meeting.byRankZero)
    return new PeerLostError([0], size, `at ${meeting.place}, where the others meet, ${silence}`, options);
  if (silent === undefined)
    return new PeerLostError([rank], size, `lost the store of torchrun's agent at ${meeting.place}; ${again}`, options);
  if (rank === 0 && meeting.byRankZero) pause(2.5); // the others learn from the store who it is; it ends with this process
  if (silent.length) return new PeerLostError(silent, size, silence, options);
  const all = `waited ${timeout} s for another that is alive and busy with something else, or slow; ${again}`;
  return new PeerLostError([rank], size, all, options);
}
