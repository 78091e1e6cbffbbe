"""How much memory hits may take in Redis, and who is refused at which step: long before Redis itself refuses."""

from dataclasses import dataclass
from typing import Any, Final

from tracker.queueing.connection import Connection, translated
from tracker.queueing.shards import primaries_of

SHARE_OF_MAXMEMORY: Final = 0.75
"""Where nothing is set. The rest is for the workers: RQ writes to Redis, and without memory it would stand still."""
MAX_SHARE_OF_MAXMEMORY: Final = 0.9
"""A setting above that counts as that."""
BULK_SHARE: Final = 0.8
"""From there on batches and imports are refused; single hits, which no client sends again, have the rest."""
CROWD_SHARE: Final = 0.9
"""Of the queue limit and of the memory. The rest is for applications that have no crowd waiting."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes that Redis has taken, and at how many of them hits are refused; 0 for no limit."""

    used: int = 0
    limit: int = 0

    def is_above(self, share: float) -> bool:
        return 0 < self.limit * share < self.used

    @property
    def is_full(self) -> bool:
        return self.is_above(1)

    @property
    def is_short_for_bulk(self) -> bool:
        return self.is_above(BULK_SHARE)

    @property
    def is_short_for_crowds(self) -> bool:
        return self.is_above(CROWD_SHARE)


def memory_use(redis: Connection, max_bytes: int) -> MemoryUse:
    """Look at `used_memory` against TRACKER_QUEUE_MAX_BYTES, which holds for each node of a cluster.

    Of several nodes the fullest is told. Raises QueueUnavailable.
    """
    with translated():
        uses = [_memory_use(node, max_bytes) for node in primaries_of(redis)]
    return max(uses, key=lambda use: use.used / use.limit if use.limit else 0.0)


def _memory_use(node: Connection, max_bytes: int) -> MemoryUse:
    memory: Any = node.info("memory")
    return MemoryUse(int(memory["used_memory"]), limit_of(max_bytes, int(memory["maxmemory"])))


def limit_of(max_bytes: int, maxmemory: int) -> int:
    """Return how many bytes Redis may take: what is set, at most nine tenths of maxmemory, else three quarters."""
    if not max_bytes:
        return int(maxmemory * SHARE_OF_MAXMEMORY)
    return min(max_bytes, int(maxmemory * MAX_SHARE_OF_MAXMEMORY)) if maxmemory else max_bytes
