"""Where hits come from is told by whole addresses, which are stored nowhere; reports say it, and how it was told."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import tracker
from tests.support.counted import fold_everything
from tests.support.facts import facts, make_facts
from tests.support.places_file import write_places
from tests.support.queued_hits import NOON, drain, rows
from tests.support.receiving import Receiving, code, queued_hits
from tracker.application import Application
from tracker.config import Settings
from tracker.management import settings as management
from tracker.queueing.connection import Connection
from tracker.reports import answer
from tracker.reports.readers import Readers
from tracker.store.database import Database

CUSTOMERS = {"SE": "2001:db8:0:1::5", "NO": "2001:db8:0:2::5"}
"""Of one network as it is stored (/48)."""


@pytest.fixture
def located(settings: Settings, tmp_path: Path) -> Settings:
    return replace(settings, geoip_file=write_places(tmp_path / "places.mmdb"))


@pytest.fixture
def receiving(located: Settings) -> Iterator[Receiving]:
    with closing(Receiving(located)) as receiving:
        yield receiving


@pytest.mark.parametrize("way", ["pixel", "track", "key", "batch", "batch the long way"])
@pytest.mark.parametrize("setting", ["last_octet", "full"])
def test_every_way_tells_the_place_before_the_address_is_shortened(
    *, receiving: Receiving, redis: Connection, database: Database, application_key: str, way: str, setting: str
) -> None:
    management.set_(database, "shop", "ip_anonymization", setting)
    hit: dict[str, Any] = {"app_id": "shop", "url": "https://shop.example/"}
    for address in (*CUSTOMERS.values(), "198.51.100.7", "203.0.113.5"):
        by = {"environ_overrides": {"REMOTE_ADDR": address}}
        if way == "pixel":
            answer = receiving.pixel("app_id=shop&url=https://shop.example/", **by)
        elif way == "track":
            answer = receiving.track(hit, **by)
        elif way == "key":
            answer = receiving.track({**hit, "ip_address": address}, key=application_key)
        else:
            # A text that has to be cut is for the long way.
            event = {**hit, "ip_address": address, "language": "de" if way == "batch" else "x" * 20}
            answer = receiving.batch({"app_id": "shop", "events": [event]}, key=application_key)
        assert code(answer) == (200, None)
    kept = "DE" if setting == "full" else "DE/Bavaria/Munich"
    assert [hit.place for hit in queued_hits(redis)] == ["SE", "NO", kept, None]
    assert drain(redis, database).stored == 4
    stored = rows(database, "SELECT host(ip_address), place FROM access_logs ORDER BY created_at, id")
    hosts = [None] * 4 if setting == "full" else ["2001:db8::", "2001:db8::", "198.51.100.0", "203.0.113.0"]
    assert stored == list(zip(hosts, ["SE", "NO", kept, None], strict=True))


def test_a_caller_names_no_place(receiving: Receiving, application: Application, redis: Connection) -> None:
    answer = receiving.track({"app_id": "shop", "url": "https://shop.example/", "place": "US"})
    assert code(answer)[0] in {200, 400}
    assert {hit.place for hit in queued_hits(redis)} <= {None}


def test_reports_tell_places_by_the_address_before_zones(
    receiving: Receiving, redis: Connection, database: Database, application: Application, located: Settings
) -> None:
    senders = {**CUSTOMERS, "DE": "198.51.100.7", "none": "203.0.113.5"}
    for address in senders.values():
        hit = {"app_id": "shop", "url": "https://shop.example/", "timezone": "Asia/Tokyo"}
        assert code(receiving.track(hit, environ_overrides={"REMOTE_ADDR": address})) == (200, None)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, located.facts_url)
    columns = "country, country_by, region, city"
    assert sorted(facts(database, located.facts_url, columns), key=str) == [
        ("DE", "address", "Bavaria", "Munich"),
        ("JP", "zone", None, None),
        ("NO", "address", None, None),
        ("SE", "address", None, None),
    ]
    with closing(Readers(located.facts_url)) as readers:

        def report(**given: str) -> list[dict[str, Any]]:
            return answer.read(database, readers, app_id="shop", given=given, now=datetime.now(UTC)).rows

        asked = {"dimensions": "region,city", "measures": "visitors"}
        assert report(**asked, filters='[["city", "is_not", null]]') == [
            {"region": "Bavaria", "city": "Munich", "visitors": 1}
        ]
        assert {
            row["country"]: row["visitors"] for row in report(dimensions="country", measures="visitors")
        } == dict.fromkeys(("DE", "JP", "NO", "SE"), 1)
    assert tracker(located, "stats", "verify").status == 0


def test_logs_are_read_with_places(
    located: Settings, database: Database, application: Application, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
    at = f"{NOON - timedelta(days=1):%d/%b/%Y:%H:%M:%S} +0000"
    lines = [
        f'{address} - - [{at}] "GET /{number} HTTP/1.1" 200 5 "-" "{agent}"\n'
        for number, address in enumerate(("2001:db8:0:2::5", "198.51.100.7"))
    ]
    log.write_text("".join(lines))
    arguments = ("import", str(log), "--app-id", "shop", "--anonymize-ip", "full")
    done = tracker(located, *arguments, TRACKER_GEOIP_FILE=str(located.geoip_file))
    assert done.status == 0, done.errors
    stored = "SELECT place, ip_address FROM access_logs ORDER BY url"
    assert rows(database, stored) == [("NO", None), ("DE", None)]
