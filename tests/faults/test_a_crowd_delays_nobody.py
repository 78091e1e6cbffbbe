"""One application floods at many times what the workers can write; another's hits are stored before the crowd's.

How many seconds that takes is the machine's affair (`docs/operations.md` has a figure); whom a hit overtakes is ours.
"""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import pytest

from tests.support.queued_hits import NOON, define, entry_of, hit_of, rows
from tests.support.waiting import PATIENCE, wait_until
from tracker.application import Application
from tracker.management import applications
from tracker.parameter_limits import MAX_DEFINITIONS
from tracker.queueing import adding, wakeup
from tracker.queueing.accept_command import Offer
from tracker.queueing.connection import Connection
from tracker.queueing.entry import IMPORT_PRIORITY, Entry
from tracker.queueing.inspection import depths
from tracker.queueing.producer import Producer
from tracker.store.database import Database

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).resolve().parents[2]
PATIENT_SECONDS = 20.0
"""Within a tenth of it, operations says, on a machine that does nothing else."""
EVERY = 0.04
HITS = 200

MakeHits = Callable[[Application, int, int], list[Entry]]


def of_a_kind(**columns: Any) -> MakeHits:
    return lambda application, first, many: [
        entry_of(hit_of(application, number, created_at=NOON, **columns)) for number in range(first, first + many)
    ]


def long_ones(application: Application, first: int, many: int) -> list[Entry]:
    """Hits of 57 KB, no two with the same values."""
    return [
        entry_of(
            hit_of(
                application, n, created_at=NOON, custom_params={f"k{i}": f"{n}-{i}-" + "é" * 1000 for i in range(28)}
            )
        )
        for n in range(first, first + many)
    ]


def with_all_parameters(application: Application, first: int, many: int) -> list[Entry]:
    return [
        entry_of(
            hit_of(application, n, created_at=NOON, custom_params={f"p{i:03}": f"{n}" for i in range(MAX_DEFINITIONS)})
        )
        for n in range(first, first + many)
    ]


FLOODS: dict[str, tuple[MakeHits, int, int]] = {
    "ordinary hits": (of_a_kind(), 1, 1000),
    "ordinary hits of five applications": (of_a_kind(), 5, 1000),
    "hits of 57 KB": (long_ones, 1, 50),
    "hits with all the parameters that may be defined": (with_all_parameters, 1, 100),
    "hits that PostgreSQL refuses": (of_a_kind(ip_address="nonsense"), 1, 1000),
    "hits for a month that is not there": (
        lambda application, first, many: [
            entry_of(hit_of(application, n, created_at=NOON.replace(year=1999, day=1)))
            for n in range(first, first + many)
        ],
        1,
        1000,
    ),
}


@contextmanager
def running_workers(environment: dict[str, str], workers: int = 1) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "worker.py", "--workers", str(workers)],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


class Flood:
    """Keeps many hits of some applications waiting, whatever the workers write."""

    def __init__(self, redis: Connection, senders: list[Application], make: MakeHits, at_once: int) -> None:
        self._redis, self._senders, self._make, self._at_once = redis, senders, make, at_once
        self._producer = Producer(redis, queue_limit=10_000_000)
        self._numbers = itertools.count(1, at_once)
        self.sent = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        for _ in range(20):
            self.send()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def send(self) -> None:
        for sender in self._senders:
            self._producer.enqueue(
                Offer(sender, self._make(sender, next(self._numbers), self._at_once), NOON, is_limited=False)
            )
            self.sent += self._at_once

    def _run(self) -> None:
        while not self._is_over.is_set():
            if waiting(self._redis) < 20 * self._at_once * len(self._senders):
                self.send()
            else:
                time.sleep(0.02)


def waiting(redis: Connection) -> int:
    return sum(depth.waiting + depth.pending for depth in depths(redis))


def is_worked_on(redis: Connection) -> bool:
    return any(depth.pending for depth in depths(redis))


def another(database: Database, name: str) -> Application:
    return applications.create(database, name=name, app_id=name, rate_limit=1_000_000)[0]


@dataclass
class Sent:
    """A hit of the application that sends few: when it was sent, and what the crowd had waiting and behind it then."""

    at: float
    waiting: int
    behind: int
    took: float = 0.0
    passed: int = 0
    """How many of the crowd's hits left the queue before it was stored."""


def delays(redis: Connection, database: Database, victim: Application, flood: Flood) -> list[Sent]:
    """Send hits of an application, one after the other, and look how long each takes until it is stored."""
    producer = Producer(redis, queue_limit=10_000_000)
    under_way: dict[int, Sent] = {}
    stored: list[Sent] = []
    query = "SELECT id FROM access_logs WHERE application_id = %s AND id = ANY(%s)"

    def look() -> None:
        for (number,) in rows(database, query, victim.id, list(under_way)):
            hit = under_way.pop(number)
            hit.took, hit.passed = time.monotonic() - hit.at, flood.sent - waiting(redis) - hit.behind
            stored.append(hit)

    for number in range(10_000_000, 10_000_000 + HITS):
        left = waiting(redis)
        under_way[number] = hit = Sent(at=time.monotonic(), waiting=left, behind=flood.sent - left)
        if producer.enqueue(
            Offer(victim, [entry_of(hit_of(victim, number, created_at=NOON))], NOON, is_limited=False)
        ).wake_up_due:
            wakeup.wake_worker(redis, "tracker", drain_seconds=20)
        look()
        time.sleep(max(0.0, hit.at + EVERY - time.monotonic()))
    wait_until(lambda: look() or not under_way)
    return stored


def demand_overtaken(sent: list[Sent]) -> None:
    """Demand that each hit was stored before half of what waited when it was sent, and in a bearable time."""
    assert len(sent) == HITS
    slowest = sorted(sent, key=lambda hit: hit.took)[-20:]
    assert all(hit.passed < hit.waiting / 2 for hit in sent), slowest
    assert slowest[-1].took < PATIENT_SECONDS, slowest


@pytest.mark.long
@pytest.mark.parametrize("flood", FLOODS)
def test_another_applications_hits_overtake_the_crowd(
    flood: str, redis: Connection, database: Database, application: Application, environment: dict[str, str]
) -> None:
    make, crowds, at_once = FLOODS[flood]
    senders = [application, *(another(database, f"crowd-{number}") for number in range(1, crowds))]
    victim = another(database, f"victim-{uuid4().hex[:6]}")
    if make is with_all_parameters:
        for number in range(MAX_DEFINITIONS):
            define(database, application, f"p{number:03}", "string")
    with Flood(redis, senders, make, at_once) as crowd, running_workers(environment):
        wait_until(lambda: is_worked_on(redis))
        sent = delays(redis, database, victim, crowd)
        assert waiting(redis) > at_once, "the flood was no flood"
    demand_overtaken(sent)


@pytest.mark.long
def test_an_import_holds_nobody_up_and_is_held_up_by_nobody(
    redis: Connection, database: Database, application: Application, environment: dict[str, str]
) -> None:
    victim, crowd = another(database, "victim"), another(database, "crowd")
    history = [
        entry_of(hit_of(application, n, created_at=NOON), priority=IMPORT_PRIORITY)
        for n in range(20_000_001, 20_020_001)
    ]
    adding.add(redis, history)
    with Flood(redis, [crowd], of_a_kind(), 1000) as flood, running_workers(environment):
        wait_until(lambda: is_worked_on(redis))
        sent = delays(redis, database, victim, flood)
        ((imported,),) = rows(database, "SELECT count(*) FROM access_logs WHERE application_id = %s", application.id)
    demand_overtaken(sent)
    assert imported > 100
