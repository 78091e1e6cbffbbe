"""A whole installation under load, and what became of the load: for tests of faults."""

import http.client
import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson
import psutil
import psycopg

from tests.support.command_line import PROJECT, environment, tracker
from tests.support.ledger import look
from tests.support.queued_hits import rows
from tests.support.running import Running
from tests.support.serving import Serving
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.hit import identity_of
from tracker.ledger.balance import Balance
from tracker.queueing.connection import Connection
from tracker.store.database import Database

EVERY = 0.01
"""Seconds between two hits of a sender."""
_HAS_STARTED = {"worker.py": "workers start", "scheduler.py": "scheduler starts"}


@dataclass
class Sender:
    """Sends hits one after the other, and keeps which of them were acknowledged."""

    port: int
    name: str = "load"
    sent: int = 0
    acknowledged: list[UUID] = field(default_factory=list)
    longest_silence: float = 0.0
    host: str = "127.0.0.1"
    app_id: str = "shop"

    def run(self, is_over: threading.Event) -> None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        heard = time.monotonic()
        while not is_over.is_set():
            body = orjson.dumps(
                {"app_id": self.app_id, "url": f"https://shop.example/{self.name}/{self.sent}", "session_id": "s"}
            )
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

    def __init__(self, settings: Settings, folder: Path, receivers: int = 1, checkout: Path = PROJECT) -> None:
        """`checkout` has the code that runs."""
        self._settings, self._folder, self._started, self._receivers = settings, folder, 0, receivers
        self._checkout = checkout
        self._variables: dict[str, Mapping[str, str]] = {}
        serve = ["-m", "tracker", "serve", "--port", "PORT", "--workers", str(receivers)]
        self._server = Serving(serve, environment(settings), folder, processes=receivers, checkout=checkout)
        self.port = self._server.port
        self._serve = [str(self.port) if part == "PORT" else part for part in serve]
        self._programs = {name: self._start(name) for name in ("worker.py", "scheduler.py")}
        self._server.wait_until_live()

    def processes_of(self, program: str) -> list[int]:
        """The numbers of a program's process and of all below it."""
        parent = self._programs[program].process.pid
        return [parent, *self._children(parent)]

    def receivers(self) -> list[int]:
        return self._children(self._server.process.pid, recursive=False)

    def times_said(self, *words: str) -> int:
        """How often the programs have logged any of these words."""
        logs = [log.read_text(errors="replace") for log in self._folder.glob("*.log")]
        return sum(log.count(word) for log in logs for word in words)

    def _start(self, program: str) -> Running:
        self._started += 1
        options = ["--workers", "2"] if program == "worker.py" else []
        given = {"PYTHONPATH": str(self._checkout), **self._variables.get(program, {})}
        variables = environment(self._settings, TRACKER_DRAIN_SECONDS="5", **given)
        log = self._folder / f"{self._started}-{program}.log"
        place = program if self._checkout == PROJECT else str(self._checkout / program)
        return Running([place, *options], variables, log)

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

    def replace(self, what: str, checkout: Path = PROJECT, **variables: str) -> None:
        """End the receivers (`server`), or a program, as an operator does; start them by a checkout, with variables."""
        self._checkout = checkout
        self._variables[what] = variables
        if what == "server":
            assert self._server.terminate() == 0
            self._serve_again()
            self._server.wait_until_live()
        else:
            assert self._programs[what].stop() == 0
            self._programs[what] = started = self._start(what)
            wait_until(lambda: started.said(_HAS_STARTED[what]))

    def _serve_again(self) -> None:
        variables = environment(self._settings, **self._variables.get("server", {}))
        count = self._receivers
        self._server = Serving(self._serve, variables, self._folder, processes=count, checkout=self._checkout)
        self._server.port = self.port

    def revive(self) -> None:
        """Start what does not run."""
        if self._server.process.poll() is not None:
            self._serve_again()
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
        candidates = [child for parent in first for child in self._children(parent)] if deep else first
        if candidates:
            self._kill(choose.choice(sorted(candidates)))


@contextmanager
def installation(
    settings: Settings, folder: Path, receivers: int = 1, checkout: Path = PROJECT
) -> Iterator[Installation]:
    started = Installation(settings, folder, receivers, checkout)
    try:
        yield started
    finally:
        started.close()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of what was sent."""

    fault: str
    times: int
    sent: int
    acknowledged: int
    stored: int
    lost: int
    doubled: int
    silence: float
    balance: Balance

    def demand_sound(self, settings: Settings, *, lost: int = 0) -> None:
        """Demand that nothing acknowledged is lost, nothing is there twice, the ledger balances, `stats verify` agrees.

        `lost` is what may be lost at most.
        """
        assert self.acknowledged
        assert self.lost <= lost, self
        assert self.doubled == 0, self
        assert self.acknowledged - self.lost <= self.stored <= self.sent, self
        assert (self.balance.lost, self.balance.surplus, self.balance.failed) == (0, 0, 0), self
        verified = tracker(settings, "stats", "verify", "--json")
        assert (verified.status, verified.json["differences"]) == (0, [])


def outcome(fault: str, times: int, sender: Sender, database: Database, redis: Connection) -> Outcome:
    """Wait until nothing waits any more, and count what this sender has sent."""
    wait_until(lambda: look(database, redis).waiting == 0, 90)
    urls = f"https://shop.example/{sender.name}/%"
    stored = [row for (row,) in rows(database, "SELECT id FROM access_logs WHERE url LIKE %s", urls)]
    acknowledged = {identity_of(tracking_id)[0] for tracking_id in sender.acknowledged}
    return Outcome(
        fault=fault,
        times=times,
        sent=sender.sent,
        acknowledged=len(sender.acknowledged),
        stored=len(stored),
        lost=len(acknowledged - set(stored)),
        doubled=len(stored) - len(set(stored)) + len(sender.acknowledged) - len(acknowledged),
        silence=sender.longest_silence,
        balance=look(database, redis),
    )


BACK_SECONDS = 10.0
"""After a fault's end a hit has to be acknowledged and stored by then."""


def seconds_until_back(sender: Sender, database: Database, patience: float = BACK_SECONDS) -> float:
    """Wait until a hit that was sent from now on is acknowledged and stored; how long that took."""
    began = time.monotonic()
    known = len(sender.acknowledged)
    wait_until(lambda: len(sender.acknowledged) > known + 1, patience)
    first = identity_of(sender.acknowledged[known + 1])[0]
    left = patience - (time.monotonic() - began)
    wait_until(lambda: rows(database, "SELECT 1 FROM access_logs WHERE id = %s", first), left)
    return time.monotonic() - began


@contextmanager
def sending(port: int, name: str = "load") -> Iterator[Sender]:
    """A sender that has been acknowledged some hits, until the block ends."""
    sender, is_over = Sender(port, name), threading.Event()
    thread = threading.Thread(target=sender.run, args=[is_over])
    thread.start()
    try:
        wait_until(lambda: len(sender.acknowledged) > 5)
        yield sender
    finally:
        is_over.set()
        thread.join()
