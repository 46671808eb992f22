// How the processes of a job find each other: one store, served by rank 0 or by torchrun's agent, to which all report before they are connected.
import { networkInterfaces } from 'node:os';
import type { Topology } from '../launch/index.js';
import { libtorch, ownAddress, TcpStore, TorchError } from '../torch/index.js';
import { UsageError } from '../util/errors.js';
import { PeerLostError, pause } from './peers.js';

/** Longest that a foreign store may take to answer, in seconds: it is up before we are. */
const handshake = 15;

const isLoopback = (address: string) => address.startsWith('127.') || address === '::1';

function interfaceAddress(name: string): string {
  const address = networkInterfaces()[name]?.[0]?.address;
  if (address === undefined)
    throw new UsageError(
      `GLOO_SOCKET_IFNAME: expected one of ${Object.keys(networkInterfaces()).join(', ')}, got ${name}`,
    );
  return address;
}

/**
 * This host's address for the others, and whether the store may be served on it alone: not where a host's own name leads to its loopback,
 * as Debian's /etc/hosts has it.
 */
function addressOf({ host, localSize, size }: Topology): { address: string; alone: boolean } {
  const named = process.env['GLOO_SOCKET_IFNAME'];
  if (named) return { address: interfaceAddress(named), alone: false };
  const address = ownAddress(host);
  if (!isLoopback(address) || localSize === size) return { address, alone: true };
  return { address: ownAddress('192.0.2.1'), alone: false }; // kept free for examples: the way out; nothing is sent
}

/** Rank 0's own store; every other rank waits for it. */
function ownStore(topology: Topology, port: number, prefix: string, timeout: number): TcpStore {
  const { host, rank, size } = topology;
  const { address, alone } = addressOf(topology);
  try {
    return rank === 0
      ? new TcpStore({ host: alone ? address : host, port, isServer: true, address: alone ? address : '', prefix, timeout })
      : new TcpStore({ host, port, isServer: false, prefix, timeout });
  } catch (error) {
    if (!(error instanceof TorchError)) throw error;
    const place = `${host}:${port}`;
    throw new UsageError(
      rank === 0
        ? `rank 0 cannot serve the store at ${place}: ${error.message}; choose another port, or an address of this host`
        : `rank ${rank} of ${size} did not reach rank 0's store at ${place} within ${timeout} s: is rank 0 started, and the port open between the hosts?`,
      { cause: error },
    );
  } // prettier-ignore
}

/** Where the store is, in words, and who serves it. */
export interface Meeting {
  store: TcpStore;
  place: string;
  /** Whether rank 0 serves it, not torchrun's agent. */
  byRankZero: boolean;
  /** This host's address for the others' connections. */
  address: string;
}

/** Connects to the agent's store, or to one of ours on the next port where the agent's libtorch speaks another language than this one's. */
function agentsStore(topology: Topology, prefix: string, timeout: number, say: (line: string) => void): Omit<Meeting, 'address'> {
  const { host, port, rank } = topology;
  try {
    new TcpStore({ host, port, isServer: false, prefix, timeout: Math.min(handshake, timeout) }).dispose();
    const store = new TcpStore({ host, port, isServer: false, prefix, timeout });
    return { store, place: `${host}:${port}`, byRankZero: false };
  } catch (error) {
    if (!(error instanceof TorchError)) throw error;
    if (rank === 0)
      say(`torchrun's store at ${host}:${port} and libtorch ${libtorch().version} do not understand each other: rank 0 serves one of its own on port ${port + 1}`); // prettier-ignore
    return { store: ownStore(topology, port + 1, prefix, timeout), place: `${host}:${port + 1}`, byRankZero: true };
  }
} // prettier-ignore

/**
 * The store of a job, once every rank has reported to it. Keys begin with the number of restarts: an agent's store outlives the processes.
 * @throws UsageError where the store is not reached, or libtorchs differ; PeerLostError where a rank does not come
 */
export function meet(topology: Topology, timeout: number, say: (line: string) => void): Meeting {
  const { host, port } = topology;
  const prefix = `scalewise/${topology.restart}`;
  const met = topology.agentStore
    ? agentsStore(topology, prefix, timeout, say)
    : { store: ownStore(topology, port, prefix, timeout), place: `${host}:${port}`, byRankZero: true };
  waitForAll(met.store, topology, timeout);
  return { ...met, address: addressOf(topology).address };
}

function waitForAll(store: TcpStore, { rank, size }: Topology, timeout: number): void {
  const key = (one: number) => `here/${one}`;
  const { version } = libtorch();
  store.set(key(rank), version);
  store.add('here', 1);
  const began = performance.now();
  while (store.add('here', 0) < size) {
    if (performance.now() - began > 1000 * timeout) {
      const missing = Array.from({ length: size }, (_, one) => one).filter((one) => !store.check([key(one)]));
      throw new PeerLostError(missing, size, `did not come within ${timeout} s; start all ${size} processes again`);
    }
    pause(0.1);
  }
  const first = store.get(key(0));
  if (first !== version)
    throw new UsageError(`rank ${rank} runs libtorch ${version} and rank 0 ${first}: expected the same on all hosts`);
}
