"""Requests that bring several hits are taken all or none where their clients read the status alone."""

from typing import Any

import orjson
import pytest

from tests.support.receiving import Receiving, in_one_minute, queued_hits
from tests.support.waiting import wait_until
from tracker.management import applications, settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")

WEBSITE = "94db1cb1-74f4-4a40-ad6c-962362670409"
PAGE = "https://shop.example/a"
RECORD = {"attributes": [{"key": "url.full", "value": {"stringValue": PAGE}}]}
LONG_RECORD = {"attributes": [{"key": "session.id", "value": {"stringValue": "s" * 101}}]}


def umami(**payload: Any) -> dict[str, Any]:
    return {"type": "event", "payload": {"website": WEBSITE, "url": PAGE, **payload}}


def bulks(number: int, *, bad: bool) -> dict[str, Any]:
    """The same number of hits in each dialect that may bring several, and one more that no attempt would make good."""
    long = "u" * 101
    pages = [{"url": PAGE, "idsite": "shop"}] * number + [{"url": PAGE, "idsite": "shop", "uid": long}] * bad
    events = [umami()] * number + [umami(id=long)] * bad
    calls: list[dict[str, Any]] = [{"type": "track", "event": "s"}] * number + [{"type": "nothing"}] * bad
    return {
        "/matomo.php": {"requests": pages},
        "/api/batch": events,
        "/v1/batch": {"batch": calls, "writeKey": "their-write-key"},
        "/mp/collect?measurement_id=G-ABC123": {"events": [{"name": "g"}] * number + [{"name": "n" * 101}] * bad},
        "/v1/logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [RECORD] * number + [LONG_RECORD] * bad}]}]},
        "/c/shop/api/v0/count": {"hits": [{"path": "/"}] * number + [{}] * bad},
    }


@pytest.mark.parametrize("path", bulks(1, bad=True))
def test_hits_of_one_request_are_taken_all_or_none(
    receiving: Receiving, redis: Connection, database: Database, application_key: str, path: str
) -> None:
    """These clients send a request again as a whole or not at all, whatever became of its hits."""
    applications.update(database, "shop", {"rate_limit_per_minute": 4})
    dialects = "matomo,umami,segment,ga4,goatcounter,otlp"
    limits = {"key_reserve_percent": "0", "address_share_percent": "100"}
    settings.change(
        database, "shop", {"dialects": dialects, "aliases": f"{WEBSITE},their-write-key,G-ABC123", **limits}
    )

    def sent(number: int, *, bad: bool = False) -> int:
        bulk = bulks(number, bad=bad)[path]
        key = application_key if path == "/v1/logs" else None
        return receiving.post(path, orjson.dumps(bulk), key=key).status_code

    wait_until(lambda: sent(5) == 413)

    def all_of_it() -> list[int]:
        return [sent(3, bad=True), sent(3, bad=True), sent(1), sent(5)]

    taken, for_now, fits, never = in_one_minute(redis, all_of_it)
    assert taken == (400 if path.startswith("/c/") else fits)
    assert (for_now, never) == (429, 413)
    assert len(queued_hits(redis)) == 4
