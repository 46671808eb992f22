// Loads the native addon that set-up built. The only file that knows where it lies; nothing above src/torch imports it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../util/errors.js';

/** What set-up wrote about the libtorch that the addon was built against. */
export interface LibtorchBuild {
  /** Where it came from: `environment`, `system`, `wheel`, `apt` or `path`. */
  source: string;
  /** Folder that holds libtorch's `lib`. */
  root: string;
  version: string;
  /** Path of the addon. */
  addon: string;
}

/** A tensor or generator under a small integer that only src/torch hands out. */
export type Handle = number;

/** An object of the addon that only the addon looks into. */
export type External = object;

/** Arguments and results of boxed calls: handles, numbers, strings, booleans, arrays of these. */
export type Boxed = unknown;

/** The functions of the addon; each is documented in `native/`. */
export interface Native {
  setErrorClass(errorClass: new (message: string) => Error): void;
  resolve(name: string, argumentNames?: readonly string[], unchecked?: boolean): number;
  call(id: number, ...args: Boxed[]): Boxed;
  run(id: number, ...args: Boxed[]): void;
  schema(name: string): string | null;
  signature(name: string): [[string, string][], [string, string][]];
  operatorNames(): string[];
  fromBytes(source: NodeJS.TypedArray, shape: readonly number[], dtype: number): Handle;
  aliasBytes(source: NodeJS.TypedArray, shape: readonly number[], dtype: number): Handle;
  bytes(tensor: Handle): ArrayBuffer;
  item(tensor: Handle): number | boolean | bigint;
  shape(tensor: Handle): number[];
  strides(tensor: Handle): number[];
  elementCount(tensor: Handle): number;
  dtype(tensor: Handle): number;
  device(tensor: Handle): string;
  isContiguous(tensor: Handle, memoryFormat: number): boolean;
  free(handles: Int32Array, count: number): void;
  duplicate(tensor: Handle): Handle;
  liveTensors(): number;
  liveBytes(): number;
  storageBytes(tensor: Handle): number;
  backward(outputs: Handle[], seeds: Handle[] | undefined, retainGraph: boolean): void;
  gradients(
    outputs: Handle[],
    inputs: Handle[],
    seeds: Handle[] | undefined,
    retainGraph: boolean,
    allowUnused: boolean,
  ): (Handle | null)[];
  gradient(tensor: Handle): Handle | null;
  setGradient(tensor: Handle, gradient: Handle | null): void;
  requiresGrad(tensor: Handle): boolean;
  setRequiresGrad(tensor: Handle, on: boolean): void;
  setGradMode(on: boolean): boolean;
  setAutocast(device: string, enabled: boolean, dtype: number): [number, number];
  clearAutocastCache(): void;
  createGenerator(device: string, seed: number | bigint): Handle;
  freeGenerator(generator: Handle): void;
  generatorState(generator: Handle): Handle;
  setGeneratorState(generator: Handle, state: Handle): void;
  setThreads(count: number): number;
  threads(): number;
  information(): LibtorchInformation;
  loadLibrary(path: string): void;
  setAllocationLimit(bytes: number): void;
  keepFreedMemory(): void;
  trimMemory(): void;
  reportMemory(bytes: number): number;
  deviceMemory(device: string): [number, number, number, number] | undefined;
  resetDevicePeak(device: string): void;
  emptyDeviceCache(device: string): void;
  startProfile(): void;
  stopProfile(file: string): void;
  // the rest is absent where libtorch was built without c10d
  createStore(host: string, port: number, serves: boolean, address: string, prefix: string, timeout: number): External;
  storePort(store: External): number;
  storeSet(store: External, key: string, value: string): void;
  storeGet(store: External, key: string): string;
  storeAdd(store: External, key: string, amount: number): number;
  storeCheck(store: External, key: string): boolean;
  closeStore(store: External): void;
  ownAddress(host: string): string;
  createGroup(
    store: External,
    rank: number,
    size: number,
    address: string,
    ncclLibrary: string | undefined,
    timeout: number,
  ): External;
  closeGroup(group: External): void;
  broadcast(group: External, tensors: Handle[], from: number): void;
  allReduce(group: External, tensors: Handle[], how: string): void;
  allGather(group: External, tensor: Handle): Handle[];
  createReducer(
    group: External,
    parameters: Handle[],
    bucketBytes: number,
    firstBucketBytes: number,
    findUnused: boolean,
  ): External;
  prepareForward(reducer: External): void;
  prepareBackward(reducer: External, outputs: Handle[]): void;
  closeReducer(reducer: External): void;
  startHeartbeat(store: External, rank: number, size: number): External;
  silentRanks(heartbeat: External): number[] | null;
  stopHeartbeat(heartbeat: External): void;
}

/** What the loaded libtorch is and can do. */
export interface LibtorchInformation {
  version: string;
  config: string;
  parallel: string;
  mkl: boolean;
  onednn: boolean;
  cuda: boolean;
  cudaDevices: number;
  gloo: boolean;
}

/** An error of libtorch, e.g. of shapes that do not fit; its message names the operator, and has no C++ trace. */
export class TorchError extends Error {
  override name = 'TorchError';
}

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

const remedy =
  'run `npm run setup`, which finds or installs libtorch and builds the addon (`scalewise doctor` looks closer)';

function readBuild(): { build: LibtorchBuild; addon: string } {
  const file = process.env['SCALEWISE_LIBTORCH_BUILD'] ?? join(projectRoot(), 'build', 'libtorch.json');
  if (!existsSync(file)) throw new UsageError(`the native addon is not built: there is no ${file}; ${remedy}`);
  let build: LibtorchBuild;
  try {
    build = JSON.parse(readFileSync(file, 'utf8')) as LibtorchBuild;
  } catch (error) {
    throw new UsageError(`${file} is damaged: it is no JSON; ${remedy}`, { cause: error });
  }
  return { build, addon: resolve(dirname(file), build.addon) };
}

/** Debian's torch 1.13 stays with AVX2 unless it is asked for more; the variable is read when libtorch loads. */
function chooseCpuCapability(version: string): void {
  if (!version.startsWith('1.') || process.env['ATEN_CPU_CAPABILITY'] || !existsSync('/proc/cpuinfo')) return;
  if (/\bavx512bw\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))) process.env['ATEN_CPU_CAPABILITY'] = 'avx512';
}

function load(): { native: Native; build: LibtorchBuild } {
  const { build, addon } = readBuild();
  chooseCpuCapability(build.version);
  try {
    const native = createRequire(import.meta.url)(addon) as Native;
    native.setErrorClass(TorchError);
    const cudaLibrary = join(build.root, 'lib', 'libtorch_cuda.so');
    // the kernels of a CUDA build register themselves when their library loads; it needs NVIDIA's driver
    if (existsSync(cudaLibrary) && existsSync('/dev/nvidiactl')) native.loadLibrary(cudaLibrary);
    return { native, build: { ...build, addon } };
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new UsageError(`the native addon ${addon} does not load: ${reason}; ${remedy}`, { cause: error });
  }
}

/** Bytes that this process can have at most: the machine's, or its container's. */
function machineMemory(): number {
  const container = process.constrainedMemory();
  return container > 0 ? Math.min(totalmem(), container) : totalmem();
}

/** The addon, and what it was built against. */
export const { native, build } = load();
native.keepFreedMemory();
native.setAllocationLimit(machineMemory());
