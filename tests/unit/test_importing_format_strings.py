"""Format strings as servers' configurations have them: every field has its place, and what has none is said."""

from datetime import UTC, datetime

import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record

BEHIND = ' 200 5 "https://r.example/" "UA x"'
LINE = '203.0.113.9 - - [29/Nov/2026:10:05:03 +0000] "GET /a?b=c HTTP/1.1"' + BEHIND
NGINX = '$status $body_bytes_sent "$http_referer" "$http_user_agent"'
HAPROXY_CLF = r"\"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"
APACHE = '%>s %b "%{Referer}i" "%{User-Agent}i"'


def read(format_: str, line: str) -> tuple[LogReader, Record]:
    reader = reader_of(format_, rules=ReadingRules(assume_zone=UTC))
    record = reader(line.encode())
    assert record is not None
    return reader, record


@pytest.mark.parametrize(
    ("format_", "line"),
    [
        (
            f'$remote_addr [$time_local] "$request_method $scheme://$host$request_uri $server_protocol" {NGINX}',
            '203.0.113.9 [29/Nov/2026:10:05:03 +0000] "GET https://site.example/a?b=c HTTP/1.1"' + BEHIND,
        ),
        (
            f'$time_iso8601 $remote_addr $host:$server_port "$request" {NGINX} $upstream_addr',
            '2026-11-29T10:05:03+00:00 203.0.113.9 site.example:443 "GET /a?b=c HTTP/1.1"'
            + BEHIND
            + " 10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80",
        ),
        (
            f'$remote_addr - $remote_user [$time_local] "$request" {NGINX} "$http_x_forwarded_for" $upstream_response_time',
            LINE.replace("- -", "- john doe") + ' "-" 0.1, 0.2',
        ),
        (
            f"$remote_addr $msec $request_method $uri$is_args$args {NGINX}",
            "203.0.113.9 1795946703.123 GET /a?b=c" + BEHIND,
        ),
        (
            '{"t":"$msec","ip":"$remote_addr","r":"$request","s":$status,"b":$bytes_sent,"f":"$http_referer","a":"$http_user_agent"}',
            '{"t":"1795946703.1","ip":"203.0.113.9","r":"GET /a?b=c HTTP/1.1","s":200,"b":5,"f":"https://r.example/","a":"UA x"}',
        ),
        (f'%v:%p %h %l %u %t "%r" {APACHE}', "site.example:443 " + LINE),
        (f'%{{c}}a %{{remote}}p - %u %t "%m %U%q %H" {APACHE}', LINE.replace("9 - -", "9 4711 - -")),
        ('%h %l %u %t "%r" %s %b %D "%{Referer}i" "%{User-Agent}i" %S', LINE.replace(" 5 ", " 5 12 ") + " ABCDEF"),
        ('"%h" "%t" "%r" "%>s" "%b" "%{Referer}i" "%{User-Agent}i"',
         '"203.0.113.9" "[29/Nov/2026:10:05:03 +0000]" "GET /a?b=c HTTP/1.1" "200" "5" "https://r.example/" "UA x"'),
        (r"time:$time_iso8601\thost:$remote_addr\tr:$request\ts:$status\tb:$bytes_sent\tua:$http_user_agent\tref:$http_referer",
         "time:2026-11-29T10:05:03Z\thost:203.0.113.9\tr:GET /a?b=c HTTP/1.1\ts:200\tb:5\tua:UA x\tref:https://r.example/"),
        (r"%t\t%h\t%r\t%>s\t%b\t%{Referer}i\t%{User-Agent}i",
         "[29/Nov/2026:10:05:03 +0000]\t203.0.113.9\tGET /a?b=c HTTP/1.1\t200\t5\thttps://r.example/\tUA x"),
        (f"%{{+Q}}o %{{-Q}}ci - - [%trg] %r %ST %B {HAPROXY_CLF}",
         LINE.partition(' "https')[0] + ' "" "" 4711 499 "web" "web" "s1" 0 -1 -1 -1 0 LR-- 1 1 0 0 0 0 0 "" ""' + BEHIND[6:] + " "),
        ('%{msec}t %a %m %U%q %f %>s %b "%{Referer}i" "%{User-Agent}i"',
         '1795946703631 203.0.113.9 GET /a?b=c /srv/a b/c 200 5 "https://r.example/" "UA x"'),
        ("%{+Q}o %ci %t %ST %B %r %bp %si %hr %hs %ft %[ssl_fc_sni] %sslv",
         '"203.0.113.9" 29/Nov/2026:10:05:03.276 200 5 "GET /a?b=c HTTP/1.1" "" "" "{UA x|https://r.example/}" "web" "" "TLSv1.3"'),
        ("%ci:%cp [%tr] %ft %b/%s %ST %B %hr %{+Q}r %[ssl_fc_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc",
         '203.0.113.9:1 [29/Nov/2026:10:05:03.761] web~ b/s 200 5 {UA x|https://r.example/} "GET /a?b=c HTTP/1.1" 0/0 a.b/TLSv1/X'),
    ],
)  # fmt: skip
def test_a_format_string_gives_each_field_its_place(format_: str, line: str) -> None:
    _, record = read(format_, line)
    columns = record.columns
    assert record.created_at.replace(microsecond=0) == datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)
    assert columns["url"] == "/a?b=c"
    assert (columns["ip_address"], columns["user_agent"]) == ("203.0.113.9", "UA x")
    assert (columns["referrer"], columns["event_data"]) == (
        "https://r.example/",
        {"method": "GET", "status": 200, "bytes": 5},
    )
    assert record.host in (None, "site.example")


@pytest.mark.parametrize(
    "pasted",
    [
        f"""'$remote_addr - $remote_user [$time_local] "$request" ' '{NGINX}'""",
        f"""log_format main '$remote_addr - $remote_user [$time_local] "$request" '\n    '{NGINX}';""",
        f"""log_format main escape=none '$remote_addr - $remote_user [$time_local] "$request" {NGINX}';""",
        r'LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" mine',
        r'CustomLog /var/log/apache2/access.log "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""',
    ],
)
def test_a_directive_may_be_pasted_as_it_stands(pasted: str) -> None:
    _, record = read(pasted, LINE)
    assert record.columns["url"] == "/a?b=c"
    _, record = read(pasted, LINE.replace("UA x", r"\x41\tB"))
    agent = record.columns["user_agent"]
    assert agent == ("A\tB" if "Log" in pasted else r"\x41\tB" if "none" in pasted else r"A\tB")


def test_between_tabs_quotes_stand_as_they_were_sent() -> None:
    format_ = r"log_format x escape=none '$msec\t$remote_addr\t$http_user_agent\t$http_referer';"
    _, record = read(format_, '1795946703.1\t203.0.113.9\tUA "q" x\t-')
    assert record.columns["user_agent"] == 'UA "q" x'
    with pytest.raises(Malformed):
        # A tab that was sent, and that nobody escaped, would make the end of the agent the referrer.
        read(format_, "1795946703.1\t203.0.113.9\tUA\tx\thttps://r.example/")


@pytest.mark.parametrize(
    "line",
    ['203.0.113.9 - - [29/Nov/2026:10:05:03 +0000] "<BADREQ>" 400 0 LR-- "" "" ',
     '203.0.113.9 - - [29/Nov/2026:10:05:03 +0000] "GET /a HTTP/1.1" 400 0 LR-- "" "" "UA x" '],
)  # fmt: skip
def test_captures_that_are_not_there_leave_no_space(line: str) -> None:
    _, record = read("%{+Q}o %{-Q}ci - - [%trg] %r %ST %B %tsc %CC %CS %hrl %hsl", line)
    assert record.columns["event_data"]["status"] == 400
    assert record.columns.get("user_agent") == ("UA x" if "UA" in line else None)


def test_a_method_that_was_none_is_nothing() -> None:
    _, record = read("%h|%{sec}t|%m|%U|%q|%H|%s|%{User-Agent}i", "203.0.113.9|1795946703|||||400|-")
    assert (record.columns["event_data"], record.kind) == ({"status": 400}, "error")


def test_the_port_of_a_visitor_is_no_port_of_the_site() -> None:
    reader, record = read(
        '%{Host}i %{remote}p %h %t "%r" %>s', 'site.example 4711 ::1 [29/Nov/2026:10:05:03 +0000] "GET / HTTP/1.1" 200'
    )
    assert (record.host, reader.unread) == ("site.example", {"%{remote}p"})
