"""What becomes of Redis while hits come (`under_load`)."""

import contextlib
import os
import signal
import threading
import time

import redis
from redis import Redis

from tests.support.command_line import tracker
from tests.support.ledger import look
from tests.support.serving import free_port
from tests.support.under_load import FAULT_SECONDS, Fault
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.embedded import Valkey


def streams(world: World) -> list[bytes]:
    """In which hits wait, those of single applications too."""
    return list(world.redis.scan_iter("tracker:hits:*", _type="stream"))


def refusals(world: World, code: str) -> int:
    """How often Redis has answered so."""
    return int(world.redis.info("errorstats").get(f"errorstat_{code}", {}).get("count", 0))


def killed(world: World) -> str:
    with Redis.from_url(world.valkey.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not world.valkey.running)
    time.sleep(FAULT_SECONDS / 2)
    world.valkey.stop()
    world.valkey.start()
    return f"process {pid} is gone"


def full(world: World) -> str:
    before = refusals(world, "OOM")
    world.redis.config_set("maxmemory", "1")
    try:
        time.sleep(FAULT_SECONDS)
    finally:
        world.redis.config_set("maxmemory", "0")
    refused = refusals(world, "OOM") - before
    assert refused
    return f"{refused} OOM answered"


def demoted(world: World) -> str:
    """It becomes the replica of a server that is not there, and keeps its connections."""
    before = refusals(world, "READONLY")
    world.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        time.sleep(FAULT_SECONDS)
        refused = refusals(world, "READONLY") - before
    finally:
        world.redis.execute_command("REPLICAOF", "NO", "ONE")
    assert refused
    return f"{refused} READONLY answered"


def replica_promoted(world: World) -> str:
    """FAILOVER makes a replica the primary, the name moves to it; the old one keeps its connections."""
    new = world.stack.enter_context(Valkey(world.folder / f"valkey-{world.number()}"))
    with Redis.from_url(world.valkey.url) as old, Redis.from_url(new.url) as replica:
        for server in (old, replica):
            if server.config_get("port")["port"] == "0":
                server.config_set("bind", "127.0.0.1")
                server.config_set("port", free_port())
        replica.replicaof("127.0.0.1", old.config_get("port")["port"])
        wait_until(lambda: replica.info("replication").get("master_link_status") == "up")
        time.sleep(0.5)
        old.execute_command("FAILOVER", "TO", "127.0.0.1", replica.config_get("port")["port"])
        wait_until(lambda: replica.info("replication")["role"] == "master")
        world.use_redis(new)
        time.sleep(FAULT_SECONDS)
        refused = int(old.info("errorstats").get("errorstat_READONLY", {}).get("count", 0))
    return f"the old one is a replica and answered READONLY {refused} times"


def scripts_flushed(world: World) -> str:
    before = refusals(world, "NOSCRIPT")
    world.redis.script_flush()
    wait_until(lambda: refusals(world, "NOSCRIPT") > before)
    return f"{refusals(world, 'NOSCRIPT') - before} NOSCRIPT answered"


def busy(world: World) -> str:
    """A script without an end keeps it busy, until somebody kills the script."""
    before = refusals(world, "BUSY")
    world.redis.config_set("busy-reply-threshold", 100)

    def run() -> None:
        with Redis.from_url(world.valkey.url, socket_timeout=60) as client, contextlib.suppress(redis.ResponseError):
            client.eval("while true do end", 0)

    script = threading.Thread(target=run)
    script.start()
    time.sleep(FAULT_SECONDS)
    with Redis.from_url(world.valkey.url) as client:
        client.execute_command("SCRIPT", "KILL")
    script.join()
    world.redis.config_set("busy-reply-threshold", 5000)
    refused = refusals(world, "BUSY") - before
    assert refused
    return f"{refused} BUSY answered"


def evicting(world: World) -> str:
    """Its policy may throw hits away, and is set while everything runs: who starts refuses, and doctor complains."""
    world.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        time.sleep(FAULT_SECONDS)
        worker = tracker(world.settings, "worker", "--burst")
        doctor = tracker(world.settings, "doctor", "--json")
    finally:
        world.redis.config_set("maxmemory-policy", "noeviction")
    assert worker.status != 0
    assert "allkeys-lru" in worker.errors
    assert doctor.status != 0
    assert "allkeys-lru" in doctor.output
    return "a worker would not start, doctor said it"


def lost_its_data(world: World) -> str:
    """It loses everything while hits wait in it: these are gone, and the ledger says since when it is uncertain."""
    known = len(look(world.database, world.redis).uncertain_since)
    workers = world.installation.processes_of("worker.py")
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: sum(world.redis.xlen(stream) for stream in streams(world)) > 50)
    there_are = streams(world)
    with world.redis.pipeline(transaction=True) as pipeline:
        for stream in there_are:
            pipeline.xlen(stream)
        pipeline.flushall()
        *waited, _ = pipeline.execute()
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    world.may_be_lost += sum(waited)
    wait_until(lambda: len(look(world.database, world.redis).uncertain_since) > known)
    world.accepts_losses = True
    return f"{sum(waited)} waited in it; the ledger is marked"


REDIS_FAULTS: dict[str, Fault] = {
    "redis killed, with its append-only file": killed,
    "redis full": full,
    "redis demoted to a replica": demoted,
    "redis fails over to its replica": replica_promoted,
    "redis' scripts flushed": scripts_flushed,
    "redis busy with a script": busy,
    "redis gets an evicting policy": evicting,
    "redis loses its data with hits waiting in it": lost_its_data,
}
