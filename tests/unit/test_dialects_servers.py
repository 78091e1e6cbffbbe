"""What Segment's and Google's clients send, and what they hear; and what no dialect does."""
# ruff: noqa: E501 - requests are long

import base64
import contextlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from tests.support.dialect_requests import AWAY, BAD, KEY, LATER, NOW, TAKEN, dialect, one, read, request, values
from tracker.dialects.dialect import ClientHit
from tracker.dialects.original import translated
from tracker.dialects.table import DIALECT_AT
from tracker.errors import Refused

# ---- Segment ----


def basic(user: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:'.encode()).decode()}"


CONTEXT = {
    "page": {"url": "https://shop.example/a", "referrer": "https://x.example/", "title": "Start"}, "locale": "de-DE",
    "timezone": "Europe/Berlin", "screen": {"width": 1920, "height": 1080}, "ip": "203.0.113.9", "userAgent": "Browser/1",
    "library": {"name": "analytics-node"}, "campaign": {"source": "x"}, "sessionId": 1795000000,
}  # fmt: skip


def test_segment_is_read_in_batches() -> None:
    batch = [
        {"type": "track", "event": "Buy", "userId": "u1", "anonymousId": "a1", "properties": {"plan": "pro"},
         "context": CONTEXT, "messageId": "node-next-1", "timestamp": "2026-11-29T11:00:10Z"},
        {"type": "page", "name": "Home", "anonymousId": "a1", "properties": {"url": "https://shop.example/b"}},
        {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}},
        {"type": "track"},
    ]  # fmt: skip
    sent = {"batch": batch, "sentAt": "2026-11-29T12:00:10Z"}
    track, page, identify, bad = read("/v1/batch", "", sent, HTTP_AUTHORIZATION=basic("their-write-key"))
    assert (track.site, track.key) == ("their-write-key", None)
    assert track.values == {
        "url": "https://shop.example/a", "referrer": "https://x.example/", "event_name": "Buy", "event_data": {"plan": "pro"},
        "client_sub_id": "u1", "session_id": "a1.1795000000", "screen_resolution": "1920x1080", "language": "de-DE",
        "timezone": "Europe/Berlin", "ip_address": "203.0.113.9", "user_agent": "Browser/1",
        "custom_params": {"title": "Start", "library": "analytics-node", "campaign_source": "x"},
        "event_id": track.values["event_id"], "age_ms": 3_600_000,
    }  # fmt: skip
    assert UUID(track.values["event_id"]).version == 5
    assert page.values["event_name"] == "page_view"
    assert page.values["url"] == "https://shop.example/b"
    assert page.values["client_sub_id"] == "a1"
    assert (identify.values["event_name"], identify.values["event_data"]) == ("identify", {"plan": "pro"})
    assert isinstance(bad, Refused)


def test_segment_takes_a_key_of_ours_and_single_calls() -> None:
    hit = one("/segment/v1/track", "", {"event": "Buy", "userId": "u1"}, HTTP_AUTHORIZATION=basic(KEY))
    assert (hit.site, hit.key) == (None, KEY)
    assert one("/api/s/track", "", {"event": "Buy"}, HTTP_X_WRITE_KEY="js.key").site == "js.key"
    assert one("/v1/page", "", {"writeKey": "k"}).site == "k"
    assert values("/v1/group", "", {"groupId": "g", "traits": {"a": 1}, "writeKey": "k"})["event_data"] == {
        "group_id": "g",
        "a": 1,
    }
    assert values("/v1/alias", "", {"previousId": "a", "userId": "u", "writeKey": "k"})["event_data"] == {
        "previous_id": "a"
    }
    assert values("/v1/screen", "", {"name": "Home", "writeKey": "k"})["event_name"] == "screen"
    with pytest.raises(Refused) as refused:
        read("/v1/batch", "", {"batch": [{"type": "page"}]}, HTTP_AUTHORIZATION="Basic !!!")
    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("letter", "event"),
    [("p", "page_view"), ("t", "Buy"), ("i", "identify"), ("g", "group"), ("a", "alias"), ("s", "screen")],
)
def test_segments_script_calls_by_the_first_letter(letter: str, event: str) -> None:
    call = {"event": "Buy", "writeKey": "k"}
    assert values(f"/v1/{letter}", "", call)["event_name"] == event
    assert values(f"/segment/v1/{letter}", "", call)["event_name"] == event
    assert values("/v1/b", "", {"batch": [{**call, "type": "track"}], "writeKey": "k"})["event_name"] == "Buy"


def test_segment_has_what_a_page_says_of_itself_in_its_own_columns() -> None:
    """Also so that what is stripped from addresses does not stand in another place."""
    properties = {
        "url": "https://shop.example/a?token=1",
        "path": "/a",
        "search": "?token=1",
        "title": "A",
        "plan": "pro",
    }
    page = values("/v1/page", "", {"writeKey": "k", "name": "Home", "properties": properties})
    assert page["event_data"] == {"name": "Home", "plan": "pro"}
    assert (page["url"], page["custom_params"]) == ("https://shop.example/a?token=1", {"title": "A"})


def test_segments_libraries_say_a_category_beside_the_properties() -> None:
    call = {"writeKey": "k", "name": "Python", "category": "Docs", "properties": {"plan": "pro"}}
    for path in ("/v1/page", "/v1/screen"):
        assert values(path, "", call)["event_data"] == {"name": "Python", "category": "Docs", "plan": "pro"}
    # The script has put it among the properties as well, where a page may have changed it.
    assert values("/v1/page", "", {**call, "properties": {"category": "News"}})["event_data"]["category"] == "News"


def test_rudderstack_and_jitsu_are_read_where_they_differ() -> None:
    context = {"traits": {"plan": "pro"}, "sessionId": 1795932287263, "page": {"referrer": "$direct"}}
    identify = {"writeKey": "k", "userId": "u1", "anonymousId": "a1", "context": context}
    read_as = values("/segment/v1/identify", "", identify)
    assert (read_as["event_data"], read_as["session_id"]) == ({"plan": "pro"}, "a1.1795932287263")
    assert "referrer" not in read_as
    batch = {"batch": [{"type": "page"}]}
    assert one("/segment/beacon/v1/batch", "writeKey=k", batch).site == "k"
    assert one("/api/s/s2s/track", "", {"event": "Buy"}, HTTP_X_WRITE_KEY="k:secret").site == "k"


def test_an_older_jitsu_is_read() -> None:
    event = {
        "event_id": "a1b2c3",
        "event_type": "Buy",
        "user": {"anonymous_id": "a1", "id": "u1", "email": "a@b.example"},
        "utc_time": (NOW - timedelta(hours=1)).isoformat(),
        "utm": {"source": "news"},
        "url": "https://shop.example/a",
        "referer": "https://search.example/",
        "page_title": "A",
        "doc_host": "shop.example",
        "screen_resolution": "1920x1080",
        "user_language": "de-AT",
        "vp_size": "1x1",
        "api_key": "k",
        "src": "jitsu",
        "price": 9.5,
    }
    read_as = values("/api/v1/event", "token=k&cookie_policy=strict", event)
    assert (read_as["url"], read_as["referrer"], read_as["event_name"]) == (
        "https://shop.example/a",
        "https://search.example/",
        "Buy",
    )
    assert (read_as["event_data"], read_as["client_sub_id"]) == ({"price": 9.5}, "u1")
    assert read_as["custom_params"] == {"title": "A", "campaign_source": "news"}
    assert (read_as["language"], read_as["screen_resolution"]) == ("de-AT", "1920x1080")
    several = [{"event_type": "pageview"}, {"event_type": "user_identify", "user": {"id": "u1", "plan": "pro"}}, {}]
    page, identify, none = dialect("/api/v1/s2s/event").read(request("/api/v1/s2s/event", "token=k", several))
    assert isinstance(none, Refused)
    assert [hit.values and hit.values["event_name"] for hit in (page, identify)] == ["page_view", "identify"]
    assert identify.values["event_data"] == {"plan": "pro"}
    assert isinstance(dialect("/api/v1/event").read(request("/api/v1/event", "", {"event_type": "x"}))[0], Refused)


def test_usermavens_script_a_fork_is_read_as_it_means() -> None:
    page = {
        "event_type": "pageview",
        "src": "usermaven",
        "user": {"anonymous_id": "5d2n13546a"},
        "company": {},
        "namespace": "default",
        "event_attributes": {"url": "https://shop.example/a", "referrer": "https://search.example/", "title": "A"},
        "url": "https://shop.example/a",
        "utm": {"source": "news", "medium": "email", "campaign": "Sale"},
    }
    read_as = values("/api/v1/event", "token=k", page)
    assert "event_data" not in read_as
    campaign = {"campaign_source": "news", "campaign_medium": "email", "campaign_name": "Sale"}
    assert read_as["custom_params"] == campaign
    signup = {**page, "event_type": "signup", "company": {"id": "c1"}, "event_attributes": {"plan": "pro"}}
    assert values("/api/v1/event", "token=k", signup)["event_data"] == {"company": {"id": "c1"}, "plan": "pro"}


def test_segment_answers_never_end_a_client() -> None:
    sent = request("/v1/batch", "", {})
    answer, refuse = dialect("/v1/batch").answer, dialect("/v1/batch").refuse
    assert json.loads(answer(sent, [TAKEN, BAD]).body) == {"success": True}
    limited = refuse(sent, LATER.refused)
    assert (limited.status, dict(limited.headers)["Retry-After"]) == (429, "9")
    away = refuse(sent, AWAY)
    assert (away.status, json.loads(away.body)["code"]) == (429, "SERVICE_UNAVAILABLE")
    assert json.loads(away.body)["message"] == "Away."


# ---- Google Analytics 4 ----


def test_ga4_is_read_from_pages() -> None:
    query = urlencode(
        {"v": "2", "tid": "G-ABC123", "cid": "1.2", "sid": "1795000000", "dl": "https://shop.example/a", "dt": "Start",
         "dr": "https://x.example/", "ul": "de-de", "sr": "1920x1080", "en": "purchase", "ep.plan": "pro", "epn.value": "9.5",
         "cu": "EUR"}
    )  # fmt: skip
    hit = one("/g/collect", query)
    assert hit.site == "G-ABC123"
    assert hit.values == {
        "url": "https://shop.example/a", "referrer": "https://x.example/", "event_name": "purchase",
        "event_data": {"plan": "pro", "value": 9.5, "currency": "EUR"}, "client_sub_id": "1.2", "session_id": "1.2.1795000000",
        "screen_resolution": "1920x1080", "language": "de-de", "custom_params": {"title": "Start"},
    }  # fmt: skip
    events = read("/g/collect", query, b"en=page_view\r\nen=scroll&epn.percent=90")
    assert [event.values["event_name"] for event in events] == ["page_view", "scroll"]


def test_items_currency_and_campaign_of_a_page_have_the_names_of_servers() -> None:
    """The query is that of @analytics-debugger/ga4mp 0.0.8 (npm), and a `~` doubled as Google's tag has it."""
    query = (
        "v=2&tid=G-ABC123&dl=https%3A%2F%2Fshop.example%2F&cu=EUR&epn.value=9.5&ep.transaction_id=A1&cs=news&cm=email"
        "&pr1=idSKU%7E%7E1%7EnmShoe%7Epr4.75%7Eqt2%7Ecared%7Ek0colour%7Ev0blue%7Ev1x&pr2=idB%7E&pro=x&en=purchase"
    )
    hit = values("/g/collect", query)
    shoe = {"item_id": "SKU~1", "item_name": "Shoe", "price": 4.75, "quantity": 2, "item_category": "red"}
    assert hit["event_data"] == {
        "value": 9.5, "transaction_id": "A1", "currency": "EUR",
        "items": [{**shoe, "colour": "blue"}, {"item_id": "B"}],
    }  # fmt: skip
    assert hit["custom_params"] == {"campaign_source": "news", "campaign_medium": "email"}


def test_properties_of_ga4s_user_are_custom_parameters() -> None:
    query = "tid=G-ABC123&dt=Start&up.plan=pro&upn.seats=3&upn.odd=1_000&upx=1&ep.up.x=1"
    hit = values("/g/collect", query)
    assert hit["custom_params"] == {"plan": "pro", "seats": 3, "odd": "1_000", "title": "Start"}
    assert hit["event_data"] == {"up.x": "1"}
    told = {"plan": {"value": "pro"}, "seats": {"value": 3}, "gone": {"value": None}, "odd": 7, "title": {"value": "x"}}
    event = {"name": "a", "params": {"page_title": "Start"}}
    hit = values("/mp/collect", "measurement_id=G-ABC123", {"user_properties": told, "events": [event]})
    assert hit["custom_params"] == {"plan": "pro", "seats": 3, "title": "Start"}


def test_ga4_is_read_from_servers() -> None:
    micros = int((NOW - timedelta(minutes=1)).timestamp()) * 1_000_000
    params = {"page_location": "https://shop.example/a", "session_id": "5", "value": 3}
    content = {
        "client_id": "1.2", "user_id": "u1", "timestamp_micros": micros,
        "events": [{"name": "buy", "params": params}, {}],
    }  # fmt: skip
    event, bad = read("/mp/collect", "measurement_id=G-ABC123&api_secret=theirs", content)
    assert (event.site, event.key, type(bad)) == ("G-ABC123", None, Refused)
    assert event.values == {
        "url": "https://shop.example/a", "event_name": "buy", "event_data": {"value": 3}, "client_sub_id": "u1",
        "session_id": "1.2.5", "age_ms": 60_000,
    }  # fmt: skip
    assert one("/mp/collect", f"api_secret={KEY}", {"events": [{"name": "a"}]}).key == KEY
    assert dialect("/g/collect").answer(request("/g/collect"), [TAKEN])[:2] == (b"", 204)


# ---- All ----


@pytest.mark.parametrize("path", sorted(DIALECT_AT))
def test_no_body_makes_a_reader_fail_otherwise_than_by_a_refusal(path: str) -> None:
    bodies = [b"", b"\xff\xfe", b"{", b"[]", b"[[]]", b"null", b'"x"', b"{}", b'{"batch":[]}', b'{"requests":{}}']
    for body in [*bodies, b"[" * 5000]:
        hits: list[Any] = []
        with contextlib.suppress(Refused):
            hits = read(path, "idsite=%00&tid=\xe9", body, HTTP_AUTHORIZATION="Basic \xe9")
        assert all(isinstance(hit, ClientHit | Refused) for hit in hits), body


# ---- The original ----


def test_an_event_inside_custom_params_becomes_one() -> None:
    hit = {"app_id": "shop", "custom_params": {"event_type": "add_to_cart", "event_data": {"sku": 1}, "plan": "pro"}}
    assert translated(hit, ()) == {
        "app_id": "shop", "event_name": "add_to_cart", "event_data": {"sku": 1}, "custom_params": {"plan": "pro"}
    }  # fmt: skip
    assert translated({"custom_params": {"event_type": "page_exit"}}, ()) == {
        "event_name": "page_exit",
        "custom_params": None,
    }
    assert translated({"custom_params": {"event_type": "x", "event_data": 3}}, ())["event_data"] == {"value": 3}
    named = {"event_name": "own", "custom_params": {"event_type": "x"}}
    assert translated(named, ()) is named
    assert translated({"custom_params": {"event_type": 3}}, ()) == {"custom_params": {"event_type": 3}}


def test_parameters_beside_the_fields_are_kept_where_they_are_defined() -> None:
    hit = {"app_id": "shop", "url": "x", "page_type": "cart", "secret": "s", "custom_params": {"plan": "pro"}}
    assert translated(hit, ("page_type", "url"))["custom_params"] == {"page_type": "cart", "plan": "pro"}
    assert translated(hit, ()) is hit
    plain = {"app_id": "shop", "url": "x"}
    assert translated(plain, ("page_type",)) is plain
