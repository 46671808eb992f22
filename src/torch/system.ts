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
