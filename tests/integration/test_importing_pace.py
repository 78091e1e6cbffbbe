"""An import and the queue, where it needs that: it waits for the workers, says so, and makes each month before."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.queued_hits import claims_of, hit_of
from tracker.application import Application
from tracker.hit import Hit
from tracker.importing import paced_queue
from tracker.importing.formats import reader_of
from tracker.importing.kept_period import kept_since
from tracker.importing.paced_queue import PacedQueue
from tracker.importing.run import Import
from tracker.importing.source import Line
from tracker.importing.summary import Summary
from tracker.queueing.adding import bulk_waiting
from tracker.queueing.connection import Connection
from tracker.store.imports import TakenHits

MOST = 10


@pytest.fixture(autouse=True)
def _short_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced_queue, "MAX_WAITING", MOST)


def hits(application: Application, count: int) -> list[Hit]:
    return [hit_of(application, number) for number in range(1, count + 1)]


def queue_of(redis: Connection, clock: Any, pause: Callable[[float], None], told: list[str]) -> PacedQueue:
    wake = lambda: told.append("woken")  # noqa: E731 a word for it
    return PacedQueue(redis, wake=wake, tell=told.append, clock=clock, pause=pause, publish=lambda: None, max_retries=3)


def test_an_import_waits_while_the_queue_is_long(redis: Connection, clock: Any, application: Application) -> None:
    claims, told, lengths = claims_of(redis, batch_size=4), list[str](), list[int]()

    def work(seconds: float) -> None:
        assert seconds > 0
        lengths.append(bulk_waiting(redis))
        claims.settle(claims.claim())

    queue_of(redis, clock, work, told).add(1, hits(application, 25))
    assert lengths == [25, 21, 17, 13]
    assert bulk_waiting(redis) == 9
    assert told == ["woken"]


def test_a_short_queue_is_no_reason_to_wait(redis: Connection, clock: Any, application: Application) -> None:
    told = list[str]()
    queue_of(redis, clock, lambda _: pytest.fail("waited"), told).add(1, hits(application, MOST))
    assert told == []


def test_an_import_waits_while_redis_has_memory_for_single_hits_only(
    redis: Connection, clock: Any, application: Application
) -> None:
    pauses = list[float]()

    def room(seconds: float) -> None:
        pauses.append(seconds)
        assert bulk_waiting(redis) == 0
        if len(pauses) == 3:
            queue._max_bytes *= 2

    queue = queue_of(redis, clock, room, [])
    queue._max_bytes = int(redis.info("memory")["used_memory"] * 1.1)
    queue.add(1, hits(application, 5))
    assert (len(pauses), bulk_waiting(redis)) == (3, 5)


def test_a_queue_that_nobody_drains_is_said_once_in_ten_seconds(
    redis: Connection, clock: Any, application: Application
) -> None:
    told = list[str]()

    def nobody(_: float) -> None:
        clock.advance(4)
        if told.count("woken") == 3:
            redis.flushall()

    queue_of(redis, clock, nobody, told).add(1, hits(application, MOST + 1))
    assert [event for event in told if event != "woken"] == [
        "11 hits wait and nothing takes them: see that workers run (`python -m tracker worker`). Waiting."
    ] * 2


def test_waiting_for_the_end_is_for_our_own_entries_only(
    redis: Connection, clock: Any, application: Application
) -> None:
    claims = claims_of(redis, batch_size=3)
    queue = queue_of(redis, clock, lambda _: claims.settle(claims.claim()), [])
    queue.add(1, hits(application, 5))
    queue_of(redis, clock, lambda _: None, []).add(1, hits(application, 2))
    queue.wait_until_taken()
    assert bulk_waiting(redis) == 1


def test_a_month_is_made_once_and_before_its_first_line_is_stored(
    redis: Connection, clock: Any, application: Application
) -> None:
    happened = list[str]()

    class Destination:
        def add(self, _import_id: int, hits: Sequence[Hit]) -> TakenHits:
            happened.append(f"{len(hits)} stored")
            return TakenHits(stored=len(hits))

    def prepare(month: datetime) -> None:
        happened.append(f"{month:%Y-%m} made")

    now = clock.now()
    earlier = now - timedelta(days=62)
    lines = [
        Line(number, f'::1 - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 1 "-" "-"'.encode())
        for number, time in enumerate([now, earlier, now, earlier], start=1)
    ]
    work = Import(
        application=application,
        period=kept_since(now.date(), 24),
        destination=Destination(),
        prepare_month=prepare,
        clock=clock,
    )
    summary = Summary(keep=20)
    work.take(lines, reader_of("combined"), file="-", source="log", summary=summary)
    assert happened == [f"{now:%Y-%m} made", f"{earlier:%Y-%m} made", "4 stored"]
    assert (summary.lines, summary.queued, summary.stored) == (4, 4, 4)
