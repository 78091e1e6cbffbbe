"""The whole product in use, for tests of what it may do where."""

import http.client
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import orjson

from tests.support.command_line import environment, tracker
from tests.support.running import running
from tests.support.serving import Serving, serving
from tests.support.waiting import PATIENCE, wait_until
from tests.support.with_constants import NO_RECEIVER, NOTHING_MOVES
from tracker.config import Settings

LINE = '198.51.100.7 - - [23/Nov/2026:06:35:12 +0000] "GET /shop HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/130.0"\n'
RQ = Path(sys.executable).with_name("rq")
HIT = {"app_id": "shop", "url": "https://shop.example/"}


def use_everything(settings: Settings, refill: Callable[[], None], rq_url: str, key: str, folder: Path) -> None:
    """Hits in every way, worker, scheduler, operator's pages and commands.

    `refill` puts a hit into the queue, `rq_url` is for RQ's own command, `key` is a key of the application `shop`.
    """
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
        send(server, key)
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
        wait_until(lambda: not any(stream["waiting"] for stream in status(settings)["streams"]))
        findings = {
            finding["check"]: finding
            for finding in tracker(settings, "doctor", "--json", constants=NOTHING_MOVES, **secrets).json
        }
        assert [findings[check]["level"] for check in ("Redis", "workers", "queue normal")] == ["ok"] * 3, findings
        assert workers.stop() == 0
        refill()
        assert tracker(settings, "worker", "--burst").status == 0
        subprocess.run([RQ, "info", "--url", rq_url], check=True, capture_output=True, timeout=PATIENCE)
        deleted = tracker(settings, "apps", "delete", "shop", "--purge", "--yes", constants=NO_RECEIVER)
        assert deleted.status == 0, deleted.errors


def send(server: Serving, key: str) -> None:
    with closing(server.connect()) as connection:
        for _ in range(3):
            assert ask(connection, "POST", "/v1/track", HIT)[0] == 200
        assert ask(connection, "GET", "/pixel.gif?app_id=shop")[0] == 200
        event_id = str(uuid4())
        for _ in range(2):
            events = [HIT, {**HIT, "event_id": event_id}, HIT]
            body = {"app_id": "shop", "events": [{"url": event["url"], **event} for event in events]}
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
