from typing import Any

import pytest

from tracker.application import Application
from tracker.errors import Refused
from tracker.receiver.admission import for_readers, host_of, is_local, require_own_page
from tracker.receiver.rules import Rules


def rules(domain: str | None = "shop.example", **settings: str) -> Rules:
    application = Application(
        id=None,  # type: ignore[arg-type] # not looked at
        app_id="shop",
        status="active",
        deleted=False,
        rate_limit_per_minute=1,
        domain=domain,
        settings=settings,
    )
    return Rules.of(application)


def taken(held: Rules, origin: str | None = None, referer: str | None = None) -> bool:
    environ = {"HTTP_ORIGIN": origin, "HTTP_REFERER": referer}
    try:
        require_own_page(held, {name: value for name, value in environ.items() if value is not None})
    except Refused as refused:
        return (refused.code, refused.status) != ("FORBIDDEN", 403)
    return True


OWN = [
    "https://shop.example",
    "http://shop.example:8080",
    "https://www.shop.example",
    "https://a.b.shop.example",
    "HTTPS://SHOP.EXAMPLE",
    "https://shop.example.",
]
FOREIGN = [
    "https://other.example",
    "https://example",
    "https://notshop.example",
    "https://shop.example.evil.example",
    "https://shop.example:80@evil.example",
    "http://localhost:3000",
    "http://127.0.0.1",
    "chrome-extension://abcdef",
    "https://203.0.113.9",
]
UNSAID = [None, "", "null", "about:client", "garbage", "\xe9\x00"]


@pytest.mark.parametrize("origin", OWN)
def test_pages_of_the_domain_and_its_subdomains_are_taken(origin: str) -> None:
    for mode in ("off", "lenient", "strict"):
        assert taken(rules(origin_check=mode), origin)
        assert taken(rules(origin_check=mode), None, f"{origin}/page?x=https://other.example/")


@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_pages_are_refused_unless_the_check_is_off(origin: str) -> None:
    for mode, expected in (("off", True), ("lenient", False), ("strict", False)):
        assert taken(rules(origin_check=mode), origin) is expected
        assert taken(rules(origin_check=mode), None, f"{origin}/?https://shop.example/") is expected


@pytest.mark.parametrize("origin", UNSAID)
def test_what_says_nothing_is_taken_unless_the_check_is_strict(origin: str | None) -> None:
    assert taken(rules(), origin)
    assert not taken(rules(origin_check="strict"), origin)
    assert taken(rules(origin_check="strict"), origin, "https://shop.example/")
    assert not taken(rules(), origin, "https://other.example/")


def test_the_origin_goes_before_the_referer() -> None:
    assert taken(rules(), "https://shop.example", "https://other.example/")
    assert not taken(rules(), "https://other.example", "https://shop.example/")


def test_without_a_domain_every_page_is_taken() -> None:
    for origin in OWN + FOREIGN:
        assert taken(rules(None, origin_check="strict"), origin)


@pytest.mark.parametrize(
    "origin", ["http://localhost", "http://localhost:3000", "http://a.localhost", "http://127.0.0.2", "http://[::1]:80"]
)
def test_localhost_is_taken_while_the_setting_says_so(origin: str) -> None:
    assert not taken(rules(), origin)
    assert taken(rules(allow_localhost="true"), origin)
    assert not taken(rules(allow_localhost="true"), "https://other.example")


def test_a_host_that_only_looks_local_is_not() -> None:
    assert not is_local("localhost.evil.example")
    assert not is_local("127.0.0.1.evil.example")
    assert host_of("https://shop.example/\n") is None


def test_the_page_that_may_read_the_answer_is_named() -> None:
    headers = (("Content-Type", "x"),)
    environ: dict[str, Any] = {"HTTP_ORIGIN": "https://www.shop.example"}
    require_own_page(rules(), environ)
    assert for_readers(headers, environ) == (
        ("Content-Type", "x"),
        ("Access-Control-Allow-Origin", "https://www.shop.example"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
    )
    foreign: dict[str, Any] = {"HTTP_ORIGIN": "https://other.example"}
    with pytest.raises(Refused):
        require_own_page(rules(), foreign)
    assert for_readers(headers, foreign) == (("Content-Type", "x"), ("Vary", "Origin"))
    anyone: dict[str, Any] = {"HTTP_ORIGIN": "https://other.example"}
    require_own_page(rules(None), anyone)
    assert for_readers(headers, anyone)[1] == ("Access-Control-Allow-Origin", "https://other.example")
    assert for_readers(headers, {}) == (*headers, ("Access-Control-Allow-Origin", "*"), ("Vary", "Origin"))
    assert for_readers(headers, {"HTTP_ORIGIN": "https://a\n.example"})[1] == ("Access-Control-Allow-Origin", "*")
    # No name is that long, and what is kept for each page would be.
    assert for_readers(headers, {"HTTP_ORIGIN": "https://" + "x" * 300})[1] == ("Access-Control-Allow-Origin", "*")
