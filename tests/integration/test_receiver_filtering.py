"""Domains, bots and wishes, by HTTP: who is taken, who is left out, and that each is counted."""

from typing import Any

import pytest

from tests.support.receiving import Receiving, code, queued_hits
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.ingest.filtered import fold_now
from tracker.management import settings as management
from tracker.queueing.connection import Connection
from tracker.receiver.answers import GIF
from tracker.store import applications, filtered_hits
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
OWN, FOREIGN = "https://www.shop.example", "https://other.example"


def configure(database: Database, domain: str | None = None, **settings: str) -> None:
    with database.transaction() as tx:
        applications.update(tx, "shop", {"domain": domain})
    for key, value in settings.items():
        management.set_(database, "shop", key, value)


def counted(redis: Connection, database: Database, application: Application) -> dict[str, int]:
    fold_now(redis, database, SystemClock())
    with database.transaction() as tx:
        rows = filtered_hits.list_rows(tx, application.id)
    return {
        reason: sum(row["hits"] for row in rows if row["reason"] == reason) for reason in {r["reason"] for r in rows}
    }


def test_a_bots_hit_is_answered_left_out_and_counted(
    receiving: Receiving, redis: Connection, database: Database, application: Application
) -> None:
    answer = receiving.track({"app_id": "shop", "url": "https://a/"}, headers={"User-Agent": BOT})
    assert code(answer) == (200, None)
    assert answer.get_json()["data"] == {"filtered": "bot"}
    assert answer.headers["X-Tracker-Filtered"] == "bot"
    image = receiving.pixel("app_id=shop", headers={"User-Agent": BOT})
    assert (code(image), image.data, image.headers["X-Tracker-Filtered"]) == ((200, None), GIF, "bot")
    ahead = receiving.pixel("app_id=shop", headers={"Sec-Purpose": "prefetch;prerender"})
    assert ahead.headers["X-Tracker-Filtered"] == "prefetch"
    assert queued_hits(redis) == []
    assert counted(redis, database, application) == {"bot": 2, "prefetch": 1}


def test_bots_are_kept_where_the_application_keeps_them(
    receiving: Receiving, redis: Connection, database: Database, application: Application
) -> None:
    configure(database, bot_filter="keep")
    for headers in ({"User-Agent": BOT}, {"Sec-Purpose": "prefetch"}):
        assert "tracking_id" in receiving.track({"app_id": "shop"}, headers=headers).get_json()["data"]
    assert len(queued_hits(redis)) == 2
    assert counted(redis, database, application) == {}


def test_a_hit_with_a_key_is_judged_by_what_it_carries(
    receiving: Receiving, redis: Connection, database: Database, application: Application, application_key: str
) -> None:
    configure(database, "shop.example", origin_check="strict")
    brought_by = {"User-Agent": "python-requests/2.32", "DNT": "1", "Origin": FOREIGN, "Purpose": "prefetch"}
    for carried, filtered in (({}, None), ({"user_agent": "Browser/1"}, None), ({"user_agent": BOT}, "bot")):
        answer = receiving.track({"app_id": "shop", **carried}, key=application_key, headers=brought_by)
        assert (code(answer), answer.get_json()["data"].get("filtered")) == ((200, None), filtered)
    assert [hit.user_agent for hit in queued_hits(redis)] == ["python-requests/2.32", "Browser/1"]
    assert counted(redis, database, application) == {"bot": 1}


def test_in_a_batch_the_bots_are_left_out_in_their_places(
    receiving: Receiving, redis: Connection, database: Database, application: Application, application_key: str
) -> None:
    events: list[dict[str, Any]] = [{"user_agent": BOT}, {"url": "https://a/"}, {"session_id": 5}, {"user_agent": BOT}]
    data = receiving.batch({"app_id": "shop", "events": events}, key=application_key).get_json()["data"]
    assert (data["processed"], data["failed"], data["filtered"]) == (3, 1, 2)
    assert data["results"][0] == {"index": 0, "success": True, "filtered": "bot"}
    assert "tracking_id" in data["results"][1]
    assert data["results"][2]["success"] is False
    assert data["results"][3] == {"index": 3, "success": True, "filtered": "bot"}
    assert len(queued_hits(redis)) == 1
    assert counted(redis, database, application) == {"bot": 2}


def test_visitors_who_object_are_left_out_and_counted(
    receiving: Receiving, redis: Connection, database: Database, application: Application
) -> None:
    for header, reason in (("Sec-GPC", "gpc"), ("DNT", "dnt")):
        answer = receiving.track({"app_id": "shop"}, headers={header: "1"})
        assert answer.get_json()["data"] == {"filtered": reason}
    assert queued_hits(redis) == []
    assert counted(redis, database, application) == {"gpc": 1, "dnt": 1}


def test_or_their_hits_say_nothing_about_them(receiving: Receiving, redis: Connection, database: Database) -> None:
    configure(database, respect_dnt="anonymous")
    hit = {
        "app_id": "shop", "url": "https://a/", "referrer": "https://b/", "session_id": "s", "client_sub_id": "c",
        "language": "ja", "timezone": "Asia/Tokyo", "screen_resolution": "1x1", "event_name": "e", "module_id": "m",
        "custom_params": {"page_type": "cart"},
    }  # fmt: skip
    answer = receiving.track(hit, headers={"Sec-GPC": "1", "User-Agent": "Browser/1"})
    assert "tracking_id" in answer.get_json()["data"]
    (stored,) = queued_hits(redis)
    about_the_visitor = (
        *(stored.ip_address, stored.user_agent, stored.session_id, stored.client_sub_id),
        *(stored.language, stored.timezone, stored.screen_resolution),
    )
    assert set(about_the_visitor) == {None}
    assert (stored.url, stored.referrer, stored.event_name, stored.module_id) == ("https://a/", "https://b/", "e", "m")
    assert stored.custom_params == {"page_type": "cart"}


def test_or_the_headers_are_ignored(receiving: Receiving, redis: Connection, database: Database) -> None:
    configure(database, respect_dnt="ignore")
    receiving.track({"app_id": "shop", "session_id": "s"}, headers={"DNT": "1", "Sec-GPC": "1"})
    assert queued_hits(redis)[0].session_id == "s"


def test_hits_of_foreign_pages_are_refused_counted_and_not_readable_there(
    receiving: Receiving, redis: Connection, database: Database, application: Application
) -> None:
    configure(database, "shop.example")
    refused = receiving.track({"app_id": "shop"}, headers={"Origin": FOREIGN})
    assert code(refused) == (403, "FORBIDDEN")
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert refused.headers["Vary"] == "Origin"
    image = receiving.pixel("app_id=shop", headers={"Referer": f"{FOREIGN}/page"})
    assert code(image) == (200, "FORBIDDEN")
    assert queued_hits(redis) == []
    assert counted(redis, database, application) == {"domain": 2}


def test_hits_of_own_pages_are_taken_and_readable_there_only(
    receiving: Receiving, redis: Connection, database: Database
) -> None:
    configure(database, "shop.example", origin_check="strict")
    for answer in (
        receiving.track({"app_id": "shop"}, headers={"Origin": OWN}),
        receiving.track({"app_id": "shop", "session_id": 5}, headers={"Origin": OWN}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == OWN
        assert answer.headers["Vary"] == "Origin"
        assert "X-Tracker-Filtered" in answer.headers["Access-Control-Expose-Headers"]
    assert code(receiving.pixel("app_id=shop", headers={"Referer": f"{OWN}/page"})) == (200, None)
    assert code(receiving.track({"app_id": "shop"})) == (403, "FORBIDDEN")
    assert len(queued_hits(redis)) == 2


def test_a_preflight_is_answered_for_any_page_since_it_names_no_application(
    receiving: Receiving, database: Database
) -> None:
    configure(database, "shop.example", origin_check="strict")
    answer = receiving.client.options("/v1/track", headers={"Origin": FOREIGN})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, FOREIGN)
