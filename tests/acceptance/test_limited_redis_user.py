"""The whole product with a user of Redis that may use its keys and the commands that the documentation lists."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.support.command_line import PROJECT, tracker
from tests.support.failed_hits import fail
from tests.support.receiving import Receiving, code
from tests.support.running import running
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

DOCUMENTED = re.compile(r"^ACL SETUSER tracker (.*)$", re.MULTILINE)
LINE = '198.51.100.7 - - [23/Nov/2026:06:35:12 +0000] "GET /shop HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/130.0"\n'


@pytest.fixture
def limited(settings: Settings, redis: Connection) -> Iterator[Settings]:
    """The settings of processes whose user is made as docs/operations.md says."""
    (rules,) = DOCUMENTED.findall((PROJECT / "docs" / "operations.md").read_text(encoding="utf-8"))
    client: Any = redis
    client.execute_command("ACL", "SETUSER", "tracker", "reset", *rules.replace("PASSWORD", "secret").split())
    client.execute_command("ACL", "LOG", "RESET")
    yield replace(settings, redis_url=f"unix://tracker:secret@{urlsplit(settings.redis_url).path}")
    client.execute_command("ACL", "DELUSER", "tracker")


def test_nothing_is_denied_to_it(
    limited: Settings,
    redis: Connection,
    database: Database,
    application_and_key: tuple[Application, str],
    tmp_path: Path,
) -> None:
    application, application_key = application_and_key
    fail(database, application, 1)
    receiving = Receiving(limited)
    hit = {"url": "https://shop.example/"}
    assert code(receiving.track({"app_id": "shop", **hit})) == (200, None)
    assert code(receiving.pixel("app_id=shop")) == (200, None)
    event_id = str(uuid4())
    for _ in range(2):
        answer = receiving.batch(
            {"app_id": "shop", "events": [hit, {**hit, "event_id": event_id}, hit]}, key=application_key
        )
        assert code(answer) == (200, None)
    receiving.receiver.context.background_tasks.turn()
    log = tmp_path / "access.log"
    log.write_text(LINE)
    with running(limited, tmp_path, "scheduler.py"), running(limited, tmp_path, "worker.py") as workers:
        assert tracker(limited, "queue", "retry", "--all").status == 0
        assert tracker(limited, "import", str(log), "--app-id", "shop", "--wait").status == 0
        wait_until(lambda: tracker(limited, "queue", "status", "--json").json["workers"])
        wait_until(lambda: not any(each["waiting"] for each in status(limited)["streams"]))
        erased = tracker(limited, "erase", "--app-id", "shop", "--ip", "198.51.100.0", "--yes")
        assert erased.status == 0, erased.errors
        assert tracker(limited, "stats", "show", "--app-id", "shop").status == 0
        assert tracker(limited, "instance", "show").status == 0
        found = {each["check"]: each for each in tracker(limited, "doctor", "--json").json}
        assert [found[check]["level"] for check in ("Redis", "workers", "queue normal")] == ["ok"] * 3, found
        assert workers.stop() == 0
    receiving.close()
    client: Any = redis
    denied = [dict(zip(entry[::2], entry[1::2], strict=True)) for entry in client.execute_command("ACL", "LOG")]
    assert [entry[b"object"] for entry in denied] == []


def status(settings: Settings) -> Any:
    return tracker(settings, "queue", "status", "--json").json
