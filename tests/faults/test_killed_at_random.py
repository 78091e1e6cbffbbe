"""kill -9 of anything in any order, while hits come: nothing acknowledged is lost, nothing is stored twice.

Each run is repeatable by its seed: `FAULT_SEED=7 FAULT_COUNT=200 make faults ARGS="-k at_random"`.
"""

import http.client
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson
import psutil
import psycopg
import pytest

from tests.support.command_line import environment, tracker
from tests.support.queued_hits import rows
from tests.support.running import Running
from tests.support.serving import Serving
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.hit import identity_of
from tracker.ledger import balance as ledger_balance
from tracker.ledger.balance import Balance
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database

SEED = int(os.environ.get("FAULT_SEED", "1"))
COUNT = int(os.environ.get("FAULT_COUNT", "0"))
BETWEEN = (0.1, 1.2)
"""Seconds between two faults."""
EVERY = 0.01
HITS_BETWEEN = 20
"""Hits that are acknowledged after a fault before the next one: receivers are back."""
FAULTS = (
    "receiver",
    "server",
    "workers",
    "worker",
    "job",
    "scheduler",
    "connections of postgresql",
    "clients of redis",
)


@dataclass
class Sender:
    """Sends hits one after the other, and keeps which of them were acknowledged."""

    port: int
    sent: int = 0
    acknowledged: list[UUID] = field(default_factory=list)
    longest_silence: float = 0.0

    def run(self, is_over: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        heard = time.monotonic()
        while not is_over.is_set():
            body = orjson.dumps({"app_id": "shop", "url": f"https://shop.example/{self.sent}", "session_id": "s"})
            self.sent += 1
            try:
                connection.request("POST", "/v1/track", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                told = orjson.loads(answer.read())
            except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
                connection.close()
                time.sleep(0.02)
                continue
            if answer.status == 200:
                self.acknowledged.append(UUID(told["data"]["tracking_id"]))
                self.longest_silence = max(self.longest_silence, time.monotonic() - heard)
                heard = time.monotonic()
            time.sleep(EVERY)
        connection.close()


class Installation:
    """A receiver, two workers and a scheduler; whatever is killed is started again, as an operator's units do."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder, self._started = settings, folder, 0
        serve = ["-m", "tracker", "serve", "--port", "PORT", "--workers", "1"]
        self._server = Serving(serve, environment(settings), folder, processes=1)
        self.port = self._server.port
        self._serve = [str(self.port) if part == "PORT" else part for part in serve]
        self._programs = {name: self._start(name) for name in ("worker.py", "scheduler.py")}
        self._server.wait_until_live()

    def _start(self, program: str) -> Running:
        self._started += 1
        options = ["--workers", "2"] if program == "worker.py" else []
        variables = environment(self._settings, TRACKER_DRAIN_SECONDS="5")
        log = self._folder / f"{self._started}-{program}.log"
        return Running([sys.executable, program, *options], variables, log)

    def kill(self, what: str, choose: random.Random) -> None:
        """Kill one process, or do what is as bad; what is not there at the moment is left alone."""
        if what == "server":
            self._kill(self._server.process.pid)
        elif what == "receiver":
            self._kill_child(self._server.process.pid, choose, deep=False)
        elif what == "workers":
            self._kill(self._programs["worker.py"].process.pid)
        elif what in ("worker", "job"):
            self._kill_child(self._programs["worker.py"].process.pid, choose, deep=what == "job")
        elif what == "scheduler":
            self._kill(self._programs["scheduler.py"].process.pid)
        elif what == "connections of postgresql":
            with psycopg.connect(self._settings.database_url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        self.revive()

    def revive(self) -> None:
        """Start what does not run."""
        if self._server.process.poll() is not None:
            self._server = Serving(self._serve, environment(self._settings), self._folder, processes=1)
            self._server.port = self.port
        for name, program in self._programs.items():
            if program.process.poll() is not None:
                self._programs[name] = self._start(name)

    def close(self) -> None:
        for process in (self._server.process, *(program.process for program in self._programs.values())):
            children = self._children(process.pid)
            process.kill()
            process.wait()
            for child in children:
                self._kill(child)

    @staticmethod
    def _kill(pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    @staticmethod
    def _children(pid: int, *, recursive: bool = True) -> list[int]:
        try:
            return [child.pid for child in psutil.Process(pid).children(recursive=recursive)]
        except psutil.NoSuchProcess:
            return []

    def _kill_child(self, pid: int, choose: random.Random, *, deep: bool) -> None:
        first = self._children(pid, recursive=False)
        found = [child for each in first for child in self._children(each)] if deep else first
        if found:
            self._kill(choose.choice(sorted(found)))


@contextmanager
def installation(settings: Settings, folder: Path) -> Iterator[Installation]:
    started = Installation(settings, folder)
    try:
        yield started
    finally:
        started.close()


@pytest.mark.timeout(0 if COUNT else 240)
@pytest.mark.parametrize("faults", [COUNT] if COUNT else [8, pytest.param(60, marks=pytest.mark.long)])
def test_anything_is_killed_at_random_and_nothing_acknowledged_is_lost(
    faults: int, settings: Settings, redis: Connection, database: Database, tmp_path: Path
) -> None:
    applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
    choose = random.Random(SEED)
    is_over = threading.Event()
    with ExitStack() as stack:
        running = stack.enter_context(installation(settings, tmp_path))
        sender = Sender(running.port)
        thread = threading.Thread(target=sender.run, args=[is_over])
        thread.start()
        done: dict[str, int] = {}
        try:
            wait_until(lambda: sender.acknowledged)
            for _ in range(faults):
                time.sleep(choose.uniform(*BETWEEN))
                what = choose.choice(FAULTS)
                done[what] = done.get(what, 0) + 1
                if what == "clients of redis":
                    redis.client_kill_filter(_type="normal", skipme=True)
                running.kill(what, choose)
                expected = len(sender.acknowledged) + HITS_BETWEEN
                wait_until(lambda count=expected: len(sender.acknowledged) > count)  # type: ignore[misc]
        finally:
            is_over.set()
            thread.join()
        running.revive()
        mended = time.monotonic()
        wait_until(lambda: look(database, redis).waiting == 0, 90)
        back = time.monotonic() - mended
    found = look(database, redis)
    stored = {row for (row,) in rows(database, "SELECT id FROM access_logs")}
    acknowledged = {identity_of(tracking_id)[0] for tracking_id in sender.acknowledged}
    lost = acknowledged - stored
    sys.stdout.write(
        f"seed {SEED}: {faults} faults {done}, sent {sender.sent}, acknowledged {len(acknowledged)}, stored "
        f"{len(stored)}, lost {len(lost)}, doubled {len(sender.acknowledged) - len(acknowledged)}, "
        f"longest silence {sender.longest_silence:.1f} s, drained {back:.1f} s after the last fault; {found}\n"
    )
    assert len(done) > 3, "the faults bit"
    assert acknowledged
    assert lost == set()
    assert len(stored) <= sender.sent
    assert (found.lost, found.failed) == (0, 0)
    assert found.stored == len(stored)
    verified = tracker(settings, "stats", "verify", "--json")
    assert (verified.status, verified.json["differences"]) == (0, [])


def look(database: Database, redis: Connection) -> Balance:
    return ledger_balance.balance(database, redis, SystemClock(), sleep=time.sleep)
