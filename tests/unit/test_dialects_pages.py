"""What the scripts of Umami, Plausible and GoatCounter send, and what they hear."""
# ruff: noqa: E501 - requests are long

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.dialect_requests import AWAY, BAD, KEY, TAKEN, dialect, one, read, request, values
from tracker.dialects.dialect import ClientHit, HitOutcome
from tracker.dialects.gif import GIF
from tracker.dialects.table import dialect_below
from tracker.errors import Refused

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


def test_umamis_older_script_tells_paths_and_encodes_once_more() -> None:
    """Version 2 of the script: `encodeURI` of what is encoded already, `encodeURIComponent` of the title."""
    page = umami(
        url="/a%2520b?x=%257C|", referrer="/%25E3%2581%2582", hostname="shop.example", title="100%20%25%20%E3%81%82"
    )
    read_as = values("/api/send", "", page)
    assert read_as["url"] == "https://shop.example/a%20b?x=%7C|"
    assert read_as["referrer"] == "https://shop.example/%E3%81%82"
    assert read_as["custom_params"]["title"] == "100 % あ"
    newer = umami(url="https://shop.example/a%2520b", referrer="https://x.example/%25", title="100 % あ")
    assert values("/api/send", "", newer)["url"] == "https://shop.example/a%2520b"
    assert values("/api/send", "", newer)["referrer"] == "https://x.example/%25"
    assert values("/api/send", "", newer)["custom_params"]["title"] == "100 % あ"
    for title in ("%00", "%FF%FE", "100%"):
        assert values("/api/send", "", umami(title=title))["custom_params"]["title"] == title


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("signup/step-2", "https://shop.example/signup/step-2"),
        ("?step=2", "https://shop.example/?step=2"),
        ("//other.example/a", "//other.example/a"),
        ("app://start", "app://start"),
    ],
)
def test_a_page_that_a_site_names_itself_belongs_to_its_host(told: str, url: str) -> None:
    read_as = values("/api/send", "", umami(url=told, hostname="shop.example", referrer="search.example"))
    assert (read_as["url"], read_as["referrer"]) == (url, "search.example")


def test_umamis_first_version_has_an_address_and_names_of_its_own() -> None:
    """As nuxt-umami 2.5.4 (npm) sends them; its `version` is 1 unless it is told otherwise."""
    told = {
        "url": "/a",
        "referrer": "https://x.example/",
        "hostname": "shop.example",
        "screen": "10x20",
        "language": "de",
    }
    page = {
        "url": "https://shop.example/a", "referrer": "https://x.example/", "event_name": "page_view",
        "screen_resolution": "10x20", "language": "de",
    }  # fmt: skip
    assert values("/api/collect", "", umami("pageview", **told)) == page
    event = umami(event_name="signup", event_data={"plan": "pro"}, **told)
    assert values("/api/collect", "", event) == {**page, "event_name": "signup", "event_data": {"plan": "pro"}}
    older = umami(event_type="click", event_value="signup", **told)
    assert values("/api/collect", "", older) == {**page, "event_name": "signup"}


def test_a_key_of_ours_is_found_where_a_client_can_put_it() -> None:
    def basic(pair: str) -> str:
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    for headers in (
        {"HTTP_X_API_KEY": KEY},
        {"HTTP_AUTHORIZATION": f"bearer {KEY}"},
        {"HTTP_AUTHORIZATION": basic(f"{KEY}:")},
        {"HTTP_AUTHORIZATION": basic(f"importer:{KEY}")},
    ):
        assert one("/matomo.php", "idsite=7", **headers).key == KEY
        assert one("/count", "p=/", **headers).key == KEY
    for authorization in ("Basic", "Basic !", f"Basic {KEY}", basic("a:b"), f"Digest {KEY}", basic("\xff:x")):
        assert one("/matomo.php", "idsite=7", HTTP_AUTHORIZATION=authorization).key is None


def test_of_a_list_of_languages_the_first_is_the_visitors() -> None:
    assert values("/api/send", "", umami(language="de-AT,de;q=0.7"))["language"] == "de-AT"
    assert values("/matomo.php", "idsite=7&lang=de-AT,de%3Bq=0.7")["language"] == "de-AT"


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
    assert values("/count", "p=/a", HTTP_REFERER="http://[x/")["url"] == "/a"


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
