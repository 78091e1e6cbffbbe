"""A hit goes through a few files that read from top to bottom: it is marked, and followed from the request to its row.

The figures may fall. What makes them rise puts another file between a reader and what becomes of a hit.
"""

import asyncio
import io
import re
import tomllib
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from typing import Any

import orjson
import pytest
from werkzeug.test import run_wsgi_app

from tests.support.command_line import PROJECT
from tests.support.walks import Walk
from tracker.application import Application
from tracker.config import Settings
from tracker.ingest.drain import Drain
from tracker.server.threads import Threads
from tracker.web.envelope import Answer
from tracker.wiring.receiver import pages, site
from tracker.wiring.worker import worker

MARK = "the-hit-that-is-followed"
NOUNS = {"tracker/hit.py", "tracker/queueing/entry.py", "tracker/json_rules.py"}
"""What a hit, an entry and JSON are: whoever holds one asks there, and reads on where they were."""
ROW = "tracker/store/access_logs.py"
MAX_FILES = 27
"""Whose functions are given the hit as a whole, from the request until it is settled."""
MAX_STAYS, MAX_CLIMBS = 10, 2
"""From the request to the entry: files one after the other, and steps from one to another that stands above it."""
MAX_STATIONS = 8


@pytest.fixture
def walks(settings: Settings, application: Application) -> tuple[Walk, Walk]:
    """The walk through the receiver's process, and the one through the worker's."""
    received, stored = Walk(MARK), Walk(MARK)
    answer = asyncio.run(_post(settings, application.app_id, received))
    assert answer.status == 200
    with closing(worker(settings)) as services:
        drain = Drain(services.consumer(), services.database, services.clock, seconds=20)
        with stored.followed():
            assert drain.run().stored >= 1
    return received, stored


async def _post(settings: Settings, app_id: str, walk: Walk) -> Answer:
    """Post a hit to the receiver as its own server does, on the loop, once the receiver knows the application."""
    loop = asyncio.get_running_loop()
    threads = Threads(loop, "hits", 2, max_waiting=2)
    served = site(settings, pages(settings), loop, threads)
    try:
        run_wsgi_app(served.wsgi, _request(app_id, "the first"))
        answer: asyncio.Future[Answer] = loop.create_future()
        handle = served.endpoints[b"/v1/track"].handle
        while not _is_taken(handle, _request(app_id, MARK), answer.set_result, walk):  # noqa: ASYNC110 it has no event
            await asyncio.sleep(0.01)  # The connection to Redis is being made.
        with walk.followed():
            return await answer
    finally:
        threads.close()
        served.close()


def _is_taken(
    handle: Callable[[dict[str, Any], Callable[[Answer], None]], bool],
    request: dict[str, Any],
    respond: Callable[[Answer], None],
    walk: Walk,
) -> bool:
    walk.handings.clear()
    with walk.followed():
        return handle(request, respond)


def _request(app_id: str, mark: str) -> dict[str, Any]:
    """A hit as a page sends it; the mark stands in a field and, for whoever is given the whole request, in a header."""
    body = orjson.dumps(
        {
            "app_id": app_id,
            "module_id": mark,
            "url": "https://shop.example/list?utm_source=letter&token=1",
            "referrer": "https://search.example/",
            "session_id": "s1",
            "client_sub_id": "c1",
            "event_data": {"a": 1},
            "custom_params": {"page_type": "list"},
        }
    )
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/track",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
        "HTTP_ORIGIN": "https://shop.example",
        "HTTP_X_REQUEST_ID": mark,
        "wsgi.input": io.BytesIO(body),
    }


def test_a_hit_is_handed_through_few_files(walks: tuple[Walk, Walk]) -> None:
    received, stored = walks
    files = {*received.files, *stored.files}
    assert len(files) <= MAX_FILES, sorted(files)


def test_the_files_that_pass_a_hit_on_are_those_that_the_architecture_names(walks: tuple[Walk, Walk]) -> None:
    received, stored = walks
    stored = stored.until(ROW)
    stations = [*received.passing_on(NOUNS), stored.files[0], *stored.passing_on(NOUNS), ROW]
    page = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition("## The way of a hit in the code")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `((?:tracker|sql)/\S+)`", table, re.MULTILINE)
    assert [name for name in named if name.endswith(".py")] == list(dict.fromkeys(stations))
    assert [name.rpartition(".")[2] for name in named if not name.endswith(".py")] == ["lua"]
    assert len(set(stations)) <= MAX_STATIONS


def test_on_its_way_to_the_queue_a_hit_hardly_turns_back(walks: tuple[Walk, Walk]) -> None:
    stays = walks[0].until("tracker/queueing/group_commit.py").stays[:-1]
    climbs = [(low, high) for low, high in pairwise(stays) if _floor(high) > _floor(low)]
    assert len(stays) <= MAX_STAYS, stays
    assert len(climbs) <= MAX_CLIMBS, climbs


def _floor(file: str) -> int:
    """How far above the ground a file's package stands, by the contract that holds the imports."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["id"] == "packages")["layers"]
    package = file.removeprefix("tracker/").partition("/")[0].removesuffix(".py")
    return -next(at for at, layer in enumerate(layers) if package in re.findall(r"\w+", layer))
