// The process around the tensors: threads, devices, memory, and what the loaded libtorch is.
import { existsSync, readFileSync } from 'node:fs';
import { build, native, type LibtorchBuild, type LibtorchInformation } from './native.js';

/** Sets how many threads an operator may use; returns how many it will. */
export function setThreads(count: number): number {
  return native.setThreads(count);
}

/** Threads that an operator uses now. */
export function threads(): number {
  return native.threads();
}

/** Whether a CUDA device can be used. */
export function cudaAvailable(): boolean {
  return native.information().cudaDevices > 0;
}

/** Gives memory that libtorch freed back to the operating system. */
export function trimMemory(): void {
  native.trimMemory();
}

/** Bytes of a device's memory: in tensors, and taken from the device by libtorch, which keeps what tensors gave back. */
export interface DeviceMemory {
  allocated: number;
  /** Most at any moment since the process began, or since `resetDevicePeak`. */
  allocatedPeak: number;
  reserved: number;
  reservedPeak: number;
}

/** What libtorch holds of a CUDA device's memory; undefined on a CPU, before the device is first used, and with PyTorch before 2.9. */
export function deviceMemory(device: string): DeviceMemory | undefined {
  const bytes = native.deviceMemory(device);
  if (!bytes) return undefined;
  const [allocated, allocatedPeak, reserved, reservedPeak] = bytes;
  return { allocated, allocatedPeak, reserved, reservedPeak };
}

/** Begins counting the peaks of `deviceMemory` anew. */
export function resetDevicePeak(device: string): void {
  native.resetDevicePeak(device);
}

/** Gives a CUDA device back what libtorch reserved and no tensor holds. */
export function emptyDeviceCache(device: string): void {
  native.emptyDeviceCache(device);
}

/**
 * Runs `body` under libtorch's profiler (Kineto) and writes what ran, operators and a GPU's kernels, as a trace in Chrome's format.
 * Kernels that are still queued when `body` ends are waited for.
 * @throws TypeError with libtorch 1.13
 */
export function profile<T>(file: string, body: () => T): T {
  native.startProfile();
  try {
    return body();
  } finally {
    native.stopProfile(file);
  }
}

/** What the loaded libtorch is and can do, and where it came from. */
export function libtorch(): LibtorchInformation & { build: LibtorchBuild } {
  return { ...native.information(), build };
}

/** Whether a device computes in bfloat16 faster than in float32: CUDA devices do; CPUs with AVX-512 BF16 or AMX instructions. */
export function fastBfloat16(device = 'cpu'): boolean {
  if (!device.startsWith('cpu')) return true;
  const cpuinfo = '/proc/cpuinfo';
  return existsSync(cpuinfo) && /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync(cpuinfo, 'utf8'));
}
