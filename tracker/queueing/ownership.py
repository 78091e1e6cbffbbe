"""Whose this Redis is, and who works with it: two keys beside the streams. What they say is JSON of the caller's."""

from typing import Any, Final

from tracker.queueing.connection import ClusterClient, Connection, script, translated
from tracker.queueing.consumer import RETRIES
from tracker.queueing.overflow import all_streams
from tracker.queueing.shards import shards_of

OWNER: Final = "tracker:instance"
PROCESSES: Final = "tracker:processes"


def owner(redis: Connection) -> bytes | None:
    """Return what is said of whose it is; None where nothing is. Raises QueueUnavailable."""
    with translated():
        said: Any = redis.get(OWNER)
    return None if said is None else bytes(said)


def take(redis: Connection, claim: bytes, *, although_hits_wait: bool) -> bytes | None:
    """Say whose it is unless that is known; what is said now, or None where hits of nobody known wait.

    Of two that come at once the first one counts. Raises QueueUnavailable.
    """
    with translated():
        for shard in shards_of(redis) if isinstance(redis, ClusterClient) else ():
            # What waits in other slots cannot be looked at in the same step.
            if not although_hits_wait and _is_any_waiting(shard):
                return owner(redis)
        keys = [OWNER, *all_streams(redis), RETRIES]
        said: Any = script(redis, "take_queue")(keys=keys, args=[claim, int(although_hits_wait)])
    return None if said is None else bytes(said)


def _is_any_waiting(shard: Connection) -> bool:
    return bool(shard.zcard(RETRIES) or any(shard.xlen(stream) for stream in all_streams(shard)))


def overwrite(redis: Connection, claim: bytes) -> None:
    """Say whose it is, whatever was said before: an operator's word. Raises QueueUnavailable."""
    with translated():
        redis.set(OWNER, claim)


def note_process(redis: Connection, name: str, about: bytes) -> None:
    """Note that a process is there, by Redis's clock. Raises QueueUnavailable."""
    with translated():
        script(redis, "note_process")(keys=[PROCESSES], args=[name, about])


def processes(redis: Connection, *, seconds: float) -> dict[str, bytes]:
    """Return what each process that has spoken in the last `seconds` said of itself. Raises QueueUnavailable."""
    with translated():
        now = redis.time()[0]
        noted: Any = redis.hgetall(PROCESSES)
    alive = {}
    for name, text in noted.items():
        seen, _, about = text.partition(b" ")
        if seen.isdigit() and now - int(seen) <= seconds:
            alive[name.decode(errors="replace")] = about
    return alive
