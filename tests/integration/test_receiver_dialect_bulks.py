"""Bulks of other trackers' clients: a hit that cannot be read is refused, and costs none of the others."""

from typing import Any

import orjson
import pytest

from tests.support.receiving import Receiving, queued_hits
from tracker.application import Application
from tracker.management import settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

PAGE = "https://shop.example/a"
BULKS: dict[str, tuple[str, Any, Any]] = {
    "matomo": ("/matomo.php", "requests", {"idsite": "shop", "url": PAGE, "c_n": "TEXT"}),
    "umami": ("/api/batch", None, {"type": "event", "payload": {"website": "shop", "url": PAGE, "title": "TEXT"}}),
    "goatcounter": ("/c/shop/api/v0/count", "hits", {"path": "/a", "title": "TEXT"}),
    "segment": ("/v1/batch", "batch", {"type": "page", "anonymousId": "a", "properties": {"url": PAGE, "x": "TEXT"}}),
    "ga4": ("/mp/collect?measurement_id=shop", "events", {"name": "seen", "params": {"x": "TEXT"}}),
}


@pytest.fixture
def speaking(receiving: Receiving, application: Application, database: Database) -> Receiving:
    settings.set_(database, "shop", "dialects", ",".join(BULKS))
    return receiving


@pytest.mark.parametrize("dialect", BULKS)
@pytest.mark.parametrize("bad", ['"a\\u0000b"', '"\\ud800"', "1e400", "[" * 30 + "]" * 30])
def test_a_hit_that_breaks_the_rules_of_json_costs_no_other(
    speaking: Receiving, redis: Connection, application_key: str, dialect: str, bad: str
) -> None:
    path, name, hit = BULKS[dialect]
    quoted = '"good"'
    good = orjson.dumps(hit).decode().replace("TEXT", "good")
    hits = f"[{good}, {good.replace(quoted, bad)}, {good}]"
    body = hits if name is None else f'{{"{name}": {hits}, "writeKey": "shop"}}'
    answer = speaking.post(path, body.encode(), key=application_key)
    # GoatCounter's clients are told which of them were refused, by a 400.
    assert answer.status_code == (400 if dialect == "goatcounter" else 200 if dialect != "ga4" else 204), answer.text
    assert len(queued_hits(redis)) == 2
    with_bad_surroundings = f'{{"{name}": [{good}], "context": {bad}}}'.encode()
    if name is not None:
        assert speaking.post(path, with_bad_surroundings, key=application_key).status_code == 400


def test_a_line_of_ga4_that_holds_nul_costs_no_other(speaking: Receiving, redis: Connection) -> None:
    answer = speaking.post("/g/collect?tid=shop&cid=1.1", b"en=one\r\nen=two%00\r\nen=three")
    assert answer.status_code == 204
    assert [hit.event_name for hit in queued_hits(redis)] == ["one", "three"]


@pytest.mark.parametrize("query", ["c_n=%00", "&".join(f"a{number}=1" for number in range(1001))])
@pytest.mark.parametrize("body", [b"", b"x=%00"])
def test_a_request_of_matomo_that_cannot_be_read_is_answered_as_one(
    speaking: Receiving, redis: Connection, query: str, body: bytes
) -> None:
    speaking.post("/matomo.php?idsite=shop", b"")
    answer = speaking.post(f"/matomo.php?idsite=shop&{query}", body)
    assert (answer.status_code, answer.mimetype) == (400, "image/gif")
    assert answer.headers["X-Tracker-Error"] == "VALIDATION_ERROR"
    assert len(queued_hits(redis)) == 1


@pytest.mark.parametrize("bad", [r'{"body": "a\u0000b"}', "7", '{"severityNumber": 1e400}', "[" * 30 + "]" * 30])
def test_a_record_of_a_collector_that_cannot_be_read_costs_no_other(
    speaking: Receiving, redis: Connection, database: Database, application_key: str, bad: str
) -> None:
    good = '{"attributes": [{"key": "url.full", "value": {"stringValue": "https://shop.example/a"}}]}'
    records = f'{{"resourceLogs": [{{"scopeLogs": [{{"logRecords": [{good}, {bad}, {good}]}}]}}]}}'
    settings.set_(database, "shop", "dialects", "otlp")
    answer = speaking.post(
        "/v1/logs", records.encode(), key=application_key, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.get_json()["partialSuccess"]["rejectedLogRecords"]) == (200, "1")
    assert [hit.url for hit in queued_hits(redis)] == [PAGE, PAGE]
