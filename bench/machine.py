"""What the machine is and how busy it was, so that a figure can be read later."""

import os
import platform
import time
from pathlib import Path
from typing import Any


def describe() -> dict[str, Any]:
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "cpu_model": _cpu_model(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average_at_start": round(os.getloadavg()[0], 2),
    }


def timer_noise(seconds: float, *, step: float = 0.01) -> list[float]:
    """By how much a sleep of `step` seconds came back late, in seconds, ordered: the noise below every latency here."""
    late = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        time.sleep(step)
        late.append(time.perf_counter() - began - step)
    return sorted(late)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
