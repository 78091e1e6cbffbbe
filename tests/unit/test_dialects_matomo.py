"""What Matomo's clients send, and what they hear."""
# ruff: noqa: E501 - requests are long

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.dialect_requests import AWAY, BAD, KEY, NOW, TAKEN, dialect, one, read, request, values
from tracker.dialects.gif import GIF
from tracker.errors import Refused


def matomo(**parameters: Any) -> str:
    return urlencode({"idsite": "7", "rec": "1", "url": "https://shop.example/a", **parameters})


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
        ({"_pks": "SKU", "_pkn": "Shoe", "_pkc": '["red","big"]', "_pkp": "10.25"},
         ("page_view", {"sku": "SKU", "name": "Shoe", "category": ["red", "big"], "price": 10.25})),
        ({"_pks": "", "_pkn": "", "_pkc": "Shoes"}, ("page_view", {"category": "Shoes"})),
        ({"link": "https://other.example/"}, ("outbound_link", {"url": "https://other.example/"})),
        ({"download": "https://shop.example/a.pdf"}, ("download", {"url": "https://shop.example/a.pdf"})),
        ({"c_n": "ad", "c_p": "a.png", "c_t": "/x"}, ("content_impression", {"name": "ad", "piece": "a.png", "target": "/x"})),
        ({"c_n": "ad", "c_i": "click"}, ("content_interaction", {"name": "ad", "interaction": "click"})),
    ],
)  # fmt: skip
def test_matomo_says_what_happened(parameters: dict[str, str], event: tuple[str, dict[str, Any]]) -> None:
    hit = values("/matomo.php", matomo(**parameters))
    assert (hit["event_name"], hit.get("event_data", {})) == event


@pytest.mark.parametrize("parameters", [
    {"ping": "1"}, {"ca": "1", "pf_net": "3"}, {"rec": "0"},
    {"ma_id": "kfUQnT", "ma_mt": "video", "ma_st": "12", "ma_le": "60", "ma_ti": "Trailer"},
    {"recMode": "1", "source": "WordPress", "http_status": "200", "bw_bytes": "5", "pf_srv": "12"},
])  # fmt: skip
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
    told = {"status": "success", "tracked": 2, "invalid": 1, "invalid_indices": [1]}
    assert json.loads(answer(bulk, [TAKEN, BAD, TAKEN]).body) == told
    assert (refuse(image, AWAY).status, refuse(silent, AWAY).status, refuse(bulk, AWAY).status) == (503, 503, 503)
    assert ("Retry-After", "5") in refuse(silent, AWAY).headers
