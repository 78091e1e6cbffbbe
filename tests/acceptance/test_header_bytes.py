"""Headers with bytes beyond ASCII, of other programs on the same domain and of visitors: nothing is taken for empty."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.receiving import queued_hits
from tests.support.serving import Serving, serving
from tracker.queueing.connection import Connection

pytestmark = pytest.mark.usefixtures("application")

HIT = b'{"app_id":"shop","url":"https://shop.example/"}'


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Serving]:
    with serving({**environment, "TRACKER_TRUSTED_PROXIES": "1"}, tmp_path) as running:
        yield running


def post(*headers: bytes) -> bytes:
    head = [b"POST /v1/track HTTP/1.1", b"Host: tracker", b"Content-Length: %d" % len(HIT), *headers]
    return b"\r\n".join([*head, b"", HIT])


def test_bytes_beyond_ascii_cost_neither_a_sign_in_nor_an_address_nor_a_bots_name(
    server: Serving, redis: Connection, environment: dict[str, str]
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    with closing(server.connect()) as connection:
        connection.request("POST", "/dashboard/sign-in", urlencode({"key": environment["TRACKER_ADMIN_TOKEN"]}), form)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        session_cookie = str(answer.headers["Set-Cookie"]).partition(";")[0].encode()
    for others in ("city=東京", "city=Zürich"):
        for encoding in ("utf-8", "latin-1"):
            cookie = b"Cookie: " + others.encode(encoding, "replace") + b"; " + session_cookie
            head, page = server.ask(b"GET /dashboard HTTP/1.1\r\nHost: tracker\r\n" + cookie + b"\r\n\r\n")
            assert head.startswith(b"http/1.1 200"), others
            assert b"/dashboard/applications/shop" in page
    bot = "User-Agent: Mozilla/5.0 (compatible; Café-Googlebot/2.1; +http://www.google.com/bot.html)"
    for encoding in ("utf-8", "latin-1"):
        head, _ = server.ask(post(bot.encode(encoding)))
        assert b"x-tracker-filtered: bot" in head
        server.ask(post("X-Forwarded-For: é, 203.0.113.5".encode(encoding)))
    assert [hit.ip_address for hit in queued_hits(redis)] == ["203.0.113.0", "203.0.113.0"]
