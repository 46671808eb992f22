// The process around the tensors: threads, devices, memory, and what the loaded libtorch is.
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
