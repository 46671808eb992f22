// What a recipe settles about the machine before it begins: precision, threads, device.
import { availableParallelism } from 'node:os';
import { cudaAvailable, fastBfloat16, setThreads } from '../torch/index.js';
import { UsageError } from '../util/errors.js';

/** How numbers are computed. */
export type Precision = 'float32' | 'bfloat16';

/** The precision that `auto` stands for on a device. */
export function settlePrecision(precision: 'auto' | Precision, device: string): Precision {
  if (precision !== 'auto') return precision;
  return fastBfloat16(device) ? 'bfloat16' : 'float32';
}

/** Checks the device and sets the threads: 0 for what OMP_NUM_THREADS says, as launchers of several processes set it, else one a core. */
export function useMachine({ device, threads }: { device: string; threads: number }): void {
  if (!/^(cpu|cuda(:\d+)?)$/.test(device))
    throw new UsageError(`device: expected cpu, cuda or cuda:N, got '${device}'`);
  if (device.startsWith('cuda') && !cudaAvailable())
    throw new UsageError(`device: ${device} is not to be had here (scalewise doctor says why); use cpu`);
  setThreads(threads || Number(process.env['OMP_NUM_THREADS']) || availableParallelism());
}
