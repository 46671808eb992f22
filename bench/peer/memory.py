"""The highest resident memory of this process since a moment, as Linux counts it; bench/memory.mjs counts alike."""

import ctypes
import gc
import re


def reset_peak():
    """Begins counting memory anew: what was freed goes back to the system first."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak_bytes() -> int:
    """Resident memory of this process at its highest since `reset_peak`."""
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1))
