import gzip

import pytest
from werkzeug.test import Client

from tracker.beacon.script import SOURCE, script
from tracker.receiver.app import create_app

LARGEST = 5 * 1024


@pytest.fixture
def client() -> Client:
    def nothing() -> None:
        raise AssertionError("the script needs no server and no receiver")

    return Client(create_app(nothing))  # type: ignore[arg-type]


def test_the_script_is_served_to_any_site_and_may_be_kept(client: Client) -> None:
    answer = client.get("/tracker.js")
    assert (answer.status_code, answer.data) == (200, script().body)
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("public, max-age=")
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_a_browser_that_has_it_is_told_so(client: Client) -> None:
    first = client.get("/tracker.js")
    again = client.get("/tracker.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert client.get("/tracker.js", headers={"If-None-Match": '"older"'}).status_code == 200


def test_it_is_compressed_where_the_browser_takes_that(client: Client) -> None:
    plain = client.get("/tracker.js")
    for refusing in ("gzip;q=0", "identity"):
        assert client.get("/tracker.js", headers={"Accept-Encoding": refusing}).data == plain.data
    answer = client.get("/tracker.js", headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == plain.data
    assert answer.headers["ETag"] != plain.headers["ETag"]


def test_it_has_at_most_five_kilobytes(client: Client) -> None:
    compressed = client.get("/tracker.js", headers={"Accept-Encoding": "gzip"}).data
    assert len(compressed) == int(
        client.get("/tracker.js", headers={"Accept-Encoding": "gzip"}).headers["Content-Length"]
    )
    assert len(compressed) <= LARGEST
    assert len(script().body) < len(SOURCE.read_bytes())


def test_head_is_answered_and_nothing_else_is_taken(client: Client) -> None:
    head = client.head("/tracker.js")
    assert (head.status_code, head.data) == (200, b"")
    assert client.post("/tracker.js").status_code == 405


def test_the_test_page_is_there_for_developers_only(client: Client) -> None:
    for path in ("/test-page", "/test-page/next", "/test-page/page.js", "/test-page/hits"):
        assert client.get(path).status_code == 404


def test_the_originals_addresses_have_it_too(client: Client) -> None:
    assert client.get("/tracker.min.js").data == script().body
    named = client.get("/tracker/my-shop.js")
    assert named.data.endswith(script().body)
    assert b'{app_id:"my-shop",endpoint:new URL("../v1/track"' in named.data
    assert named.headers["ETag"] != client.get("/tracker/other.js").headers["ETag"]
    for path in ('/tracker/a"b.js', "/tracker/é.js", "/tracker/my-shop", f"/tracker/{'x' * 51}.js"):
        assert client.get(path).status_code == 404
    assert client.get("/live").get_json()["data"] == {"status": "ok"}
