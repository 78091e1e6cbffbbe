import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.read_lines import LINE, START, columns, read
from tracker.errors import Refused
from tracker.importing.formats import reader_of
from tracker.importing.record import Malformed


@pytest.mark.parametrize(
    ("escape", "text"),
    [
        ("apache", "a\tA"),
        ("nginx", r"a\tA"),
        ("json", r"a\t\x41".replace(r"\t", "\t")),
        ("quote", r"a\t\x41"),
        ("none", r"a\t\x41"),
    ],
)
def test_what_is_undone_is_what_the_server_escapes(escape: str, text: str) -> None:
    reader = reader_of("combined", escape=escape)
    record = reader(START + rb'"GET / HTTP/1.1" 200 1 "-" "a\t\x41"')
    assert record is not None
    assert record.columns["user_agent"] == text


@pytest.mark.parametrize(
    ("format_", "line"),
    [
        (
            '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
            b'203.0.113.9 - - [17/May/2015:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 5 "https://r.example/" "UA"',
        ),
        (
            '%v %{X-Forwarded-For}i %t %D \\"%m %U%q %H\\" %>s %O \\"%{Referer}i\\" \\"%{User-agent}i\\"',
            b'site.example 203.0.113.9 [17/May/2015:10:05:03 +0000] 77 "GET /a?b=c HTTP/1.1" 200 5 "https://r.example/" "UA"',
        ),
        (
            '$remote_addr [$time_iso8601] $host "$request" $status $body_bytes_sent $request_time "$http_referer" "$http_user_agent"',
            b'203.0.113.9 [2015-05-17T10:05:03+00:00] site.example "GET /a?b=c HTTP/1.1" 200 5 0.004 "https://r.example/" "UA"',
        ),
        (
            "$msec|$remote_addr|$request_method|$request_uri|$status|$body_bytes_sent|$http_referer|$http_user_agent",
            b"1431857103.000|203.0.113.9|GET|/a?b=c|200|5|https://r.example/|UA",
        ),
        (
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r",
            (
                b"203.0.113.9:4711 [17/May/2015:10:05:03.000] f b/s 0/0/0/0/0 200 5 - - ---- 1/1/0/0/0 0/0"
                b' {https://r.example/|UA} "GET /a?b=c HTTP/1.1"'
            ),
        ),
    ],
)
def test_a_servers_own_format_string_is_a_format(format_: str, line: bytes) -> None:
    record = read(line, format_, assume_zone=UTC)
    assert record.created_at == datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)
    assert record.columns == {
        "ip_address": "203.0.113.9",
        "url": "/a?b=c",
        "referrer": "https://r.example/",
        "user_agent": "UA",
        "event_data": {"method": "GET", "status": 200, "bytes": 5},
    }


@pytest.mark.parametrize("format_", ["nonsense", "%h %l", "$remote_addr $request"])
def test_a_format_that_is_none_is_refused_with_a_reason(format_: str) -> None:
    with pytest.raises(Refused, match=r"neither a known format nor a format string|has no time"):
        reader_of(format_)


def test_each_line_has_its_own_format() -> None:
    reader = reader_of(None)
    lines = [
        START + b'"GET / HTTP/1.0" 304 -',
        b"site.example:443 " + LINE,
        LINE,
        b'{"timestamp": "2015-05-17T10:05:03Z", "url": "https://site.example/"}',
        LINE,
    ]
    assert all(reader(line) is not None for line in lines)
    assert reader.counts == {"common": 1, "vhost": 1, "combined": 2, "jsonl": 1}


IIS = b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status"
CLOUDFRONT = (
    b"#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)"
    b" cs-uri-query x-host-header cs-protocol"
)


def test_the_host_of_an_extended_log_is_what_the_visitor_asked_for() -> None:
    reader = reader_of(None)
    reader(b"#Fields: date time c-ip s-port cs-method cs-uri-stem cs-host sc-status")
    for host in (b"site.example", b"site.example:8080"):
        record = reader(b"2026-11-29 10:05:03 203.0.113.9 5000 GET /a %b 200" % host)
        assert record is not None
        assert record.host == host.decode()
    assert not reader.unread


def test_extended_logs_are_read_by_their_own_fields() -> None:
    reader = reader_of(None)
    assert reader(b"#Software: Microsoft Internet Information Services 10.0") is None
    assert reader(IIS) is None
    record = reader(
        b"2015-05-17 10:05:03 10.0.0.1 GET /a b=c 443 - 203.0.113.9 Mozilla/5.0+(X11) https://r.example/ 200"
    )
    assert record is not None
    assert record.created_at == datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)
    assert record.columns["url"] == "/a?b=c"
    assert record.columns["user_agent"] == "Mozilla/5.0 (X11)"
    with pytest.raises(Malformed, match="fields where"):
        reader(b"2015-05-17 10:05:03 10.0.0.1 GET /a")
    assert reader(CLOUDFRONT) is None
    values = b"2015-05-17 10:05:03 FRA2 5 203.0.113.9 GET d1.cloudfront.net /a 200 - Mozilla/5.0%20(X11) b=c site.example https"
    record = reader(values.replace(b" ", b"\t"))
    assert record is not None
    assert (record.host, record.columns["url"], record.columns["user_agent"]) == (
        "site.example", "/a?b=c", "Mozilla/5.0 (X11)"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        (
            "alb",
            (
                b"https 2015-05-17T10:05:03.186641Z app/lb/50dc 203.0.113.9:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "
                b'"GET https://site.example:443/a?b=c HTTP/1.1" "UA" ECDHE TLSv1.2 arn:x "Root=1" "site.example" "arn:y" 1 - "-"'
            ),
            "https://site.example/a?b=c",
        ),
        (
            "elb",
            (
                b"2015-05-17T10:05:03.945958Z lb 203.0.113.9:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
                b'"GET http://site.example:80/a?b=c HTTP/1.1" "UA" - -'
            ),
            "http://site.example/a?b=c",
        ),
        (
            "s3",
            (
                b'79a5 bucket [17/May/2015:10:05:03 +0000] 203.0.113.9 79a5 3E57 REST.GET.OBJECT a "GET /a?b=c HTTP/1.1" 200 - '
                b'113 - 7 - "-" "UA" - s9l= SigV4 ECDHE AuthHeader bucket.s3.amazonaws.com TLSV1.1 - Yes'
            ),
            "/a?b=c",
        ),
        (
            "envoy",
            b'[2015-05-17T10:05:03.310Z] "GET /a?b=c HTTP/2" 200 - 154 0 226 100 "203.0.113.9" "UA" "cc21" "site.example" "10.0.2.1:80"',
            "/a?b=c",
        ),
        (
            "squid",
            b"1431857103.779    180 203.0.113.9 TCP_MISS/200 411 GET http://site.example/a?b=c - DIRECT/192.0.2.8 text/html",
            "http://site.example/a?b=c",
        ),
        (
            "uwsgi",
            (
                b"[pid: 27|app: 0|req: 1/1] 203.0.113.9 () {42 vars in 675 bytes} [Sun May 17 10:05:03 2015] GET /a?b=c => "
                b"generated 12 bytes in 3 msecs (HTTP/1.1 200) 2 headers in 79 bytes (1 switches on core 0)"
            ),
            "/a?b=c",
        ),
        (
            "hypercorn",
            b'203.0.113.9:5000 - - [17/May/2015:10:05:03 +0000] "GET /a 1.1" 200 5 "-" "UA"',
            "/a",
        ),
        (
            "lighttpd",
            b'203.0.113.9 site.example - [17/May/2015:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 5 "-" "UA"',
            "/a?b=c",
        ),
    ],
)
def test_a_known_server_s_line_is_known(name: str, line: bytes, expected: str) -> None:
    reader = reader_of(None)
    record = reader(line)
    assert record is not None
    assert reader.counts == {name: 1}
    assert record.columns["ip_address"] == "203.0.113.9"
    assert record.columns["url"] == expected
    assert record.columns["event_data"]["status"] == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("site.example", "site.example"), ("Site.Example.:8080", "site.example.:8080"), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"),
        ("192.0.2.10", "192.0.2.10"), ("192.0.2.10:8080", "192.0.2.10:8080"), ("intranet:8080", "intranet:8080"), ("localhost", "localhost"),
    ],
)  # fmt: skip
def test_the_second_word_of_lighttpd_is_the_host(host: str, expected: str) -> None:
    reader = reader_of(None)
    record = reader(f'203.0.113.9 {host} - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "UA"'.encode())
    assert record is not None
    assert (record.host, record.columns["ip_address"], reader.counts) == (expected, "203.0.113.9", {"lighttpd": 1})
    # An address before a whole line is one that was torn off another.
    with pytest.raises(Malformed):
        reader_of(None)(b"203.0.113.9 " + START.replace(b"- -", b"host.example -") + b'"GET / HTTP/1.1" 200 5 "-" "UA"')


@pytest.mark.parametrize(
    ("request_line", "url"),
    [
        ("CONNECT http://other.example:443other.example:443 HTTP/1.1", None),  # As Varnish writes them.
        ("OPTIONS http://site.example* HTTP/1.1", None),
        ("GET http://site.example:80/a?b HTTP/1.1", "http://site.example/a?b"),
        ("GET https://site.example:443 HTTP/1.1", "https://site.example"),
        ("GET http://site.example:443/ HTTP/1.1", "http://site.example:443/"),
        ("GET /a:80/b HTTP/1.1", "/a:80/b"),
    ],
)
def test_an_absolute_target_names_a_page_and_no_port_that_goes_without_saying(
    request_line: str, url: str | None
) -> None:
    assert columns(START + f'"{request_line}" 200 5 "-" "UA"'.encode()).get("url") == url


@pytest.mark.parametrize(
    ("target", "status", "kind"),
    [
        ("GET /", 200, "page"), ("GET /shop/item.html?x=1", 304, "page"), ("GET /style.CSS?v=2", 200, "asset"),
        ("GET /favicon.ico", 200, "asset"), ("GET /missing", 404, "error"), ("GET /app.js", 500, "error"),
        ("POST /form", 200, "request"), ("HEAD /", 200, "request"), ("OPTIONS *", 200, "request"), ("GET /v1.2/page", 200, "page"),
    ],
)  # fmt: skip
def test_what_a_request_was_for(target: str, status: int, kind: str) -> None:
    assert read(START + f'"{target} HTTP/1.1" {status} 1 "-" "-"'.encode()).kind == kind


@given(
    st.binary(max_size=300) | st.from_regex(rb"[0-9a-f.:]+ - - \[[^]]*\] \"[^\"]*\" [0-9]+ [0-9]+.*", fullmatch=True)
)
def test_no_bytes_do_more_than_being_malformed(line: bytes) -> None:
    for format_ in (None, "combined", "w3c", "haproxy", "$remote_addr $time_iso8601 $request"):
        with contextlib.suppress(Malformed):
            reader_of(format_)(line)
