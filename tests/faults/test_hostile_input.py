"""Hostile input: whatever bytes come to the receiver, stand in a stream or a log, or are a consumer's answer.

Each run is repeatable by its seed: `make hostile SEED=18 N=1000000`; it prints what became of the
cases, so that a run in which everything was refused at the door shows.
"""

import contextlib
import gzip
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import strategies as st

from tests.support.command_line import environment
from tests.support.consumers import consumer
from tests.support.hostile import SPOILINGS, Spoiling, run, spoilt
from tests.support.ledger import look
from tests.support.queued_hits import define, drain, entry_of, hit_of, rows
from tests.support.serving import Serving, serving
from tests.support.webhook_clients import client_of, post, says
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import Refused
from tracker.importing.formats import NAMES, reader_of
from tracker.importing.record import Malformed
from tracker.importing.source import opened
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES
from tracker.queueing.entry import FIELDS, STREAMS
from tracker.store.database import Database
from tracker.webhooks.endpoint import NoResponse

_TOGETHER = 100
"""Entries that are drained together."""
LOGS = sorted((Path(__file__).parents[1] / "data/logs").glob("*.log"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0 if "HOSTILE_CASES" in os.environ else 240)]


# The receiver.

_HEAD = b" HTTP/1.1\r\nHost: tracker\r\nConnection: close\r\n"
_BODIES = (
    (b"/v1/track", b'{"app_id":"shop","url":"https://shop.example/a","session_id":"s","custom_params":{"a":[1,{}]}}'),
    (b"/v1/track", b'{"app_id":"shop","url":"/","event_id":"0a1b6fd7-6a0f-4a0f-9f0c-6b0b6a54b8f3","age_ms":5}'),
    (b"/v1/track/batch", b'{"app_id":"shop","events":[{"url":"https://shop.example/b"},{"url":"/c"},7]}'),
    (b"/api/event", b'{"n":"pageview","u":"https://shop.example/","d":"shop.example"}'),
    (b"/api/send", b'{"type":"event","payload":{"website":"shop","url":"/","hostname":"shop.example"}}'),
    (b"/g/collect?v=2&tid=shop&cid=1.2&en=page_view", b"en=page_view&dl=https%3A%2F%2Fshop.example%2F"),
    (b"/v1/batch", b'{"batch":[{"type":"page","anonymousId":"a","properties":{"url":"https://shop.example/"}}]}'),
)
_REQUESTS = (
    *(
        b"POST " + path + _HEAD + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        for path, body in _BODIES
    ),
    *(
        b"POST " + path + _HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
        for path, body in _BODIES
    ),
    b"GET /pixel.gif?app_id=shop&url=https%3A%2F%2Fshop.example%2F&cp.a=1&session_id=s" + _HEAD + b"\r\n",
    b"GET /matomo.php?idsite=shop&rec=1&url=https%3A%2F%2Fshop.example%2F&_id=0123456789abcdef" + _HEAD + b"\r\n",
    b"GET /dashboard" + _HEAD + b"Cookie: a=b\r\nAccept-Language: ja\r\n\r\n",
    b"OPTIONS /v1/track" + _HEAD + b"Origin: https://shop.example\r\nExpect: 100-continue\r\n\r\n",
    b"GET /v1/applications/shop/statistics?from=2026-11-01&to=2026-11-02" + _HEAD + b"X-API-Key: x\r\n\r\n",
)


def answered(server: Serving, data: bytes) -> str:
    """The status of the first final answer to these bytes on a connection of their own, to whose end it is read."""
    with server.socket() as connection, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        read = b""
        while piece := connection.recv(65_536):
            read += piece
        statuses = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d\d\d)", read, re.MULTILINE)]
        assert not read or statuses, read
        assert all(status < 500 or status in (501, 505) for status in statuses), (data, read)
        return str(max(statuses, default="no answer"))
    return "reset"


def test_any_bytes_to_the_receiver_are_answered_and_what_is_acknowledged_is_stored(
    settings: Settings, database: Database, redis: Connection, application: Application, tmp_path: Path
) -> None:
    variables = environment(settings, TRACKER_LOG_FORMAT="json", TRACKER_SECRET_KEY="of the tests")
    with serving(variables, tmp_path, processes=1) as server:

        def judge(drawn: tuple[Spoiling, bytes]) -> Iterator[str]:
            spoiling, anything = drawn
            yield answered(server, anything)
            for original in _REQUESTS:
                yield answered(server, spoilt(original, spoiling))

        became = run("receiver", st.tuples(SPOILINGS, st.binary(max_size=200)), judge)
        assert answered(server, _REQUESTS[0]) == "200"
        assert "Traceback" not in server.log
        assert "unexpected error" not in server.log
    assert became["200"]
    assert became["400"]
    while drain(redis, database, seconds=60).ended != "dry":
        pass
    balance = look(database, redis)
    assert (balance.lost, balance.surplus, balance.waiting, balance.failed) == (0, 0, 0, 0)
    assert balance.stored >= 1
    assert rows(database, "SELECT count(*) FROM access_logs") == [(balance.stored,)]
    assert application.app_id == "shop"


# Entries in the streams.


_COLUMNS = st.dictionaries(
    st.sampled_from([*FIELDS[2:], "id", "unknown", ""]).map(str.encode),
    st.sampled_from((b"", b"0", b"1000", b"-2147483648", b"99999999999999999999", b"x\0"))
    | st.sampled_from((b"2026-11-29T00:00:00+00:00", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59+00:00"))
    | st.binary(max_size=40),
    max_size=4,
)
"""Fields of an entry, of which most are missing or wrong."""
_TIMES = st.sampled_from(("1999-05-17T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"))
"""Of hits: months that nobody has made, and what UTC does not have."""


def test_any_entry_in_a_stream_is_stored_or_fails_alone(
    database: Database, redis: Connection, application: Application
) -> None:
    """Each hundred has a sound hit in its midst, which is stored; nothing is left, nothing vanishes."""
    define(database, application, "b", "number")
    waiting: list[dict[bytes, bytes]] = []
    good, number = 0, 1_000_000
    kinds: Counter[str] = Counter()

    def drain_all() -> None:
        nonlocal good
        good += 1
        hit = hit_of(application, good)
        sound = entry_of(hit)
        middle = len(waiting) // 2
        fields = dict(zip(FIELDS, sound.to_fields(), strict=True))
        with redis.pipeline(transaction=False) as pipeline:
            for entry in (*waiting[:middle], fields, *waiting[middle:]):
                pipeline.xadd(STREAMS[good % 3], entry)
            pipeline.execute()
        sent, done = len(waiting) + 1, 0
        waiting.clear()
        while any(redis.xlen(stream) for stream in STREAMS) or redis.zcard(RETRIES):
            drained = drain(redis, database)
            done += drained.stored + drained.failed + drained.duplicates
            kinds.update(stored=drained.stored, failed=drained.failed, duplicates=drained.duplicates)
            # The delay of a suspect is over: so that a run is not spent on waiting.
            for member in redis.zrange(RETRIES, 0, -1):
                redis.zadd(RETRIES, {member: 0})
        assert done == sent
        # A spoilt one may have its id, at another time.
        one = "SELECT count(*) FROM access_logs WHERE id = %s AND created_at = %s"
        assert rows(database, one, hit.id, hit.created_at) == [(1,)]

    def judge(drawn: tuple[dict[bytes, bytes], Spoiling, bytes, str]) -> Iterator[str]:
        nonlocal number
        columns, spoiling, anything, time = drawn
        at_a_time = orjson.dumps(
            {**orjson.loads(hit_of(application, custom_params={"b": 1}).encode()), "created_at": time}
        )
        odd = ({b"tracking_data": anything}, {b"tracking_data": at_a_time, **columns}, columns)
        for changes in (*odd, *({} for _ in range(17))):
            number += 1
            hit = hit_of(application, number, session_id="s", event_data={"a": [1, "é"]}, custom_params={"b": 1.5})
            data = spoilt(hit.encode(), [(at + 97 * number, removed, put) for at, removed, put in spoiling])
            yield "other columns" if changes else "sound columns"
            waiting.append({b"tracking_data": data, **changes})
            if len(waiting) >= _TOGETHER:
                drain_all()

    run("streams", st.tuples(_COLUMNS, SPOILINGS, st.binary(max_size=200), _TIMES), judge)
    if waiting:
        drain_all()
    sys.stdout.write(f"entries: {dict(kinds)}\n")
    assert kinds["stored"] >= good
    assert kinds["failed"]


# Logs.

_LOG_LINES = tuple(line for path in LOGS for line in path.read_bytes().splitlines())
_FILES = (
    b"\n".join(_LOG_LINES[:5]),
    b"\n".join(_LOG_LINES[-5:]),
    gzip.compress(b"\n".join(_LOG_LINES[:20])),
    b"PK\x03\x04" + bytes(60),
    b"BZh91AY&SY" + bytes(30),
    b"\xfd7zXZ\0\0" + bytes(30),
    "ア\n".encode("utf-16"),
    b"#Fields: date time c-ip cs-uri-stem\n2026-11-28 20:57:01 192.0.2.1 /\n",
    b'{"log":"a\\n","stream":"stdout","time":"2026-11-28T20:57:01Z"}\n',
)


def test_any_log_is_read_line_by_line_or_refused_in_a_sentence(tmp_path: Path) -> None:
    log = tmp_path / "access.log"

    def judge(drawn: tuple[int, Spoiling, bytes, str | None]) -> Iterator[str]:
        first, spoiling, anything, name = drawn
        lines = [_LOG_LINES[(first + 7 * number) % len(_LOG_LINES)] for number in range(20)]
        yield read(anything, name)
        for original in (*lines, *_FILES):
            yield read(spoilt(original, spoiling), name if original in _FILES else None)

    def read(data: bytes, name: str | None) -> str:
        log.write_bytes(data)
        reader, taken, malformed = reader_of(name), 0, 0
        try:
            with opened(str(log)) as source:
                for line in source.lines:
                    try:
                        taken += reader(line.text) is not None
                    except Malformed:
                        malformed += 1
        except Refused:
            return "refused"
        return "read" if taken and not malformed else "partly read" if taken else "malformed"

    names = st.none() | st.sampled_from(NAMES)
    became = run("logs", st.tuples(st.integers(0, 10_000), SPOILINGS, st.binary(max_size=200), names), judge)
    assert became["read"]


# Consumers' answers.

_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 503 Later\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.0 410 Gone\r\nSet-Cookie: a=b\r\nLocation: http://127.0.0.1/\r\n\r\n",
    b"HTTP/1.1 429 Slow\r\nRetry-After: Sun, 29 Nov 2026 00:00:00 GMT\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b",
)


def test_any_answer_of_a_consumer_is_a_status_or_a_sentence() -> None:
    with client_of(read_seconds=2, whole_seconds=4) as client, consumer() as one:

        def judge(drawn: tuple[Spoiling, bytes]) -> Iterator[str]:
            spoiling, anything = drawn
            yield asked(anything)
            for original in _ANSWERS:
                yield asked(spoilt(original, spoiling))

        def asked(data: bytes) -> str:
            one.received.clear()
            one.manner = says(data, closes=True)
            try:
                answer = post(client, one)
            except NoResponse as error:
                return str(error)
            assert 200 <= answer.status <= 999 or answer.status == 101
            return f"{answer.status // 100}xx"

        became = run("answers", st.tuples(SPOILINGS, st.binary(max_size=200)), judge)
    assert became["2xx"]
    sentences = [end for end in became if not re.fullmatch(r"\dxx", end)]
    assert all(re.fullmatch(r"[A-Z][^\r\n]{5,200}\.", sentence) for sentence in sentences), sentences
