// c10d: the store where the processes of a job meet, their collectives, and the averaging of gradients during backward.
// The calls wait, on threads of the addon: JavaScript runs on when all ranks have come, or throws once the timeout is over.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../util/errors.js';
import { handles, wrapList } from './boxed.js';
import { zeros } from './creation.js';
import { build, native, type External } from './native.js';
import type { Tensor } from './tensor.js';

/** What computes collectives: Gloo on CPUs, NCCL on NVIDIA's GPUs. */
export type Backend = 'gloo' | 'nccl';

const ncclLibrary = join(dirname(build.addon), 'scalewise_nccl.so');

/** Why this libtorch or this machine does not have a back end. */
function lackOf(name: Backend): string | undefined {
  const { gloo, cudaDevices } = native.information();
  if (!('createStore' in native)) return 'this libtorch was built without c10d';
  if (!gloo) return `this libtorch was built without Gloo${name === 'nccl' ? ', which serves the CPU beside it' : ''}`;
  if (name === 'gloo') return undefined;
  if (!cudaDevices) return 'libtorch finds no CUDA device';
  return existsSync(ncclLibrary) ? undefined : 'set-up found no headers of NCCL and CUDA';
}

/** @throws UsageError where a back end is not to be had */
export function requireBackend(name: Backend): void {
  const reason = lackOf(name);
  if (reason !== undefined)
    throw new UsageError(
      `the collectives back end ${name} is not to be had: ${reason}; \`scalewise doctor\` says which are`,
    );
}

const milliseconds = (seconds: number) => Math.round(seconds * 1000);

/** This host's address on the way to another, which need not be up. */
export function ownAddress(host: string): string {
  return native.ownAddress(host);
}

/** A connection to the store of a job: strings under keys, in one process and reached by all over TCP. */
export class TcpStore {
  readonly external: External;
  readonly timeout: number;

  /**
   * @param options.port 0, where this process serves the store, takes a free one: see `port`
   * @param options.isServer whether this process serves it
   * @param options.address the only address to serve it on, with PyTorch 2 (libtorch 1.13 always serves on all)
   * @param options.prefix stands before each key: one store serves several jobs
   * @param options.timeout seconds after which each call gives up
   * @throws TorchError where the store is not reached, or does not understand
   */
  constructor(options: {
    host: string;
    port: number;
    isServer: boolean;
    address?: string;
    prefix?: string;
    timeout: number;
  }) {
    const { host, port, isServer, address = '', prefix = 'scalewise', timeout } = options;
    this.timeout = timeout;
    this.external = native.createStore(host, port, isServer, address, prefix, milliseconds(timeout));
  }
  /** The port it is served on. */
  get port(): number {
    return native.storePort(this.external);
  }
  set(key: string, value: string): void {
    native.storeSet(this.external, key, value);
  }
  /** The value under a key, which is waited for. */
  get(key: string): string {
    return native.storeGet(this.external, key);
  }
  /** Adds to the number under a key, which begins as 0; the sum. */
  add(key: string, amount: number): number {
    return native.storeAdd(this.external, key, amount);
  }
  /** Whether there is a value under every key. */
  check(keys: readonly string[]): boolean {
    return keys.every((key) => native.storeCheck(this.external, key));
  }
  /** Closes the connection; where this process serves the store, ends it. */
  dispose(): void {
    native.closeStore(this.external);
  }
}

/** The processes of a job, connected with each other. All make the same calls in the same order, with tensors of the same shapes and dtypes. */
export class ProcessGroup {
  readonly external: External;
  readonly rank: number;
  readonly size: number;

  /**
   * Waits for all of them.
   * @param options.backend `nccl` serves CUDA tensors, and Gloo beside it those on the CPU
   * @param options.address this host's address for Gloo's connections
   * @param options.timeout seconds after which a collective without an answer throws
   */
  constructor(options: {
    backend: Backend;
    store: TcpStore;
    rank: number;
    size: number;
    address: string;
    timeout: number;
  }) {
    const { backend, store, rank, size, address, timeout } = options;
    requireBackend(backend);
    this.rank = rank;
    this.size = size;
    const nccl = backend === 'nccl' ? ncclLibrary : undefined;
    this.external = native.createGroup(store.external, rank, size, address, nccl, milliseconds(timeout));
  }
  /** Gives all ranks the values of one, in place. */
  broadcast(tensors: readonly Tensor[], from = 0): void {
    native.broadcast(this.external, handles(tensors), from);
  }
  /** Reduces each tensor over the ranks, in place. */
  allReduce(tensors: readonly Tensor[], how: 'sum' | 'mean' | 'max' | 'min' = 'sum'): void {
    native.allReduce(this.external, handles(tensors), how);
  }
  /** The tensor of every rank. */
  allGather(tensor: Tensor): Tensor[] {
    return wrapList(native.allGather(this.external, tensor.handle));
  }
  /** Waits until every rank has come here. */
  barrier(): void {
    using nothing = zeros([1]);
    this.allReduce([nothing]);
  }
  /** Closes the connections. After a failure, leave it: its end would wait for the peers. */
  dispose(): void {
    native.closeGroup(this.external);
  }
}

/** How gradients are gathered into buckets, each averaged while backward goes on. */
export interface ReducerOptions {
  /** 25 MiB. */
  bucketBytes?: number;
  /** Of the bucket that is complete first: 1 MiB. */
  firstBucketBytes?: number;
  /** Whether backward may reach only some of the parameters: they are searched for in each step. */
  findUnused?: boolean;
}

const mebibyte = 2 ** 20;

/**
 * Averages gradients over the ranks: the reducer of PyTorch's DistributedDataParallel. Its buckets stay as they were first laid out, so that
 * a resumed run adds in the same order. A pass is `prepareForward`, forward, `prepareBackward`, backward; without `prepareBackward`
 * gradients only add up here.
 */
export class Reducer {
  readonly #external: External;

  constructor(group: ProcessGroup, parameters: readonly Tensor[], options: ReducerOptions = {}) {
    const { bucketBytes = 25 * mebibyte, firstBucketBytes = mebibyte, findUnused = false } = options;
    this.#external = native.createReducer(
      group.external,
      handles(parameters),
      bucketBytes,
      firstBucketBytes,
      findUnused,
    );
  }
  prepareForward(): void {
    native.prepareForward(this.#external);
  }
  /**
   * The next backward ends with averaged gradients.
   * @param outputs where that backward begins; needed with `findUnused`
   */
  prepareBackward(outputs: readonly Tensor[] = []): void {
    native.prepareBackward(this.#external, handles(outputs));
  }
  dispose(): void {
    native.closeReducer(this.#external);
  }
}

/** Signs of life of this process in a store, once a second while JavaScript waits, and a look at those of the others. */
export class Heartbeat {
  readonly #external: External;

  constructor(store: TcpStore, rank: number, size: number) {
    this.#external = native.startHeartbeat(store.external, rank, size);
  }
  /** Ranks that have given no sign of life for some three seconds; undefined where the store gives none itself. Takes four seconds. */
  silentRanks(): number[] | undefined {
    return native.silentRanks(this.#external) ?? undefined;
  }
  stop(): void {
    native.stopHeartbeat(this.#external);
  }
}
