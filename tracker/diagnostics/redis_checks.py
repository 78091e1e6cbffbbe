"""Whether Redis is as the product needs it: what it acknowledged must stay until a worker has stored it."""

from collections.abc import Sequence

from tracker.diagnostics.finding import Finding, Level, graded, megabytes
from tracker.errors import TrackerError
from tracker.queueing import server_facts
from tracker.queueing.cluster import Node
from tracker.queueing.connection import Connection
from tracker.queueing.memory import MAX_SHARE_OF_MAXMEMORY, limit_of
from tracker.queueing.sentinel import SentinelView
from tracker.queueing.server_facts import AOF_WRITE, NO_EVICTION, ServerFacts

_SENTINELS = "Sentinels"
OLDEST = (6, 2)
"""XAUTOCLAIM, with which the work of a dead worker is taken over, came with Redis 6.2."""


def reach(redis: Connection) -> tuple[Finding, ServerFacts | None]:
    """Return whether the server answers, and what it says."""
    try:
        facts = server_facts.server_facts(redis)
    except TrackerError as error:
        return Finding("Redis", "fail", str(error), "See that REDIS_URL is right and that the server runs."), None
    if facts.version < OLDEST:
        return Finding("Redis", "fail", facts.name, "Use Redis 6.2 or newer, or Valkey."), facts
    if facts.is_replica:
        return Finding("Redis", "fail", f"{facts.name}, a replica", "Point REDIS_URL at the primary."), facts
    return Finding("Redis", "ok", f"{facts.name} answers"), facts


def about_writing(redis: Connection) -> Finding:
    """Return whether the server takes writes: a key is written."""
    try:
        server_facts.write(redis)
    except TrackerError as error:
        to_do = "Until it takes writes again, hits go into batch_queue or are answered with 503."
        return Finding("Redis writable", "fail", str(error), to_do)
    return Finding("Redis writable", "ok", "a key was written")


def about_sentinels(views: Sequence[SentinelView]) -> list[Finding]:
    """Return whether the Sentinels answer, agree, and could replace the primary; nothing where there are none."""
    if not views:
        return []
    to_do = "See that each runs and reaches the others: the primary is replaced only where most of them agree."
    named = {view.primary for view in views if view.primary is not None}
    if len(named) > 1:
        seen = "; ".join(f"{view.name} names {_place(view.primary)}" for view in views)
        return [Finding(_SENTINELS, "fail", seen, to_do)]
    if wrong := [view for view in views if view.problem is not None]:
        level: Level = "warn" if len(wrong) * 2 < len(views) else "fail"
        seen = "; ".join(f"{view.name}: {view.problem}" for view in wrong)
        return [Finding(_SENTINELS, level, seen, to_do)]
    return [Finding(_SENTINELS, "ok", f"{len(views)} name {_place(views[0].primary)}")]


def about_cluster(nodes: Sequence[Node]) -> list[Finding]:
    """Return whether each node that has slots lives and has a replica that could take its place."""
    check = "cluster of Redis"
    living = [node for node in nodes if not node.has_failed]
    owners = [node for node in nodes if node.slots]
    if failed := [_place(node.address) for node in owners if node.has_failed]:
        to_do = "Start it again, or CLUSTER FAILOVER TAKEOVER at its replica; hits go into batch_queue meanwhile."
        return [Finding(check, "fail", f"{', '.join(failed)} has slots and has failed", to_do)]
    followed = {node.follows for node in living}
    if alone := [_place(node.address) for node in owners if node.id not in followed]:
        to_do = "Give it one (CLUSTER REPLICATE): without it the whole cluster stands still when this node ends."
        return [Finding(check, "warn", f"{', '.join(alone)} has no replica that lives", to_do)]
    return [Finding(check, "ok", f"{len(owners)} nodes have the slots, and each has a replica")]


def _place(address: tuple[str, int] | None) -> str:
    return "nothing" if address is None else f"{address[0]}:{address[1]}"


def about_server(facts: ServerFacts, *, max_bytes: int) -> list[Finding]:
    """Eviction, persistence, memory; `max_bytes` is TRACKER_QUEUE_MAX_BYTES."""
    return [_eviction(facts), _append_only(facts), _persistence(facts), _memory(facts, max_bytes)]


def _eviction(facts: ServerFacts) -> Finding:
    check = "eviction policy of Redis"
    if facts.eviction_policy == NO_EVICTION:
        return Finding(check, "ok", facts.eviction_policy)
    return Finding(check, "fail", facts.eviction_policy, "Set maxmemory-policy noeviction: another throws hits away.")


def _append_only(facts: ServerFacts) -> Finding:
    check = "append-only file of Redis"
    if facts.append_only:
        return Finding(check, "ok", "on")
    return Finding(check, "fail", "off", "Set appendonly yes: without it a restart of Redis loses accepted hits.")


def _persistence(facts: ServerFacts) -> Finding:
    check = "persistence of Redis"
    if not facts.persistence_errors:
        return Finding(check, "ok", "the last writes succeeded")
    to_do = "See Redis's log and its disk."
    if AOF_WRITE in facts.persistence_errors:
        to_do += " Do not stop Redis before it is ok again: what it answered last is in its memory alone."
    return Finding(check, "fail", f"failed: {', '.join(facts.persistence_errors)}", to_do)


def _memory(facts: ServerFacts, max_bytes: int) -> Finding:
    check = "memory of Redis"
    for_hits = limit_of(max_bytes, facts.memory_limit)
    limit = for_hits or facts.machine_memory
    if not limit:
        return Finding(check, "ok", f"{megabytes(facts.used_memory)} used, the limit is not known")
    if max_bytes > limit:
        seen = f"TRACKER_QUEUE_MAX_BYTES is above {MAX_SHARE_OF_MAXMEMORY:.0%} of maxmemory, which counts instead"
        return Finding(check, "warn", seen, "Raise maxmemory, or lower TRACKER_QUEUE_MAX_BYTES.")
    of_what = "what hits may take" if for_hits else "the machine's memory"
    return graded(
        check,
        facts.used_memory / limit,
        f"{megabytes(facts.used_memory)} of {of_what}, {megabytes(limit)}",
        "See that workers keep up (`python -m tracker queue status`), or raise TRACKER_QUEUE_MAX_BYTES and maxmemory.",
        warn_above=0.7,
        fail_above=0.9,
    )
