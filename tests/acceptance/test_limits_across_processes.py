"""Limits that several processes of the receiver hold together."""

import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from tests.support.serving import Serving, serving
from tests.support.waiting import PATIENCE
from tracker.management import applications
from tracker.store.database import Database

HIT = b'{"app_id":"limited","url":"https://shop.example/"}'
LIMIT = 400


@pytest.fixture
def servers(environment: dict[str, str], tmp_path: Path) -> Iterator[list[Serving]]:
    """Two receivers, of two processes each."""
    with ExitStack() as stack:
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        yield [stack.enter_context(serving(environment, folder)) for folder in folders]


@pytest.mark.slow
def test_a_visitor_who_floods_all_of_them_has_one_share(servers: list[Serving], database: Database) -> None:
    _, key = applications.create(database, name="Limited", app_id="limited", rate_limit=LIMIT)
    minutes = {datetime.now(UTC).minute}
    flood: Counter[int] = Counter()
    # A few connections to each, so that every process gets some.
    connections = [server.connect() for server in servers for _ in range(8)]
    for _ in range(LIMIT * 2 // len(connections)):
        for connection in connections:
            connection.request("POST", "/v1/track", HIT)
        for connection in connections:
            answer = connection.getresponse()
            answer.read()
            flood[answer.status] += 1
    for connection in connections:
        connection.close()
    minutes.add(datetime.now(UTC).minute)
    assert set(flood) == {200, 429}
    # A quarter of the limit in each minute that it took.
    assert flood[200] <= len(minutes) * LIMIT // 4

    for server in servers:
        other = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE, source_address=("127.0.0.2", 0))
        with closing(other):
            other.request("POST", "/v1/track", HIT)
            assert other.getresponse().status == 200
        with closing(server.connect()) as owner:
            batch = orjson.dumps({"app_id": "limited", "events": [{"url": "https://shop.example/"}] * 50})
            owner.request("POST", "/v1/track/batch", batch, {"X-API-Key": key})
            assert orjson.loads(owner.getresponse().read())["data"]["processed"] == 50
