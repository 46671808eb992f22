// The highest resident memory of this process since a moment, as Linux counts it; bench/peer/memory.py counts alike.
import { readFileSync, writeFileSync } from 'node:fs';
import { trimMemory } from '../dist/torch/index.js';

/** Begins anew: what was freed goes back to the system first, and counts no longer. */
export function resetPeak() {
  globalThis.gc?.();
  trimMemory();
  writeFileSync('/proc/self/clear_refs', '5');
}

/** Bytes at the highest since `resetPeak`. */
export function peakBytes() {
  return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}
