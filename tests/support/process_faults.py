"""What becomes of the processes while hits come (`under_load`)."""

import os
import resource
import signal
import time
from datetime import UTC, datetime
from functools import partial

from tests.support import wrong_clocks
from tests.support.command_line import tracker
from tests.support.ledger import offer
from tests.support.queued_hits import entry_of, hit_of, rows
from tests.support.under_load import FAULT_SECONDS, Fault
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.queueing import ledger_counts

OUT_OF_MEMORY = ("MemoryError", "Cannot allocate memory", "ut of memory")
POISON = "not an address"
BATCH = 100
POISON_SECONDS = 180.0
"""A busy machine halves a hundred batches for as long."""
ROOM = 5000
"""How many hits may wait before more are offered."""
CLOCKS = ("+100d", "-100d")


def one_receiver_killed(world: World) -> str:
    """Of two, which share a port: the other one goes on, and the killed one is started again."""
    started = world.installation.receivers()
    os.kill(started[0], signal.SIGKILL)
    wait_until(lambda: len(set(world.installation.receivers()) - set(started)) == 1)
    return "another process has taken its place"


def leading_scheduler_killed(world: World) -> str:
    """Of two, one has the lease: the other one takes it. The killed one is started again."""
    leads = "SELECT owner FROM leases WHERE name = 'scheduler' AND expires_at > clock_timestamp()"
    wait_until(lambda: rows(world.database, leads))
    ((before,),) = rows(world.database, leads)
    os.kill(int(before.split(":")[1]), signal.SIGKILL)
    wait_until(lambda: [owner for (owner,) in rows(world.database, leads)] not in ([], [before]))
    ((after,),) = rows(world.database, leads)
    world.revive()
    return f"the lease went from process {before.split(':')[1]} to {after.split(':')[1]}"


def workers_out_of_memory(world: World) -> str:
    """No process of the workers may have more memory: what allocates fails, with long hits to be written."""
    before = world.installation.times_said(*OUT_OF_MEMORY)
    _limit_data(world, 1)
    try:
        long = {"text": "x" * 50_000}
        hits = [hit_of(world.application, world.number(), custom_params=long) for _ in range(300)]
        offer(world.redis, world.application, *(entry_of(hit, created_at=datetime.now(UTC)) for hit in hits))
        wait_until(lambda: world.installation.times_said(*OUT_OF_MEMORY) > before)
    finally:
        _limit_data(world, resource.RLIM_INFINITY)
        world.revive()
    wait_until(lambda: rows(world.database, "SELECT 1 FROM access_logs WHERE id = %s", hits[-1].id))
    return f"{world.installation.times_said(*OUT_OF_MEMORY) - before} times said to be out of memory"


def _limit_data(world: World, limit: int) -> None:
    """Parents first, and again: what they fork meanwhile has their limit."""
    for _ in range(3):
        for pid in world.installation.processes_of("worker.py"):
            try:
                # Of the address space much is reserved, and could be used within its limit.
                resource.prlimit(pid, resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
            except ProcessLookupError:
                continue


def poisoned(world: World) -> str:
    """In each hundred of 10,000 hits one that PostgreSQL refuses, at another place each time."""
    numbers = [[world.number() for _ in range(BATCH)] for _ in range(BATCH)]
    for place, batch in enumerate(numbers):
        wait_until(lambda: ledger_counts.look(world.redis).waiting < ROOM)
        hits = [
            hit_of(world.application, number, ip_address=POISON if at == place else None)
            for at, number in enumerate(batch)
        ]
        offer(world.redis, world.application, *(entry_of(hit, created_at=datetime.now(UTC)) for hit in hits))
    failed = "SELECT count(*) FROM batch_queue WHERE status = 'failed'"
    wait_until(lambda: rows(world.database, failed) == [(BATCH,)], POISON_SECONDS)
    good = [number for place, batch in enumerate(numbers) for at, number in enumerate(batch) if at != place]
    stored = "SELECT count(*) FROM access_logs WHERE id = ANY (%s)"
    wait_until(lambda: rows(world.database, stored, good) == [(len(good),)])
    given_up = tracker(world.settings, "queue", "discard", "--all", "--yes")
    assert given_up.status == 0, given_up.errors
    return f"{BATCH} refused by PostgreSQL, {len(good):,} beside them stored"


def clock_is_wrong(program: str, world: World) -> str:
    """A program's clock is months ahead, then months behind; hits are dated right all the same."""
    if program == "scheduler.py":
        world.second_scheduler.kill()  # It would go on leading.
    for offset in CLOCKS:
        before = world.installation.times_said("clock is wrong")
        world.installation.replace(program, **wrong_clocks.by(offset))
        wait_until(lambda before=before: world.installation.times_said("clock is wrong") > before)  # type: ignore[misc]
        time.sleep(FAULT_SECONDS)
        world.installation.replace(program)
        time.sleep(FAULT_SECONDS / 2)
    world.revive()
    odd = "SELECT count(*) FROM access_logs WHERE abs(extract(EPOCH FROM now() - created_at)) > 86400"
    assert rows(world.database, odd) == [(0,)]
    return f"it said so at {' and '.join(CLOCKS)}"


PROCESS_FAULTS: dict[str, Fault] = {
    "one of two receivers killed": one_receiver_killed,
    "the leading of two schedulers killed": leading_scheduler_killed,
    "workers out of memory": workers_out_of_memory,
    "a poison hit in each hundred": poisoned,
    **{
        f"clock of {what} ahead, then behind": partial(clock_is_wrong, program)
        for what, program in (("receivers", "server"), ("workers", "worker.py"), ("scheduler", "scheduler.py"))
    },
}
