"""When a key was last used is written by whoever saw it, without another request."""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.management import keys
from tracker.store.database import Database

SERVERS = {
    "tracker serve": None,
    # It makes nothing before the first request that needs it.
    "granian": ["-m", "granian", "--interface", "wsgi", "--port", "PORT", "--workers", "1", "wsgi:app"],
}


@pytest.fixture
def key(database: Database, application: Application) -> str:
    return keys.create(database, "shop", name="nightly", permissions=["track", "stats:read"], expires_at=None)[1]


def is_written(database: Database) -> bool:
    [key] = [key for key in keys.list_(database, "shop") if key.name == "nightly"]
    return key.last_used_at is not None


def use(server: Serving, where: str, key: str) -> None:
    with closing(server.connect()) as connection:
        if where == "tracking":
            connection.request("POST", "/v1/track", b'{"app_id":"shop"}', {"X-API-Key": key})
        elif where == "api":
            connection.request("GET", "/v1/applications/shop", headers={"X-API-Key": key})
        else:
            form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
            connection.request("POST", "/dashboard/sign-in", urlencode({"key": key}), form)
        assert connection.getresponse().status == (303 if where == "dashboard" else 200)


@pytest.mark.parametrize("where", ["tracking", "api", "dashboard"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_process_that_serves_one_request_and_is_stopped_has_written_it(
    environment: dict[str, str], tmp_path: Path, database: Database, key: str, *, where: str, server: str
) -> None:
    with serving(environment, tmp_path, SERVERS[server], processes=1) as running:
        use(running, where, key)
        assert running.terminate() == 0, running.log
    assert is_written(database)


def test_a_process_writes_it_by_itself(
    environment: dict[str, str], tmp_path: Path, database: Database, key: str
) -> None:
    with serving(environment, tmp_path, processes=1) as running:
        use(running, "api", key)
        wait_until(lambda: is_written(database))
