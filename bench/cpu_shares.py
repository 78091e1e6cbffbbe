"""Who spent how much CPU on a hit: read before a run and after it, divided by the hits in between."""

import os
from collections.abc import Mapping
from pathlib import Path

from bench.processes import Process, cpu_seconds_below

_SERVERS = ("postgres", "valkey-server")


class CpuShares:
    """CPU time of processes, of the PostgreSQL and Valkey in a folder, and of the generator, which is this process."""

    def __init__(self, roles: Mapping[str, Process], folder: Path) -> None:
        self._roles, self._folder = roles, folder
        self._before = self._now()

    def microseconds_a_hit(self, hits: int) -> dict[str, int]:
        """Since this object was made."""
        return {role: round((after - self._before[role]) / hits * 1e6) for role, after in self._now().items()}

    def _now(self) -> dict[str, float]:
        spent = {role: process.cpu_seconds for role, process in self._roles.items()}
        spent |= cpu_seconds_below(os.getpid(), _SERVERS, self._folder)
        generator = os.times()
        return spent | {"generator": generator.user + generator.system}
