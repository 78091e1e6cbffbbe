import pytest

from tests.support.receiving import Receiving, code, queued, queued_hits
from tracker.application import Application
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.receiver.answers import GIF
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")


def test_a_pixel_is_a_hit(receiving: Receiving, redis: Connection, application: Application) -> None:
    answer = receiving.pixel(
        "app_id=shop&url=https%3A%2F%2Fshop.example%2F%C3%A9&session_id=s1&cp.page_type=cart"
        '&custom_params={"price":1.5}&event_name=seen&event_data={"a":[1]}&age_ms=1000&language=ja',
        headers={"Referer": "https://shop.example/page", "User-Agent": "Browser/1"},
    )
    assert (code(answer), answer.data) == ((200, None), GIF)
    (hit,) = queued_hits(redis)
    assert hit.application_id == application.id
    assert (hit.url, hit.session_id, hit.language) == ("https://shop.example/é", "s1", "ja")
    assert (hit.event_name, hit.event_data) == ("seen", {"a": [1]})
    assert hit.custom_params == {"price": 1.5, "page_type": "cart"}
    assert (hit.user_agent, hit.ip_address, hit.referrer) == ("Browser/1", "127.0.0.0", None)


def test_the_image_is_whole_transparent_small_and_never_cached(receiving: Receiving) -> None:
    answer = receiving.pixel("app_id=shop")
    assert answer.mimetype == "image/gif"
    assert len(answer.data) == int(answer.headers["Content-Length"]) <= 43
    assert answer.data.startswith(b"GIF89a\x01\x00\x01\x00")
    assert b"\x21\xf9\x04\x01" in answer.data
    assert answer.data.endswith(b"\x3b")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_the_page_is_the_referer_where_it_is_not_said(receiving: Receiving, redis: Connection) -> None:
    receiving.pixel("app_id=shop", headers={"Referer": "https://shop.example/page"})
    assert queued_hits(redis)[0].url == "https://shop.example/page"


@pytest.mark.parametrize(
    ("query", "reason", "named"),
    [
        ("", "VALIDATION_ERROR", "app_id"),
        ("app_id=", "VALIDATION_ERROR", "app_id"),
        ("app_id=nobody", "APPLICATION_NOT_FOUND", "app_id"),
        ("app_id=" + "x" * 51, "VALIDATION_ERROR", "app_id"),
        ("app_id=shop&session_id=" + "x" * 101, "VALIDATION_ERROR", "session_id"),
        ("app_id=shop&module_id=%00", "VALIDATION_ERROR", "module_id"),
        ("app_id=shop&custom_params=[]", "VALIDATION_ERROR", "custom_params"),
        ("app_id=shop&cp." + "k" * 101 + "=1", "VALIDATION_ERROR", "custom_params"),
        ("app_id=shop&cp.%C3%A9%0D%0ASet-Cookie:a=%00", "VALIDATION_ERROR", "custom_params"),
        ("app_id=shop&age_ms=-1", "VALIDATION_ERROR", "age_ms"),
    ],
)
def test_a_refused_pixel_is_an_image_all_the_same_and_says_why(
    receiving: Receiving, redis: Connection, query: str, reason: str, named: str
) -> None:
    answer = receiving.pixel(query)
    assert (code(answer), answer.data) == ((200, reason), GIF)
    assert named in answer.headers["X-Tracker-Error-Message"]
    assert answer.headers["X-Tracker-Error-Message"].isascii()
    assert queued(redis) == []


def test_odd_bytes_are_cleaned_and_the_hit_is_taken(receiving: Receiving, redis: Connection) -> None:
    assert code(receiving.pixel("app_id=shop&url=%ff&language=" + "x" * 99 + "&cp.a=%ed%a0%80")) == (200, None)
    (hit,) = queued_hits(redis)
    assert (hit.url, hit.language, hit.custom_params) == ("�", "x" * 10, {"a": "���"})


def test_a_suspended_application_and_a_reached_limit_show_in_the_headers(
    receiving: Receiving, database: Database
) -> None:
    applications.create(database, name="Small", app_id="small", rate_limit=1)
    # Over the end of a minute one more fits.
    answers = [receiving.pixel("app_id=small") for _ in range(4)]
    limited = answers[-1]
    assert (code(limited), limited.data) == ((200, "RATE_LIMIT_EXCEEDED"), GIF)
    assert limited.headers["Retry-After"]
    assert limited.headers["X-RateLimit-Remaining"] == "0"


def test_a_head_asks_about_the_image_and_is_no_hit(receiving: Receiving, redis: Connection) -> None:
    answer = receiving.client.head("/pixel.gif?app_id=shop")
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "43")
    assert queued(redis) == []


def test_another_method_is_405_and_an_image(receiving: Receiving) -> None:
    answer = receiving.client.post("/pixel.gif?app_id=shop")
    assert (code(answer), answer.data) == ((405, "METHOD_NOT_ALLOWED"), GIF)
