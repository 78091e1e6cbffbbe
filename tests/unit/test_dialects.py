"""What the dialects read in their clients' requests, and what they answer."""
# ruff: noqa: E501 - requests are long

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome
from tracker.dialects.gif import GIF
from tracker.dialects.original import translated
from tracker.dialects.table import DIALECT_AT, dialect_below
from tracker.errors import Refused

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEY = "alt_key"
TAKEN = HitOutcome(tracking_id=uuid4())
LATER = HitOutcome(refused=Refused("RATE_LIMIT_EXCEEDED", 429, "Later.", retry_after=9))
BAD = HitOutcome(refused=Refused("VALIDATION_ERROR", 400, "Bad.", details={"url": ["Bad."]}))
AWAY = Refused("SERVICE_UNAVAILABLE", 503, "Away.", retry_after=5)


def request(path: str, query: str = "", body: Any = b"", **headers: str) -> ClientRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ClientRequest("POST" if content else "GET", path, query, content, headers, NOW)


def dialect(path: str) -> Dialect:
    found = DIALECT_AT.get(path) or dialect_below(path)
    assert found is not None
    return found


def read(path: str, query: str = "", body: Any = b"", **headers: str) -> list[Any]:
    return list(dialect(path).read(request(path, query, body, **headers)))


def one(path: str, query: str = "", body: Any = b"", **headers: str) -> ClientHit:
    [hit] = read(path, query, body, **headers)
    assert isinstance(hit, ClientHit)
    return hit


def values(*arguments: Any, **headers: str) -> dict[str, Any]:
    found = one(*arguments, **headers).values
    assert found is not None
    return found


def matomo(**parameters: Any) -> str:
    return urlencode({"idsite": "7", "rec": "1", "url": "https://shop.example/a", **parameters})


# ---- Matomo ----


def test_matomo_is_read_from_a_query_with_an_empty_body() -> None:
    query = matomo(
        action_name="Start", urlref="https://search.example/", _id="0123456789abcdef", pv_id="aB3dEf", res="1280x720",
        dimension1="gold", send_image="0", _rcn="spring", cvar='{"1":["plan","pro"]}', h=1, m=2, s=3, _idn="undefined",
    )  # fmt: skip
    hit = one("/matomo.php", query, HTTP_ACCEPT_LANGUAGE="de-AT,de;q=0.7")
    assert (hit.site, hit.key) == ("7", None)
    assert hit.values == {
        "url": "https://shop.example/a",
        "referrer": "https://search.example/",
        "event_name": "page_view",
        "client_sub_id": "0123456789abcdef",
        "screen_resolution": "1280x720",
        "language": "de-AT",
        "custom_params": {
            "title": "Start",
            "pv_id": "aB3dEf",
            "campaign": "spring",
            "plan": "pro",
            "dimension1": "gold",
        },
    }


@pytest.mark.parametrize(
    ("parameters", "event"),
    [
        ({"e_c": "video", "e_a": "play", "e_n": "intro", "e_v": "9.5", "ca": "1"},
         ("play", {"category": "video", "action": "play", "name": "intro", "value": 9.5})),
        ({"e_c": "video", "e_v": "undefined"}, ("video", {"category": "video"})),
        ({"search": "red shoes", "search_cat": "shop", "search_count": "0"},
         ("site_search", {"keyword": "red shoes", "category": "shop", "count": 0})),
        ({"idgoal": "3", "revenue": "12"}, ("goal", {"goal_id": 3, "revenue": 12})),
        ({"idgoal": "0", "ec_id": "A1", "revenue": "20.5", "ec_st": "undefined", "ec_tx": "1",
          "ec_items": '[["SKU","Shoe",["red","big"],10.25,2]]'},
         ("order", {"order_id": "A1", "revenue": 20.5, "tax": 1, "items": [
             {"sku": "SKU", "name": "Shoe", "category": ["red", "big"], "price": 10.25, "quantity": 2}]})),
        ({"idgoal": "0", "revenue": "5", "ec_items": "no json"}, ("cart_update", {"revenue": 5})),
        ({"link": "https://other.example/"}, ("outbound_link", {"url": "https://other.example/"})),
        ({"download": "https://shop.example/a.pdf"}, ("download", {"url": "https://shop.example/a.pdf"})),
        ({"c_n": "ad", "c_p": "a.png", "c_t": "/x"}, ("content_impression", {"name": "ad", "piece": "a.png", "target": "/x"})),
        ({"c_n": "ad", "c_i": "click"}, ("content_interaction", {"name": "ad", "interaction": "click"})),
    ],
)  # fmt: skip
def test_matomo_says_what_happened(parameters: dict[str, str], event: tuple[str, dict[str, Any]]) -> None:
    found = values("/matomo.php", matomo(**parameters))
    assert (found["event_name"], found.get("event_data", {})) == event


@pytest.mark.parametrize("parameters", [{"ping": "1"}, {"ca": "1", "pf_net": "3"}, {"rec": "0"}])
def test_matomo_measures_what_is_no_hit(parameters: dict[str, str]) -> None:
    assert one("/matomo.php", matomo(**parameters)).values is None


def test_matomo_names_the_visitor_in_four_ways() -> None:
    ids = {"id": "i", "_id": "_i", "cid": "c", "uid": "u"}
    for count, expected in enumerate(("i", "_i", "c", "u"), start=1):
        assert values("/piwik.php", matomo(**dict(list(ids.items())[:count])))["client_sub_id"] == expected
    assert values("/piwik.php", matomo(uid="undefined", _id="x"))["client_sub_id"] == "x"


def test_matomo_takes_a_form_and_bulk_of_queries_and_of_objects() -> None:
    assert values("/piwik.php", "", matomo(e_c="a").encode())["event_name"] == "a"
    bulk = {
        "token_auth": KEY,
        "requests": [
            f"?{matomo(cdt='2026-11-01 10:00:00', cip='203.0.113.9', ua='Browser/1', lang='ja')}",
            {"idsite": 8, "rec": 1, "url": "https://shop.example/b", "cvar": {"1": ["bot", "no"]}, "cdt": 1795000000},
            {"rec": 1},
            7,
        ],
    }
    text, an_object, without_site, wrong = read("/ppms.php", "", bulk)
    assert (text.site, text.key) == ("7", KEY)
    assert text.values["timestamp"] == "2026-11-01T10:00:00+00:00"
    assert (text.values["ip_address"], text.values["user_agent"]) == ("203.0.113.9", "Browser/1")
    assert text.values["language"] == "ja"
    assert (an_object.site, an_object.values["custom_params"]) == ("8", {"bot": "no"})
    assert isinstance(without_site, Refused)
    assert isinstance(wrong, Refused)


def test_an_age_stands_for_a_time_without_a_key_and_too_old_a_one_is_refused() -> None:
    hour_ago = int((NOW - timedelta(hours=1)).timestamp())
    assert values("/matomo.php", matomo(cdt=hour_ago))["age_ms"] == 3_600_000
    assert "age_ms" not in values("/matomo.php", matomo(cdt=hour_ago + 9000))
    with pytest.raises(Refused):
        read("/matomo.php", matomo(cdt=hour_ago - 86400))
    assert "age_ms" not in values("/matomo.php", matomo(cdt="yesterday"))


def test_matomo_answers_with_an_image_nothing_or_json() -> None:
    image = request("/matomo.php", matomo())
    silent = request("/matomo.php", matomo(send_image=0))
    bulk = request("/matomo.php", "", {"requests": []})
    answer, refuse = dialect("/matomo.php").answer, dialect("/matomo.php").refuse
    assert (answer(image, [TAKEN]).status, answer(image, [TAKEN]).body) == (200, GIF)
    assert (answer(silent, [TAKEN]).status, answer(silent, [TAKEN]).body) == (204, b"")
    assert json.loads(answer(bulk, [TAKEN, BAD, TAKEN]).body) == {"status": "success", "tracked": 2, "invalid": 1}
    assert (refuse(image, AWAY).status, refuse(silent, AWAY).status, refuse(bulk, AWAY).status) == (503, 503, 503)
    assert ("Retry-After", "5") in refuse(silent, AWAY).headers


# ---- Umami ----

WEBSITE = "94db1cb1-74f4-4a40-ad6c-962362670409"


def umami(kind: str = "event", **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": {"website": WEBSITE, **payload}}


def test_umami_is_read() -> None:
    page = umami(
        url="https://shop.example/a?b=1", referrer="https://search.example/", title="Start", hostname="shop.example",
        screen="1920x1080", language="en-GB", tag="A",
    )  # fmt: skip
    hit = one("/api/send", "", page)
    assert (hit.site, hit.key) == (WEBSITE, None)
    assert hit.values == {
        "url": "https://shop.example/a?b=1",
        "referrer": "https://search.example/",
        "event_name": "page_view",
        "screen_resolution": "1920x1080",
        "language": "en-GB",
        "custom_params": {"title": "Start", "tag": "A"},
    }
    event = values(
        "/api/send", "", umami(name="signup", data={"plan": "pro"}, id="u1", url="/b", hostname="shop.example")
    )
    assert (event["event_name"], event["event_data"]) == ("signup", {"plan": "pro"})
    assert (event["client_sub_id"], event["url"]) == ("u1", "https://shop.example/b")
    assert values("/api/send", "", umami("identify", id="u1", data={"a": 1}))["event_name"] == "identify"
    assert one("/api/send", "", umami("performance", lcp=1)).values is None
    assert values("/api/send", "", umami(name="x"), HTTP_AUTHORIZATION="Bearer None")["event_name"] == "x"
    assert one("/api/send", "", umami(name="x"), HTTP_AUTHORIZATION=f"Bearer {KEY}").key == KEY
    assert values("/api/send", "", umami(), HTTP_X_FORWARDED_FOR="203.0.113.9, 10.0.0.1")["ip_address"] == "203.0.113.9"


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", {"type": "event"}, {"type": "event", "payload": {}}])
def test_umami_refuses_what_names_no_website(body: Any) -> None:
    with pytest.raises(Refused):
        read("/api/send", "", body)


def test_umami_takes_several_and_answers_json_always() -> None:
    good, bad = read("/api/batch", "", [umami(name="a"), {"type": "event"}])
    assert (good.values["event_name"], type(bad)) == ("a", Refused)
    answer = dialect("/api/send").answer
    batch = json.loads(answer(request("/api/batch", "", []), [TAKEN, BAD]).body)
    assert (batch["size"], batch["processed"], batch["errors"]) == (2, 1, 1)
    single = json.loads(answer(request("/api/send", "", {}), [TAKEN]).body)
    assert single == {"cache": "0", "sessionId": str(TAKEN.tracking_id), "visitId": str(TAKEN.tracking_id)}
    assert json.loads(answer(request("/api/send", "", {}), [HitOutcome(filtered="bot")]).body) == {"beep": "boop"}
    refused = dialect("/api/send").refuse(request("/api/send", "", {}), AWAY)
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


# ---- Plausible ----


def test_plausible_is_read_with_its_short_and_its_long_names() -> None:
    short = {"n": "pageview", "u": "https://shop.example/a", "d": "shop.example", "r": None, "w": 1200, "h": 0}
    assert one("/api/event", "", short) == ClientHit(
        "shop.example", {"url": "https://shop.example/a", "event_name": "page_view"}
    )
    long = {
        "name": "Buy",
        "url": "https://shop.example/b",
        "domain": "shop.example, all.example",
        "referrer": "https://x.example",
    }
    first, second = read(
        "/api/event", "", {**long, "props": {"plan": "pro"}, "revenue": {"amount": "9.50", "currency": "EUR"}}
    )
    assert (first.site, second.site) == ("shop.example", "all.example")
    assert first.values == second.values
    assert first.values["event_data"] == {"plan": "pro", "revenue": 9.5, "currency": "EUR"}
    assert values("/api/event", "", {**short, "n": "Buy", "p": '{"plan":"pro"}'})["event_data"] == {"plan": "pro"}
    assert values("/api/event", "", {**short, "n": "Buy", "p": {"plan": "pro"}, "$": {"amount": 3}})["event_data"] == {
        "plan": "pro",
        "revenue": 3,
    }
    assert one("/api/event", "", {**short, "n": "engagement", "sd": 50, "e": 1000}).values is None


def test_plausible_answers_as_its_clients_expect() -> None:
    sent = request("/api/event", "", {})
    assert dialect("/api/event").answer(sent, [TAKEN])[:2] == (b"ok", 202)
    refused = dialect("/api/event").refuse(sent, Refused("VALIDATION_ERROR", 400, "Bad.", details={"domain": ["Bad."]}))
    assert (refused.status, json.loads(refused.body)) == (400, {"errors": {"domain": ["Bad."]}})
    for body in ({}, {"n": "a"}, {"d": "x"}, {"n": "a", "d": ","}, []):
        with pytest.raises(Refused):
            read("/api/event", "", body)


# ---- GoatCounter ----


def test_goatcounter_is_read_below_a_site_and_at_a_host() -> None:
    query = urlencode(
        {"p": "/a", "t": "Start", "r": "https://search.example/", "s": "1920", "b": "0", "q": "?utm_source=x"}
    )
    hit = one("/c/shop/count", query, HTTP_REFERER="https://shop.example/")
    assert hit.site == "shop"
    assert hit.values == {
        "url": "https://shop.example/a?utm_source=x",
        "referrer": "https://search.example/",
        "event_name": "page_view",
        "custom_params": {"title": "Start"},
    }
    event = one(
        "/count", urlencode({"p": "signup", "e": "true", "s": "1920,1080,2"}), HTTP_HOST="Stats.Shop.Example:8080"
    )
    assert event.site == "stats.shop.example"
    assert event.values == {"event_name": "signup", "screen_resolution": "1920x1080"}
    assert values("/count", "p=/a", HTTP_ORIGIN="https://shop.example")["url"] == "https://shop.example/a"
    assert values("/count", "p=/a", HTTP_ORIGIN="null")["url"] == "/a"


def test_goatcounter_takes_hits_of_servers() -> None:
    hits = [
        {"path": "/a", "title": "A", "ref": "https://x.example", "size": [1920, 1080, 1], "query": "q=1", "ip": "203.0.113.9",
         "user_agent": "Browser/1", "session": "s", "created_at": "2026-11-29T11:00:00Z"},
        {"path": "signup", "event": True},
        {},
    ]  # fmt: skip
    page, event, bad = read("/c/shop/api/v0/count", "", {"hits": hits}, HTTP_AUTHORIZATION=f"Bearer {KEY}")
    assert (page.site, page.key) == ("shop", KEY)
    assert page.values == {
        "url": "/a?q=1", "referrer": "https://x.example", "event_name": "page_view", "screen_resolution": "1920x1080",
        "custom_params": {"title": "A"}, "session_id": "s", "ip_address": "203.0.113.9", "user_agent": "Browser/1",
        "timestamp": "2026-11-29T11:00:00+00:00",
    }  # fmt: skip
    assert event.values == {"event_name": "signup"}
    assert isinstance(bad, Refused)
    assert one("/api/v0/count", "", {"hits": [{"path": "/"}]}, HTTP_X_API_KEY=KEY).site is None
    answer = dialect("/c/shop/api/v0/count").answer
    assert answer(request("/c/shop/api/v0/count", "", {}), [TAKEN])[:2] == (b"{}", 202)
    assert answer(request("/c/shop/api/v0/count", "", {}), [TAKEN, BAD])[:2] == (b'{"errors":{"1":"Bad."}}', 400)
    assert answer(request("/c/shop/count", "p=/a"), [TAKEN])[:2] == (GIF, 200)


@pytest.mark.parametrize(
    "path", ["/c/", "/c/shop", "/c/shop/", "/c/shop/counts", "/c/shop/api/v0", "/x/shop/count", "/c/a/b/count"]
)
def test_other_paths_are_none_of_goatcounter(path: str) -> None:
    assert dialect_below(path) is None


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
        "client_sub_id": "u1", "session_id": "u1.1795000000", "screen_resolution": "1920x1080", "language": "de-DE",
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


def test_segment_answers_never_end_a_client() -> None:
    sent = request("/v1/batch", "", {})
    answer, refuse = dialect("/v1/batch").answer, dialect("/v1/batch").refuse
    assert json.loads(answer(sent, [TAKEN, BAD]).body) == {"success": True}
    limited = answer(sent, [TAKEN, LATER])
    assert (limited.status, dict(limited.headers)["Retry-After"]) == (429, "9")
    away = refuse(sent, AWAY)
    assert (away.status, json.loads(away.body)["code"]) == (429, "SERVICE_UNAVAILABLE")
    assert json.loads(away.body)["message"] == "Away."


# ---- Google Analytics 4 ----


def test_ga4_is_read_from_pages() -> None:
    query = urlencode(
        {"v": "2", "tid": "G-ABC123", "cid": "1.2", "sid": "1795000000", "dl": "https://shop.example/a", "dt": "Start",
         "dr": "https://x.example/", "ul": "de-de", "sr": "1920x1080", "en": "purchase", "ep.plan": "pro", "epn.value": "9.5"}
    )  # fmt: skip
    hit = one("/g/collect", query)
    assert hit.site == "G-ABC123"
    assert hit.values == {
        "url": "https://shop.example/a", "referrer": "https://x.example/", "event_name": "purchase",
        "event_data": {"plan": "pro", "value": 9.5}, "client_sub_id": "1.2", "session_id": "1.2.1795000000",
        "screen_resolution": "1920x1080", "language": "de-de", "custom_params": {"title": "Start"},
    }  # fmt: skip
    events = read("/g/collect", query, b"en=page_view\r\nen=scroll&epn.percent=90")
    assert [event.values["event_name"] for event in events] == ["page_view", "scroll"]


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
@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"{", b"[]", b"[[]]", b"null", b'"x"', b"{}", b'{"batch":[]}', b'{"requests":{}}', b"[" * 5000],
)
def test_no_body_makes_a_reader_fail_otherwise_than_by_a_refusal(path: str, body: bytes) -> None:
    hits: list[Any] = []
    with contextlib.suppress(Refused):
        hits = read(path, "idsite=%00&tid=\xe9", body, HTTP_AUTHORIZATION="Basic \xe9")
    assert all(isinstance(hit, ClientHit | Refused) for hit in hits)


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
