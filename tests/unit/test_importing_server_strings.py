"""Format strings as servers other than Apache and nginx have them, and what is said of those that are none."""

from datetime import UTC, datetime

import pytest

from tracker.errors import Refused
from tracker.importing.formats import reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Record

CLOCK = "29/Nov/2026:10:05:03"
LINE = f'203.0.113.9 - bob [{CLOCK} +0000] "GET /a?b=c HTTP/1.1" 200 5 "https://r.example/" "UA x"'


def read(format_: str, line: str) -> Record:
    record = reader_of(format_, rules=ReadingRules(assume_zone=UTC))(line.encode())
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("format_", "line"),
    [
        ('%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(p)s', f"{LINE} <12>"),
        ('%({x-forwarded-for}i)s %(t)s %(m)s %(U)s?%(q)s %(s)s %(B)s "%(f)s" "%(a)s"', "203.0.113.9"),
        ('%{client}a - %u %t "%r" %s %O "%{Referer}i" "%{User-Agent}i"', LINE),
        ('%{client}a - %u %{dd/MMM/yyyy:HH:mm:ss ZZZ|GMT}t "%r" %s %O "%{Referer}i" "%{User-Agent}i"', LINE),
        ('%h %l %u %t "%r" %s %b "%{i,Referer}" "%{i,User-Agent}"', LINE),
        ('pattern="%h %l %u %t &quot;%r&quot; %s %b &quot;%{Referer}i&quot; &quot;%{User-Agent}i&quot;"', LINE),
        (
            '%h %{yyyy-MM-dd\'T\'HH:mm:ss.SSSXXX}t "%r" %s %b "%{Referer}i" "%{User-Agent}i"',
            LINE.replace(f"- bob [{CLOCK} +0000]", "2026-11-29T11:05:03.000+01:00"),
        ),
    ],
    ids=["gunicorn", "gunicorn behind a proxy", "jetty", "jetty's time", "undertow", "tomcat", "tomcat's time"],
)
def test_strings_of_application_servers_are_read(format_: str, line: str) -> None:
    if line == "203.0.113.9":
        line = LINE.replace("- bob ", "").replace('"GET /a?b=c HTTP/1.1"', "GET /a?b=c")
    record = read(format_, line)
    assert record.created_at == datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)
    assert record.columns == {
        "ip_address": "203.0.113.9",
        "url": "/a?b=c",
        "referrer": "https://r.example/",
        "user_agent": "UA x",
        "event_data": {"method": "GET", "status": 200, "bytes": 5},
    }


@pytest.mark.parametrize(
    ("written", "url"),
    [
        # Varnish and lighttpd write what was sent.
        ("/p/a%20b%C3%A9?b=%22", "/p/a%20b%C3%A9?b=%22"),
        ("/%E6%97%A5%E6%9C%AC", "/%E6%97%A5%E6%9C%AC"),
        # Apache does not.
        ("/p/a b\\xc3\\xa9?b=%22", "/p/a%20b%C3%A9?b=%22"),
        ("/\\xe6\\x97\\xa5", "/%E6%97%A5"),
        ("/100%", "/100%25"),
        ("/100% sure %41", "/100%25%20sure%20%2541"),
        ("/plain", "/plain"),
    ],
)
def test_a_path_has_the_percent_escapes_that_were_sent_once(written: str, url: str) -> None:
    assert read('%h %t %m "%U%q" %s', f'203.0.113.9 [{CLOCK} +0000] GET "{written}" 200').columns["url"] == url


@pytest.mark.parametrize(
    ("format_", "time"),
    [
        ("%Ts.%ms %ci %HM %HU %ST", "1795946703.120"),
        ("%[date,utime(%Y-%m-%dT%H:%M:%SZ)] %ci %HM %HU %ST", "2026-11-29T10:05:03Z"),
        ("%[accept_date(ms)] %ci %HM %HU %ST", "1795946703120"),
    ],
)
def test_a_time_that_haproxy_was_told_to_convert_is_one(format_: str, time: str) -> None:
    record = read(format_, f"{time} 203.0.113.9 GET /a 200")
    assert record.created_at.replace(microsecond=0) == datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("format_", "said"),
    [
        ("apache2", "Is it apache"),
        ("COMBINED", "Is it combined"),
        ("METHOD URL", "Leave it out"),
        (":method :url", "has no time"),
        ('%h %^[%d:%t %^] "%r" %s %b "%R" "%u"', "GoAccess"),
    ],
)
def test_a_format_that_is_none_is_refused_with_what_to_do(format_: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        reader_of(format_)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ('"/what?" "?x=1"', "/what%3F?x=1"),
        ('"/a#b" ""', "/a%23b"),
        ('"/c%23/a?b" "?x=1"', "/c%2523/a%3Fb?x=1"),
        ('"/a%3Fb" "?x=1"', "/a%3Fb?x=1"),
    ],
)
def test_what_would_end_a_path_was_sent_as_an_escape(written: str, url: str) -> None:
    assert read('%h %t "%U" "%q"', f"203.0.113.9 [{CLOCK} +0000] {written}").columns["url"] == url


@pytest.mark.parametrize(
    ("written", "url"), [("/a b?x=1", "/a%20b?x=1"), ("/a?x=/%41 b?#", "/a?x=/%41 b?#"), ("/a%20b", "/a%20b")]
)
def test_of_hypercorn_s_path_with_its_query_the_path_alone_has_escapes(written: str, url: str) -> None:
    line = f'203.0.113.9 [{CLOCK} +0000] "GET" "{written}" 200'
    assert read('%(h)s %(t)s "%(m)s" "%(Uq)s" %(s)s', line).columns["url"] == url


@pytest.mark.parametrize("day", ["5", "05", " 5"])
def test_days_of_java_s_have_one_digit_or_two(day: str) -> None:
    record = read('%h %{d/MMM/yyyy:HH:mm:ss Z}t "%r" %s', f'203.0.113.9 {day}/Nov/2026:10:05:03 +0000 "GET /a" 404')
    assert record.created_at == datetime(2026, 11, 5, 10, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "word"), [("HH:mm:ss.S", "S"), ("H:mm:ss", "H"), ("hh:mm:ss a", "hh"), ("THH:mm:ss", "T")]
)
def test_words_of_java_s_that_are_not_known_are_refused(clock: str, word: str) -> None:
    with pytest.raises(Refused, match=f"a time that cannot be read: {word} in"):
        reader_of(f'%h %{{dd/MMM/yyyy:{clock} Z}}t "%r" %s')


SQUID = '%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh'
ENVOY = (
    '%DOWNSTREAM_REMOTE_ADDRESS% [%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" '
    '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_SENT% "%REQ(REFERER)%" "%REQ(USER-AGENT):256%" "%UPSTREAM_HOST%"'
)
MORGAN = ':remote-addr - :remote-user [:date[clf]] ":method :url HTTP/:http-version" :status :res[content-length] ":referrer" ":user-agent"'


@pytest.mark.parametrize(
    ("format_", "line"),
    [
        (SQUID, f"{LINE} TCP_MISS:HIER_DIRECT"),
        (f"logformat own {SQUID}", f"{LINE} TCP_MISS:HIER_DIRECT"),
        (
            '%ts.%03tu %6tr %>a %>Hs %<st %rm %ru "%{Referer}>h" "%{User-Agent}>h" %{X-Forwarded-For}>h',
            '1795946703.000    180 203.0.113.9 200 5 GET /a?b=c "https://r.example/" "UA x" -',
        ),
        (
            ENVOY,
            '203.0.113.9:4711 [2026-11-29T10:05:03.000Z] "GET /a?b=c HTTP/1.1" 200 - 5 "https://r.example/" "UA x" "10.0.0.1:80"',
        ),
        (
            f"{ENVOY}\\n".replace("%START_TIME%", "%START_TIME(%s.%3f)%"),
            '203.0.113.9:4711 [1795946703.000] "GET /a?b=c HTTP/1.1" 200 - 5 "https://r.example/" "UA x" "10.0.0.1:80"',
        ),
        (MORGAN, LINE),
        (
            MORGAN.replace("[:date[clf]]", ":date[web]").replace('"', "'").replace("'", '"'),
            LINE.replace(f"[{CLOCK} +0000]", "Sun, 29 Nov 2026 10:05:03 GMT"),
        ),
        (
            ':date[iso] :remote-addr :method :url :status :res[content-length] ":referrer" ":user-agent" :response-time ms',
            '2026-11-29T10:05:03.000Z 203.0.113.9 GET /a?b=c 200 5 "https://r.example/" "UA x" 1.234 ms',
        ),
        ('%h %l %u [%t{dd/MMM/yyyy:HH:mm:ss Z,UTC}] "%r" %s %b "%i{Referer}" "%i{User-Agent}" %D', f"{LINE} 12"),
        ('%h %l %u [%t] "%r" %s %b "%i{Referer}" "%i{User-Agent}"', LINE),
    ],
    ids=[
        "squid", "squid's directive", "squid's seconds", "envoy", "envoy's seconds", "morgan", "morgan's date",
        "morgan's own", "logback's time", "logback",
    ],
)  # fmt: skip
def test_strings_of_proxies_and_loggers_are_read(format_: str, line: str) -> None:
    record = read(format_, line)
    assert record.created_at == datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)
    assert record.columns == {
        "ip_address": "203.0.113.9",
        "url": "/a?b=c",
        "referrer": "https://r.example/",
        "user_agent": "UA x",
        "event_data": {"method": "GET", "status": 200, "bytes": 5},
    }


@pytest.mark.parametrize(("path", "query", "url"), [("/a b", "x=1", "/a%20b?x=1"), ("/a", "", "/a")])
def test_a_string_of_granian_s_has_the_query_that_its_default_leaves_out(path: str, query: str, url: str) -> None:
    format_ = '[%(time)s] %(addr)s - "%(method)s %(path)s?%(query_string)s %(protocol)s" %(status)d %(dt_ms).3f'
    line = f'[2026-11-29 10:05:03 +0000] 203.0.113.9 - "GET {path}?{query} HTTP/1.1" 200 1.234'
    record = read(format_, line)
    assert (record.columns["url"], record.columns["ip_address"]) == (url, "203.0.113.9")
    assert record.columns["event_data"] == {"method": "GET", "status": 200}


def test_what_an_envoy_s_string_has_that_no_hit_has_is_said() -> None:
    reader = reader_of(ENVOY)
    line = '203.0.113.9:4711 [2026-11-29T10:05:03.000Z] "GET /a HTTP/1.1" 200 - 5 "-" "UA" "-"'
    assert reader(line.encode()) is not None
    assert reader.unread == {"%RESPONSE_FLAGS%", "%UPSTREAM_HOST%"}
