"""For a moment no thread is to be had, by the container's limit for instance: who wanted one gets it later."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.support.queue_entries import APPLICATION, CREATED, entry, offer_of
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.queueing.connection import Connection
from tracker.queueing.entry import NORMAL
from tracker.queueing.group_commit import GroupCommit
from tracker.queueing.producer import Producer
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.server.threads import Threads
from tracker.webhooks.deadlines import Deadlines


@contextmanager
def no_thread_to_be_had() -> Iterator[None]:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        yield


def test_the_loop_connects_to_redis_later(redis: Connection) -> None:
    async def offered() -> None:
        loop = asyncio.get_running_loop()
        with no_thread_to_be_had():
            group = GroupCommit(loop, Producer(redis, queue_limit=100))
            assert not group.is_ready()
        while not group.is_ready():  # noqa: ASYNC110 it has no event: hits that find no connection go elsewhere
            await asyncio.sleep(0.01)
        answered = loop.create_future()
        group.enqueue(offer_of(APPLICATION, None, [entry(1)], CREATED), lambda outcome: answered.set_result(outcome()))
        assert (await answered).accepted == 1
        group.close()

    asyncio.run(asyncio.wait_for(offered(), 20))
    assert redis.xlen(NORMAL) == 1


def test_upkeep_begins_later() -> None:
    turns: list[int] = []
    tasks = BackgroundTasks({"count": partial(turns.append, 1)}, SystemClock(), seconds=0.01)
    with no_thread_to_be_had():
        tasks.ensure()
    assert not tasks.runs
    tasks.ensure()
    wait_until(lambda: bool(turns))
    tasks.stop()


def test_deliveries_have_their_deadline_later() -> None:
    deadlines = Deadlines(SystemClock(), seconds=0.05)
    with no_thread_to_be_had(), pytest.raises(RuntimeError), deadlines.limit():
        pass
    with deadlines.limit() as limited:
        wait_until(lambda: limited.expired)


def test_requests_wait_for_the_next_thread() -> None:
    async def answered() -> list[str]:
        loop = asyncio.get_running_loop()
        threads, outcomes = Threads(loop, "requests", 2, max_waiting=2), [loop.create_future() for _ in range(2)]
        with no_thread_to_be_had():
            assert threads.run(lambda: "first", lambda outcome: outcomes[0].set_result(outcome()))
        assert threads.run(lambda: "second", lambda outcome: outcomes[1].set_result(outcome()))
        said = await asyncio.gather(*outcomes)
        threads.close()
        with pytest.raises(RuntimeError):
            threads.run(lambda: "third", lambda _: None)
        return list(said)

    assert asyncio.run(asyncio.wait_for(answered(), 20)) == ["first", "second"]
