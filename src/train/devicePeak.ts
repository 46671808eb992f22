// The highest rate of multiply-adds that a device is sold with: what MFU divides by.
import { spawnSync } from 'node:child_process';

/** Dense peaks in TFLOP/s, products in bfloat16 by the matrix units with float32 sums, and in float32 without TF32. */
interface Peak {
  bfloat16?: number;
  float32: number;
}

/**
 * By a part of the name that the driver gives, the more particular first. From NVIDIA's data sheets; where a sheet gives a figure with
 * sparsity, half of it. GPUs without bfloat16 matrix units have no figure for it.
 */
const peaks: readonly (readonly [name: RegExp, peak: Peak])[] = [
  [/\bH200\b/, { bfloat16: 989.5, float32: 67 }],
  [/\bH100 NVL\b/, { bfloat16: 835.5, float32: 60 }],
  [/\bH100 PCIe\b/, { bfloat16: 756, float32: 51 }],
  [/\bH100\b/, { bfloat16: 989.5, float32: 67 }],
  [/\bA100\b/, { bfloat16: 312, float32: 19.5 }],
  [/\bL40S\b/, { bfloat16: 362, float32: 91.6 }],
  [/\bL4\b/, { bfloat16: 121, float32: 30.3 }],
  [/\bA10\b/, { bfloat16: 125, float32: 31.2 }],
  [/\bA40\b/, { bfloat16: 149.7, float32: 37.4 }],
  [/\bA6000\b/, { bfloat16: 154.8, float32: 38.7 }],
  [/\bRTX 4090\b/, { bfloat16: 165.2, float32: 82.6 }],
  [/\bRTX 3090\b(?! Ti)/, { bfloat16: 71, float32: 35.6 }],
  [/\bV100-SXM2\b/, { float32: 15.7 }],
  [/\bV100-PCIE\b/, { float32: 14 }],
  [/\bT4\b/, { float32: 8.1 }],
];

/** Operations a second of a GPU of this name at best; undefined where it is not in the table. */
export function peakOf(name: string, precision: 'float32' | 'bfloat16'): number | undefined {
  const teraflops = peaks.find(([pattern]) => pattern.test(name))?.[1][precision];
  return teraflops === undefined ? undefined : teraflops * 1e12;
}

/** Names of the machine's GPUs, as its driver's own tool tells them; none where there is no driver. */
function gpuNames(): string[] {
  const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return status === 0 ? stdout.trim().split('\n') : [];
}

/**
 * Operations a second of a device at best. Undefined on a CPU, whose peak no table tells, for GPUs that are not in the table, and on
 * machines of several models, where the driver's order may not be libtorch's: give `peakTflops` there.
 * @param names names of the machine's GPUs
 */
export function devicePeak(
  device: string,
  precision: 'float32' | 'bfloat16',
  names: () => readonly string[] = gpuNames,
): number | undefined {
  if (!device.startsWith('cuda')) return undefined;
  const [name, ...others] = new Set(names());
  return name === undefined || others.length ? undefined : peakOf(name, precision);
}
