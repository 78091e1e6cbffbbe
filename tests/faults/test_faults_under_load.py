"""Faults of servers and networks while hits come: nothing is lost or doubled, and all is back by itself in seconds.

One installation (two receivers, two workers, two schedulers) lives through all of them, one after the other; beside
each stands what shows that the fault bit.
"""

import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
import pytest
from redis import Redis

from tests.support.ledger import offer
from tests.support.links import TROUBLES, Trouble, link
from tests.support.load import outcome, seconds_until_back, sending
from tests.support.needed import need
from tests.support.poolers import pooler
from tests.support.queued_hits import entry_of, hit_of, rows
from tests.support.waiting import wait_until
from tests.support.world import World, a_world, door

SEED = int(os.environ.get("FAULT_SEED", "1"))
FAULT_SECONDS = 2.0
TIMES = 2
BACK_SECONDS = 10.0
"""After the fault's end a hit has to be acknowledged and stored by then."""
OUT_OF_MEMORY = ("MemoryError", "Cannot allocate memory", "out of memory")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with a_world(random.Random(SEED)) as opened:
        yield opened


Fault = Callable[[World], None]


@contextmanager
def stalled(world: World) -> Iterator[None]:
    """Nothing is stored until the block ends, whose fault bites thereby."""
    time.sleep(0.5)
    before = world.stored
    yield
    assert world.stored <= before + 300, "hits were stored all the same"


def spoilt_network(part: str, trouble: Trouble, world: World) -> None:
    spoilt = world.links[part]
    bitten = spoilt.bitten
    with spoilt.troubled(trouble):
        time.sleep(FAULT_SECONDS)
    assert spoilt.bitten > bitten, "the network was never used"


def packets_dropped(part: str, world: World) -> None:
    """The kernel forgets the connections there are, as a router does that was restarted."""
    need(world.may_drop_packets, "A network of the test's own needs `ip` (iproute2) and the right to make one: root.")
    spoilt = world.links[part]
    spoilt.drop_packets()
    time.sleep(FAULT_SECONDS)
    assert spoilt.packets_dropped, "no packet was dropped"


def takes_no_writes(world: World) -> None:
    world.sql("ALTER DATABASE tracker SET default_transaction_read_only = on")
    world.end_connections()
    try:
        with stalled(world):
            time.sleep(FAULT_SECONDS)
    finally:
        world.sql(
            "SET default_transaction_read_only = off", "ALTER DATABASE tracker RESET default_transaction_read_only"
        )
        world.end_connections()


def statements_time_out(world: World) -> None:
    world.sql("ALTER DATABASE tracker SET statement_timeout = '1ms'")
    world.end_connections()
    try:
        time.sleep(FAULT_SECONDS)
    finally:
        world.sql("ALTER DATABASE tracker RESET statement_timeout")
        world.end_connections()
    log = (world.postgres.folder / "postgres.log").read_text(errors="replace")
    assert "due to statement timeout" in log, "no statement was cut off"


def no_connection_left(world: World) -> None:
    """All that the server allows are taken, the ones that are reserved too."""
    held: list[psycopg.Connection[Any]] = []
    world.end_connections()
    try:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            held.extend(psycopg.connect(world.postgres.url) for _ in range(1000))
        time.sleep(FAULT_SECONDS)
    finally:
        for connection in held:
            connection.close()
    assert len(held) > 30


def deadlocked(world: World) -> None:
    """A worker waits for a session, and who has it wants the table into which that worker is writing."""
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'tracker'"
    before = rows(world.database, deadlocks)
    with psycopg.connect(world.postgres.url_of("tracker")) as other, psycopg.connect(world.postgres.url) as watching:
        other.execute("SELECT 1 FROM sessions WHERE session_id = 's' FOR UPDATE")
        watching.autocommit = True
        blocked = "SELECT 1 FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        wait_until(lambda: watching.execute(blocked, [other.info.backend_pid]).fetchone())
        try:
            other.execute("LOCK TABLE access_logs IN SHARE ROW EXCLUSIVE MODE")
        except psycopg.errors.DeadlockDetected:
            other.rollback()
    wait_until(lambda: rows(world.database, deadlocks) > before)


def postgresql_killed(world: World) -> None:
    pid = int((world.postgres.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not world.postgres.running)
    time.sleep(FAULT_SECONDS / 2)
    world.postgres.stop()
    world.postgres.start()


def redis_killed(world: World) -> None:
    with Redis.from_url(world.valkey.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not world.valkey.running)
    time.sleep(FAULT_SECONDS / 2)
    world.valkey.stop()
    world.valkey.start()


def redis_full(world: World) -> None:
    world.redis.config_set("maxmemory", "1")
    try:
        time.sleep(FAULT_SECONDS)
        assert world.redis.info("stats")["total_error_replies"] > 0
        assert b"OOM" in b" ".join(key.encode() for key in world.redis.info("errorstats"))
    finally:
        world.redis.config_set("maxmemory", "0")


def redis_demoted(world: World) -> None:
    """It becomes the replica of a server that is not there, and keeps its connections."""
    world.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        time.sleep(FAULT_SECONDS)
        assert world.redis.info("errorstats").get("errorstat_READONLY", {}).get("count", 0) > 0
    finally:
        world.redis.execute_command("REPLICAOF", "NO", "ONE")


def scripts_flushed(world: World) -> None:
    before = world.redis.info("errorstats").get("errorstat_NOSCRIPT", {}).get("count", 0)
    world.redis.script_flush()
    wait_until(lambda: world.redis.info("errorstats").get("errorstat_NOSCRIPT", {}).get("count", 0) > before)


def workers_out_of_memory(world: World) -> None:
    """No process of the workers may have more memory: what allocates fails, with long hits to be written."""
    failures = world.installation.times_said(*OUT_OF_MEMORY)
    for pid in world.installation.processes_of("worker.py"):
        resource.prlimit(pid, resource.RLIMIT_AS, (50_000_000, resource.RLIM_INFINITY))
    try:
        long = {"text": "x" * 50_000}
        hits = [hit_of(world.application, world.number(), custom_params=long) for _ in range(300)]
        offer(world.redis, world.application, *(entry_of(hit, created_at=datetime.now(UTC)) for hit in hits))
        wait_until(lambda: world.installation.times_said(*OUT_OF_MEMORY) > failures)
    finally:
        for pid in world.installation.processes_of("worker.py"):
            resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        world.installation.revive()
    wait_until(lambda: rows(world.database, "SELECT 1 FROM access_logs WHERE id = %s", hits[-1].id))


def pooler_between_killed(world: World) -> None:
    """PgBouncer in transaction mode stands between, is killed, and comes back."""
    way, direct = world.links["postgresql"], door(world.postgres)
    try:
        with link(direct, random.Random(SEED)) as behind:
            for _ in range(2):
                with pooler(f"host=127.0.0.1 port={behind.port} user=postgres") as between:
                    way.path = between.door
                    way.end_connections()
                    wait_until(between.has_served)
    finally:
        way.path = direct
        way.end_connections()


FAULTS: dict[str, Fault] = {
    **{
        f"network to {part}: {trouble}": partial(spoilt_network, part, trouble)
        for part in ("postgresql", "redis")
        for trouble in TROUBLES
    },
    **{
        f"network to {part}: half-open, packets dropped": partial(packets_dropped, part)
        for part in ("postgresql", "redis")
    },
    "postgresql takes no writes": takes_no_writes,
    "postgresql ends statements after 1 ms": statements_time_out,
    "postgresql has no connection left": no_connection_left,
    "a deadlock": deadlocked,
    "postgresql killed": postgresql_killed,
    "redis killed, with its append-only file": redis_killed,
    "redis full": redis_full,
    "redis demoted to a replica": redis_demoted,
    "redis' scripts flushed": scripts_flushed,
    "workers out of memory": workers_out_of_memory,
    "pgbouncer between, killed": pooler_between_killed,
}
IN_EVERY_RUN = {"network to postgresql: torn", "network to redis: silent", "a deadlock"}


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.long) for name in FAULTS]
)
def test_nothing_is_lost_and_all_is_back(fault: str, world: World) -> None:
    backs = []
    with sending(world.installation.port, fault.replace(" ", "-").replace(":", "")) as sender:
        for _ in range(TIMES):
            FAULTS[fault](world)
            backs.append(seconds_until_back(sender, world.database, BACK_SECONDS))
    for spoilt in world.links.values():
        spoilt.let_packets_pass()
    found = outcome(fault, TIMES, sender, world.database, world.redis)
    sys.stdout.write(f"back after {', '.join(f'{back:.1f} s' for back in backs)}\n")
    found.demand_sound(replace(world.settings, database_url=world.postgres.url_of("tracker")))
