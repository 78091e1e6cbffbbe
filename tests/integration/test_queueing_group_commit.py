"""Offers of one loop: together where a round trip is under way, each with its own answer, whatever Redis does."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.queue_entries import APPLICATION, CREATED, entry, numbers, offer_of
from tests.support.waiting import wait_until
from tracker.errors import NoAnswer, QueueFull, QueueUnavailable
from tracker.queueing.connection import Connection, connect
from tracker.queueing.entry import NORMAL, Entry
from tracker.queueing.group_commit import GroupCommit
from tracker.queueing.overflow import overflow_stream
from tracker.queueing.producer import Enqueued, Producer

OTHER = UUID(int=8)
Outcome = Enqueued | Exception


class Offering:
    """A group commit on a running loop, and the outcomes of offers in the order in which they came."""

    def __init__(self, redis: Connection, *, queue_limit: int = 100_000) -> None:
        self.producer = Producer(redis, queue_limit=queue_limit)
        self.group = GroupCommit(asyncio.get_running_loop(), self.producer)
        self.order: list[int] = []

    async def ready(self) -> None:
        while not self.group.is_ready():  # noqa: ASYNC110 it has no event: hits that find no connection go elsewhere
            await asyncio.sleep(0.01)

    def offer(
        self, number: int, *, limit: int | None = None, application: UUID = APPLICATION, now: datetime = CREATED
    ) -> "asyncio.Future[Outcome]":
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.group.enqueue(offer_of(application, limit, [entry(number)], now), partial(self._note, number, outcome))
        return outcome

    def _note(self, number: int, outcome: "asyncio.Future[Outcome]", answered: Callable[[], Enqueued]) -> None:
        self.order.append(number)
        try:
            outcome.set_result(answered())
        except Exception as error:  # noqa: BLE001 the test looks at it
            outcome.set_result(error)


def run(redis: Connection, steps: Callable[[Offering], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        offering = Offering(redis, **options)
        try:
            await asyncio.wait_for(steps(offering), 30)
        finally:
            offering.group.close()

    asyncio.run(main())


def in_stream(redis: Connection) -> list[int]:
    """The numbers of the entries that wait, in the shared stream and in the application's own behind it."""
    entries: list[Any] = [*redis.xrange(NORMAL), *redis.xrange(overflow_stream(APPLICATION))]
    return numbers([Entry.from_fields(fields, stream_id) for stream_id, fields in entries])


def calls(redis: Connection) -> int:
    """How often Redis has read from a client so far."""
    return int(redis.info("stats")["total_reads_processed"])


def test_what_comes_together_leaves_together_and_each_has_its_own_answer(redis: Connection, minute: datetime) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        before = calls(redis)
        offers = [offering.offer(n, limit=3, now=minute) for n in range(5)]
        offers.append(offering.offer(5, limit=1, application=OTHER, now=minute))
        outcomes = await asyncio.gather(*offers)
        assert calls(redis) - before <= 3
        assert [outcome.accepted for outcome in outcomes if isinstance(outcome, Enqueued)] == [1, 1, 1, 0, 0, 1]
        assert offering.order == list(range(6))

    run(redis, steps)
    assert in_stream(redis) == [0, 1, 2, 5]


def test_one_that_comes_alone_does_not_wait(redis: Connection) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        for number in range(20):
            outcome = await offering.offer(number)
            assert isinstance(outcome, Enqueued)

    run(redis, steps)
    assert in_stream(redis) == list(range(20))


def test_thousands_at_once_are_sent_whatever_the_socket_takes(redis: Connection) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        outcomes = await asyncio.gather(*[offering.offer(n) for n in range(20_000)])
        assert all(isinstance(outcome, Enqueued) for outcome in outcomes)
        assert offering.order == list(range(20_000))

    run(redis, steps)
    assert in_stream(redis) == list(range(20_000))


def test_scripts_that_redis_has_forgotten_are_loaded_again_and_nothing_is_added_twice(redis: Connection) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        for first in (0, 50):
            redis.script_flush()
            outcomes = await asyncio.gather(*[offering.offer(first + n) for n in range(50)])
            assert all(isinstance(outcome, Enqueued) for outcome in outcomes)

    run(redis, steps)
    assert in_stream(redis) == list(range(100))


def test_a_full_queue_refuses_and_the_connection_stays(redis: Connection) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        assert isinstance(await offering.offer(1), Enqueued)
        assert isinstance(await offering.offer(2), QueueFull)
        redis.delete(NORMAL)
        assert offering.group.is_ready()
        assert isinstance(await offering.offer(3), Enqueued)

    run(redis, steps, queue_limit=1)


def test_a_connection_that_redis_closes_fails_what_is_under_way_and_is_made_anew(redis: Connection) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        offers = [offering.offer(n) for n in range(10)]
        redis.client_kill_filter(_type="normal", skipme=True)
        outcomes = await asyncio.gather(*offers)
        assert all(isinstance(outcome, (Enqueued, QueueUnavailable)) for outcome in outcomes)
        await offering.ready()
        assert isinstance(await offering.offer(99), Enqueued)

    run(redis, steps)
    assert 99 in in_stream(redis)


def test_a_redis_that_takes_no_writes_ends_the_connection(redis: Connection) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        redis.replicaof("127.0.0.1", "1")
        try:
            outcome = await offering.offer(1)
            assert isinstance(outcome, QueueUnavailable)
            assert "replica" in str(outcome)
            assert not offering.group.is_ready()
        finally:
            redis.replicaof("NO", "ONE")
        await offering.ready()
        assert isinstance(await offering.offer(2), Enqueued)

    run(redis, steps)


def test_an_offer_that_meets_something_harms_none_of_its_group(redis: Connection, minute: datetime) -> None:
    redis.set(overflow_stream(OTHER), "no stream")

    async def steps(offering: Offering) -> None:
        await offering.ready()
        offers = [
            offering.offer(n, limit=10, application=OTHER if n == 2 else APPLICATION, now=minute) for n in range(5)
        ]
        outcomes = await asyncio.gather(*offers)
        assert [isinstance(outcome, Enqueued) for outcome in outcomes] == [True, True, False, True, True]
        assert isinstance(outcomes[2], QueueUnavailable)

    run(redis, steps)
    assert set(in_stream(redis)) == {0, 1, 3, 4}


@contextmanager
def silent_redis(path: Path) -> Iterator[Connection]:
    """A server that answers what a connection begins with, and nothing else."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while data := connection.recv(65_536):
                    if b"EVALSHA" not in data:
                        connection.sendall(b"+OK\r\n" * max(1, data.count(b"*")))

        threading.Thread(target=serve, daemon=True).start()
        yield connect(f"unix://{path}", name="tests")


def test_an_answer_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    async def steps(offering: Offering) -> None:
        await offering.ready()
        assert isinstance(await offering.offer(1), NoAnswer)
        assert not offering.group.is_ready()

    with silent_redis(tmp_path / "silent") as redis:
        run(redis, steps)


def test_nobody_there_means_not_ready(tmp_path: Path) -> None:
    async def steps(offering: Offering) -> None:
        for _ in range(20):
            assert not offering.group.is_ready()
            await asyncio.sleep(0.05)

    run(connect(f"unix://{tmp_path}/nobody", name="tests"), steps)


def test_a_connection_is_replaced_while_offers_go_on(redis: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.queueing.group_commit.MAX_CONNECTION_SECONDS", 0.1)

    async def steps(offering: Offering) -> None:
        await offering.ready()
        made = int(redis.info("stats")["total_connections_received"])
        for number in range(400):
            assert isinstance(await offering.offer(number), Enqueued)
            await asyncio.sleep(0.005)
        assert int(redis.info("stats")["total_connections_received"]) > made

    run(redis, steps)
    assert in_stream(redis) == list(range(400))


@pytest.mark.parametrize("loop_ends_first", [False, True])
def test_a_connection_that_comes_when_the_process_ends_is_closed(
    redis: Connection, monkeypatch: pytest.MonkeyPatch, *, loop_ends_first: bool
) -> None:
    may_go_on, sockets = threading.Event(), list[socket.socket]()
    connected_socket = Producer.connected_socket

    def connected_late(producer: Producer) -> socket.socket:
        sockets.append(connected_socket(producer))
        may_go_on.wait(30)
        return sockets[-1]

    async def steps(_: Offering) -> None:
        while not sockets:  # noqa: ASYNC110 a thread fills it
            await asyncio.sleep(0.01)
        if not loop_ends_first:
            may_go_on.set()
            wait_until(lambda: not any(thread.name == "connecting" for thread in threading.enumerate()))

    monkeypatch.setattr(Producer, "connected_socket", connected_late)
    run(redis, steps)
    may_go_on.set()
    wait_until(lambda: sockets[0].fileno() == -1)
