"""API requests, deliveries and reports go through a few files that read from top to bottom, as a hit does."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.command_line import PROJECT
from tests.support.consumers import consumer
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, entry_of, hit_of
from tests.support.walks import Walk
from tests.support.webhook_endpoints import owe, register, sender_of, states
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

MARK = "the-request-that-is-followed"
NOUNS = {"tracker/json_rules.py", "tracker/receiver/endpoints.py", "tracker/visible_text.py"}
"""What JSON is, what people see, and what brings a hit: whoever holds a text or a request asks there, and goes on."""
CONNECTION = "tracker/facts/duckdb_connection.py"
"""The library itself, behind the engine's own file."""
MAX_FILES_TO_SQL, MAX_FILES_OF_A_DELIVERY, MAX_FILES_OF_A_REPORT = 6, 5, 9


def described(way: str) -> list[str]:
    """The files that docs/architecture.md names for a way."""
    page = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    line = re.search(rf"^- {way}: (.*?)\.$", page, re.MULTILINE | re.DOTALL)
    assert line is not None
    return re.findall(r"`((?:tracker|sql)/\S+)`", line[1])


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("way", "method", "path", "body"),
    [
        ("A change by the API, of an application", "PATCH", "/v1/applications/shop", {"name": MARK}),
        (
            "A reading by the API, of sessions",
            "GET",
            f"/v1/sessions?app_id=shop&start_date=2026-11-01&end_date=2026-11-30&session_id={MARK}",
            None,
        ),
    ],
)
def test_a_request_is_handed_through_few_files(
    settings: Settings, way: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    managing, walk = Managing(settings), Walk(MARK)
    try:
        with walk.followed():
            assert managing.call(method, path, body).status_code == 200
    finally:
        managing.close()
    files = described(way)
    assert walk.to_the_statement(NOUNS) == files
    assert len(files) <= MAX_FILES_TO_SQL


def test_a_delivery_is_handed_through_few_files(database: Database, application: Application, clock: Any) -> None:
    walk = Walk(MARK)
    with consumer() as endpoint:
        webhook_id, _ = register(database, application, f"{endpoint.url}?{MARK}", clock.now())
        owe(database, webhook_id, clock.now())
        sender = sender_of(database, clock)
        with walk.followed():
            assert sender.turn() == 1
        sender.close()
        assert len(endpoint.received) == 1
    assert states(database) == {"delivered": 1}
    files = described("A delivery to a webhook")
    # In the order in which they are reached for the first time; the queue of endpoints holds it, and passes nothing on.
    assert [file for file in walk.files if file in files] == files
    assert {*walk.passing_on(set())} <= {*files}
    assert len(files) <= MAX_FILES_OF_A_DELIVERY


def test_a_report_is_handed_through_few_files(
    settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [entry_of(hit_of(application, 1, created_at=NOON, url=f"https://shop.example/{MARK}"))])
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    managing, walk = Managing(settings), Walk(MARK)
    filters = quote(json.dumps([["page", "is", f"/{MARK}"]]))
    query = f"app_id=shop&start_date={NOON.date()}&end_date={NOON.date()}&dimensions=source&filters={filters}"
    try:
        with walk.followed():
            assert managing.call("GET", f"/v1/reports?{query}").json["data"]["rows"][0]["requests"] == 1
    finally:
        managing.close()
    files = described("A report by the API, to the statement that the columnar engine runs")
    assert [*walk.passing_on({*NOUNS, CONNECTION}), "tracker/facts/engine.py"] == files
    assert walk.until("tracker/facts/engine.py").files[-1] == files[-1]
    assert len(files) <= MAX_FILES_OF_A_REPORT
