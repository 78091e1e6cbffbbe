"""Lines that real servers wrote for the same requests: what is read is what was sent, as far as the server wrote it.

tests/data/logs: nginx 1.22.1, Apache 2.4.71, Caddy 2.6.2, HAProxy 2.6.12, Tomcat 10.1.60, morgan 1.12.1, Squid 5.7.
"""

from pathlib import Path
from typing import Any

import pytest

from tracker.importing.formats import reader_of
from tracker.importing.record import Malformed, Record

LOGS = Path(__file__).parents[1] / "data/logs"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


def records(name: str, format_: str | None = None) -> list[Record]:
    """What is read of a file's lines; those that are malformed are left out."""
    reader = reader_of(format_)
    results = []
    for line in (LOGS / name).read_bytes().splitlines():
        try:
            results.append(reader(line))
        except Malformed:
            continue
    return [record for record in results if record is not None]


def by_path(name: str, format_: str | None = None) -> dict[str, Record]:
    record_of = {}
    for record in records(name, format_):
        if url := record.columns.get("url"):
            record_of[url.partition("?")[0].partition("site.example")[2] or url.partition("?")[0]] = record
    return record_of


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("nginx.log", "nginx"),
        ("nginx.log", None),
        ("apache.log", "apache"),
        ("apache.log", None),
        ("nginx-json.log", None),
        ("caddy.log", None),
        ("nginx-vhost.log", None),
        ("nginx-vhost.log", "nginx-vhost"),
        ("apache-vhost.log", "apache-vhost"),
        ("haproxy-httplog.log", None),
        ("haproxy-httplog-clf.log", None),
    ],
)
def test_what_is_read_is_what_was_sent(name: str, format_: str | None) -> None:
    record_of = by_path(name, format_)
    is_haproxy = name.startswith("haproxy")
    assert record_of["/plain"].columns == {
        "ip_address": "127.0.0.1",
        "url": "/plain?a=1",
        "user_agent": BROWSER,
        "event_data": record_of["/plain"].columns["event_data"],
    } | ({} if is_haproxy else {"referrer": "https://ref.example/x?y=1"})
    assert record_of["/quote"].columns["user_agent"] == r'A "q" \ b'
    assert record_of["/utf8ua"].columns["user_agent"] == "Agent/日本"
    assert "user_agent" not in record_of["/emptyua"].columns
    assert "user_agent" not in record_of["/noua"].columns
    assert record_of["/head"].columns["event_data"]["method"] == "HEAD"
    assert record_of["/p%C3%A9%20x%22"].columns["url"] == "/p%C3%A9%20x%22?q=%E6%97%A5+b"
    assert record_of["/semi;a=1"].columns["url"] == "/semi;a=1?b=[1]|{2}"
    if not is_haproxy:
        assert record_of["/raw日"].columns["user_agent"] == BROWSER
        assert record_of["/refq"].columns["referrer"] == 'https://r.example/"q" z'
        assert len(record_of["/long"].columns["url"]) == len("/long?") + 3000


@pytest.mark.parametrize(
    ("name", "format_", "agent"),
    [
        ("nginx.log", "nginx", "A\tB"), ("apache.log", "apache", "A\tB"), ("caddy.log", None, "A\tB"),
        ("haproxy-httplog.log", None, "A\tB"), ("apache.log", None, r"A\tB"), ("nginx.log", None, "A\tB"),
    ],
)  # fmt: skip
def test_a_control_letter_is_undone_where_the_server_is_known(name: str, format_: str | None, agent: str) -> None:
    assert by_path(name, format_)["/tab"].columns["user_agent"] == agent


@pytest.mark.parametrize(
    ("name", "host"),
    [("apache-vhost.log", "site.example"), ("nginx-vhost.log", "site.example:9301"), ("caddy.log", "site.example")],
)
def test_the_virtual_host_is_the_request_s_host(name: str, host: str) -> None:
    assert by_path(name)["/plain"].host == host


def test_what_is_no_page_has_no_url() -> None:
    for name in (
        "nginx.log",
        "apache.log",
        "nginx-json.log",
        "tomcat-10.1.60-combined.log",
        "morgan-1.12.1-combined.log",
    ):
        of_file = records(name)
        assert {record.kind for record in of_file if "url" not in record.columns} <= {"request", "error"}
        urls = [record.columns["url"] for record in of_file if "url" in record.columns]
        assert all(url.startswith(("/", "http://", "https://")) for url in urls)


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("tomcat-10.1.60-combined.log", None),
        ("tomcat-10.1.60-combined.log", "tomcat"),
        ("morgan-1.12.1-combined.log", None),
        ("morgan-1.12.1-combined.log", "morgan"),
    ],
)
def test_escapes_of_java_and_node_are_bytes_of_utf_8(name: str, format_: str | None) -> None:
    record_of = by_path(name, format_)
    assert record_of["/q"].columns["user_agent"] == r'Moz "q\b" x' + "\\"
    assert record_of["/uua"].columns["user_agent"].startswith("Moz 日本")


def test_quotes_that_nothing_escapes_are_not_guessed_at() -> None:
    lines: list[Any] = (LOGS / "squid-5.7-combined.log").read_bytes().splitlines()
    reader = reader_of(None)
    refused = []
    for line in lines:
        try:
            record = reader(line)
        except Malformed:
            refused.append(line)
        else:
            assert record is not None
    assert reader.counts == {"squid-combined": len(lines) - len(refused)}
    assert all(line.count(b'"') != 6 for line in refused)


def test_a_line_that_a_server_cut_is_not_taken() -> None:
    for name in ("haproxy-httplog.log", "haproxy-httplog-clf.log"):
        assert len(records(name)) == 19
        assert not any("/long" in record.columns.get("url", "") for record in records(name))


def test_addresses_of_a_proxy_s_header() -> None:
    record_of = by_path("nginx-xff.log")
    assert record_of["/plain"].columns["ip_address"] is None
    assert record_of["/xff"].columns["ip_address"] == "203.0.113.9"
