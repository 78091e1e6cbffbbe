"""Other trackers' clients by HTTP: which application is meant, the one way of every hit, and what they hear."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.receiving import Receiving, code, queued_hits
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.errors import Refused
from tracker.management import aliases, applications, keys, settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")

WEBSITE = "94db1cb1-74f4-4a40-ad6c-962362670409"
PAGE = "https://shop.example/a"


@pytest.fixture
def speaking(receiving: Receiving, application: Application, database: Database) -> Iterator[Receiving]:
    """A receiver, and an application that has all dialects switched on and a few names."""
    settings.change(
        database,
        "shop",
        {
            "dialects": "original,matomo,umami,plausible,goatcounter,segment,ga4",
            "aliases": f"7,{WEBSITE},shop.example,their-write-key,G-ABC123,stats.shop.example",
        },
    )
    return receiving


def umami(**payload: Any) -> dict[str, Any]:
    return {"type": "event", "payload": {"website": WEBSITE, "url": PAGE, **payload}}


def names(redis: Connection) -> list[str | None]:
    return [hit.event_name for hit in queued_hits(redis)]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/matomo.php?idsite=shop&rec=1&url=x", b""),
        ("/piwik.php?idsite=nobody&rec=1", b""),
        ("/matomo.php", b""),
        ("/api/send", {"type": "event", "payload": {"website": "shop"}}),
        ("/api/event", {"n": "pageview", "d": "shop"}),
        ("/c/shop/count?p=/", b""),
        ("/count?p=/", b""),
        ("/v1/batch", {"batch": [{"type": "page"}], "writeKey": "shop"}),
        ("/g/collect?tid=shop", b""),
        ("/api/send", b"garbage"),
    ],
)
def test_what_is_not_switched_on_is_not_there(receiving: Receiving, redis: Connection, path: str, body: Any) -> None:
    for answer in (receiving.post(path, body), receiving.client.get(path), receiving.client.put(path)):
        assert code(answer) == (404, "NOT_FOUND")
        assert answer.get_json()["error"]["message"] == "There is nothing at this address."
    assert queued_hits(redis) == []


def test_each_dialect_brings_a_hit_to_the_application_that_its_client_names(
    speaking: Receiving, redis: Connection
) -> None:
    get, post = speaking.client.get, speaking.post
    browser = {"User-Agent": "Browser/1"}
    assert (
        post(f"/matomo.php?idsite=7&rec=1&url={PAGE}&e_c=a&e_a=m1&send_image=0", b"", headers=browser).status_code
        == 204
    )
    assert get(f"/piwik.php?idsite=7&rec=1&url={PAGE}&e_c=a&e_a=m2").mimetype == "image/gif"
    form = {"idsite": "7", "url": PAGE, "e_c": "a", "e_a": "m3"}
    assert speaking.client.post("/matomo.php", data=form).status_code == 200
    assert post("/api/send", umami(name="u1")).get_json()["cache"]
    assert post("/api/event", {"n": "p1", "u": PAGE, "d": "Shop.Example"}, content_type="text/plain").status_code == 202
    assert get("/c/shop/count?p=g1&e=true", headers={"Referer": PAGE}).status_code == 200
    assert get("/count?p=g2&e=1", base_url="http://stats.shop.example").status_code == 200
    assert (
        post("/v1/batch", {"batch": [{"type": "track", "event": "s1"}], "writeKey": "their-write-key"}).status_code
        == 200
    )
    assert post("/g/collect?tid=G-ABC123&en=ga1", b"").status_code == 204
    assert names(redis) == ["m1", "m2", "m3", "u1", "p1", "g1", "g2", "s1", "ga1"]
    hits = queued_hits(redis)
    assert {hit.app_id for hit in hits} == {"shop"}
    assert (hits[0].user_agent, hits[0].ip_address, hits[0].url) == ("Browser/1", "127.0.0.0", PAGE)


def test_a_bulk_of_good_and_bad_hits_is_judged_one_by_one(
    speaking: Receiving, redis: Connection, application_key: str
) -> None:
    day_old = (datetime.now(UTC) - timedelta(hours=20)).strftime("%Y-%m-%d %H:%M:%S")
    trusted = {"cip": "198.51.100.7", "ua": "Visitor/2", "cdt": day_old, "token_auth": application_key}
    bulk = [
        {"idsite": "7", "url": PAGE, **trusted},
        {"idsite": "7", "url": PAGE, "uid": "u" * 101},
        {"idsite": "nobody", "url": PAGE},
        f"?idsite=7&url={PAGE}&cip=198.51.100.7&ping=1",
        f"?idsite=7&url={PAGE}&cip=198.51.100.7",
    ]
    answer = speaking.post("/matomo.php", {"requests": bulk})
    assert answer.get_json() == {"status": "success", "tracked": 3, "invalid": 2, "invalid_indices": [1, 2]}
    believed, plain = queued_hits(redis)
    assert (believed.ip_address, believed.user_agent) == ("198.51.100.0", "Visitor/2")
    assert datetime.now(UTC) - believed.created_at > timedelta(hours=19)
    assert plain.ip_address == "127.0.0.0"
    wrong = speaking.post(f"/matomo.php?idsite=7&token_auth=stale&url={PAGE}&send_image=0", b"")
    assert wrong.status_code == 401


def test_a_hit_for_two_sites_is_counted_for_both(speaking: Receiving, redis: Connection, database: Database) -> None:
    applications.create(database, name="All", app_id="all")
    settings.set_(database, "all", "dialects", "plausible")
    answer = speaking.post("/api/event", {"n": "pageview", "u": PAGE, "d": "shop.example,all,nobody"})
    assert answer.status_code == 202
    assert sorted(hit.app_id for hit in queued_hits(redis)) == ["all", "shop"]


def test_a_repeated_message_is_one_hit_and_a_key_of_ours_is_a_write_key(
    speaking: Receiving, redis: Connection, application_key: str
) -> None:
    message = {"type": "track", "event": "s", "messageId": "node-1", "context": {"ip": "198.51.100.7"}, "userId": "u1"}
    for _ in range(2):
        answer = speaking.client.post("/v1/batch", json={"batch": [message]}, auth=(application_key, ""))
        assert answer.get_json() == {"success": True}
    [hit] = queued_hits(redis)
    assert (hit.ip_address, hit.client_sub_id, hit.event_name) == ("198.51.100.0", "u1", "s")
    refused = speaking.client.post("/v1/batch", json={"batch": [message]}, auth=("alt_wrong", ""))
    assert (refused.status_code, refused.get_json()["code"]) == (401, "INVALID_API_KEY")


def test_a_bad_request_is_answered_in_its_dialect_once_somebody_speaks_it(speaking: Receiving) -> None:
    speaking.post("/api/send", umami())
    answer = speaking.post("/api/send", b"{")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert speaking.post("/api/send", umami(name="n" * 101)).get_json()["error"]["message"].startswith("event_name:")


def test_what_is_left_out_and_what_is_limited_is_so_in_dialects_too(
    speaking: Receiving, redis: Connection, database: Database
) -> None:
    bot = {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
    assert speaking.post("/api/send", umami(), headers=bot).get_json() == {"beep": "boop"}
    assert speaking.post("/api/send", umami(), headers={"Sec-GPC": "1"}).get_json() == {"beep": "boop"}
    assert queued_hits(redis) == []
    applications.update(database, "shop", {"rate_limit_per_minute": 1})

    def limited() -> bool:
        return speaking.post("/api/send", umami()).status_code == 429

    wait_until(limited)
    refused = speaking.post("/api/send", umami())
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(refused.headers["Retry-After"]) > 0
    # A client in a page sees this header because it is named.
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


def test_an_alias_holds_from_when_it_is_given_and_no_longer_than_it_is(
    speaking: Receiving, redis: Connection, database: Database
) -> None:
    def taken(name: str) -> bool:
        return speaking.client.get(f"/matomo.php?idsite={name}&url=x").status_code == 200

    assert not taken("8")
    aliases.add(database, "shop", "8")
    wait_until(lambda: taken("8"))
    aliases.remove(database, "shop", "8")
    wait_until(lambda: not taken("8"))
    with pytest.raises(Refused, match="no alias"):
        aliases.remove(database, "shop", "8")


def test_an_alias_is_one_applications_alone(speaking: Receiving, database: Database) -> None:
    applications.create(database, name="Other", app_id="other")
    for name in ("7", "SHOP", WEBSITE.upper(), "Shop.example"):
        with pytest.raises(Refused, match="Another application has the alias") as refused:
            aliases.add(database, "other", name)
        assert refused.value.status == 409
    assert aliases.add(database, "other", "9") == ("9",)
    with pytest.raises(Refused, match="is an alias of another application"):
        applications.create(database, name="Third", app_id="9")
    with pytest.raises(Refused, match="not accepted"):
        aliases.add(database, "other", "a b")
    applications.delete(database, "shop")
    assert aliases.add(database, "other", "7") == ("9", "7")


def test_preflights_name_the_page_and_let_the_clients_headers_pass(receiving: Receiving) -> None:
    clients_own = "authorization, x-umami-cache, x-write-key, x-retry-count, anonymousid, rsa-since-last-attempt"
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": clients_own,
    }
    for path in ("/api/send", "/v1/track", "/c/shop/count"):
        answer = receiving.client.options(path, headers=asked)
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Vary"] == "Origin"
        allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {"content-type", "x-requested-with", *clients_own.split(", ")} <= set(allowed)
    for odd in ("a\tb", "x: y", "x,,y", "é", "x" * 1001):
        answer = receiving.client.options("/api/send", headers={**asked, "Access-Control-Request-Headers": odd})
        assert odd not in answer.headers["Access-Control-Allow-Headers"]


# ---- The Go original ----


def test_the_original_is_there_unless_switched_off(receiving: Receiving, redis: Connection, database: Database) -> None:
    event = {"app_id": "shop", "custom_params": {"event_type": "add_to_cart", "event_data": {"sku": 1}, "plan": "pro"}}
    answer = receiving.post("/v1/tracking/track", event, headers={"X-API-Key": "shop"})
    assert answer.get_json()["data"]["tracking_id"]
    assert receiving.client.get("/beacon?app_id=shop&url=x").mimetype == "image/gif"
    assert code(receiving.track(event)) == (200, None)
    first, beacon, from_script = queued_hits(redis)
    assert (first.event_name, first.event_data, first.custom_params) == ("add_to_cart", {"sku": 1}, {"plan": "pro"})
    assert (from_script.event_name, beacon.url) == ("add_to_cart", "x")
    settings.set_(database, "shop", "dialects", "")

    def is_off() -> bool:
        return receiving.post("/v1/tracking/track", event).status_code == 404

    wait_until(is_off)
    assert receiving.client.get("/beacon?app_id=shop").headers["X-Tracker-Error"] == "NOT_FOUND"


def test_the_originals_addresses_of_health_answer(receiving: Receiving) -> None:
    assert [receiving.client.get(path).status_code for path in ("/live", "/ready")] == [200, 200]


def test_a_batch_of_the_original_has_its_habits(
    receiving: Receiving, redis: Connection, database: Database, application_key: str
) -> None:
    event = {"url": "a", "custom_params": {"event_type": "add_to_cart", "event_data": {"sku": 1}}}
    sent = {"headers": {"X-API-Key": application_key}}
    answer = receiving.post("/v1/tracking/batch", {"app_id": "shop", "events": [event]}, **sent)
    assert answer.get_json()["data"]["processed"] == 1
    [hit] = queued_hits(redis)
    assert (hit.event_name, hit.event_data, hit.custom_params) == ("add_to_cart", {"sku": 1}, None)
    settings.set_(database, "shop", "dialects", "")
    wait_until(lambda: receiving.post("/v1/tracking/batch", {"events": [event]}, **sent).status_code == 404)


def test_parameters_beside_the_fields_are_kept_where_they_are_defined(
    receiving: Receiving, redis: Connection, database: Database
) -> None:
    applications.create(database, name="News", app_id="news", preset="news")
    receiving.track({"app_id": "news", "page_type": "article", "unknown": 1, "custom_params": {"a": 1}})
    receiving.client.get("/beacon?app_id=news&page_type=article&unknown=1")
    assert [hit.custom_params for hit in queued_hits(redis)] == [
        {"page_type": "article", "a": 1},
        {"page_type": "article"},
    ]


def test_a_browsers_clock_that_is_fast_loses_no_hit(
    receiving: Receiving, redis: Connection, application_key: str
) -> None:
    ahead = {"app_id": "shop", "timestamp": (datetime.now(UTC) + timedelta(minutes=10)).isoformat()}
    origin = {"Origin": "https://shop.example"}
    assert code(receiving.track(ahead, key=application_key)) == (400, "VALIDATION_ERROR")
    assert code(receiving.track(ahead, key=application_key, headers=origin)) == (200, None)
    [hit] = queued_hits(redis)
    assert abs(datetime.now(UTC) - hit.created_at) < timedelta(minutes=1)


def test_a_key_names_its_application(
    receiving: Receiving, redis: Connection, database: Database, application_key: str
) -> None:
    assert code(receiving.track({"url": "a"}, key=application_key)) == (200, None)
    assert code(receiving.batch({"events": [{"url": "b"}]}, key=application_key)) == (200, None)
    _, further = keys.create(database, "shop", permissions=["track"])
    assert code(receiving.batch({"events": [{"url": "c"}]}, key=further)) == (200, None)
    assert [hit.url for hit in queued_hits(redis)] == ["a", "b", "c"]
    assert code(receiving.track({"url": "a"}, key="alt_unknown")) == (401, "INVALID_API_KEY")


def test_what_the_beacon_has_left_out_is_counted_and_never_stored(receiving: Receiving, redis: Connection) -> None:
    for word in ("gpc", "dnt"):
        answer = receiving.track({"app_id": "shop", "left_out": word, "url": "https://shop.example/"})
        assert answer.get_json()["data"] == {"filtered": word}
    assert queued_hits(redis) == []
    for other in ("bot", "", ["gpc"], None):
        assert receiving.track({"app_id": "shop", "left_out": other}).get_json()["data"]["tracking_id"]
