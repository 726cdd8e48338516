"""Which kinds of processor this machine offers for training, told without torch, whose import takes seconds."""

from __future__ import annotations

import ctypes
import platform
import sys
from functools import lru_cache

TITLES = {"cpu": "CPU", "cuda": "NVIDIA GPU (CUDA)", "mps": "Apple GPU (MPS)"}


@lru_cache(maxsize=1)
def present() -> tuple[str, ...]:
    """Return "cpu" and whichever of "cuda" and "mps" is here. A run has the last word: torch may still refuse one."""
    found = ["cpu"]
    if _cuda_devices():
        found.append("cuda")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        found.append("mps")
    return tuple(found)


def _cuda_devices() -> int:
    """Ask NVIDIA's driver how many devices there are; 0 without a driver."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value
