"""What is withheld is written nowhere: neither Redis nor PostgreSQL holds it in any key, field or column."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.queued_hits import drain
from tests.support.receiving import Receiving, code, queued_hits
from tracker.application_settings import STRIPPED_QUERY_PARAMETERS
from tracker.config import Settings
from tracker.management import settings as management
from tracker.privacy.addresses import normalise
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")

MANY = examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SECRET = "hUsH-4711-hUsH"
TABLES = (
    *("access_logs", "sessions", "batch_queue", "batch_jobs", "custom_parameter_values", "filtered_hits"),
    *("custom_parameter_refusals",),
)


def everything_in_redis(redis: Connection) -> str:
    """Every key of the server with all that it holds, as text."""
    contents: list[Any] = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        read: dict[bytes, Any] = {
            b"string": redis.get,
            b"hash": redis.hgetall,
            b"set": redis.smembers,
            b"list": lambda name: redis.lrange(name, 0, -1),
            b"zset": lambda name: redis.zrange(name, 0, -1, withscores=True),
            b"stream": redis.xrange,
        }
        if kind in read:  # Or it has just expired.
            contents.append((key, read[kind](key)))
    return repr(contents)


def everything_in_postgresql(database: Database) -> str:
    with database.transaction() as tx:
        return repr([tx.execute(f"SELECT to_jsonb(t)::text FROM {table} t".encode()).fetchall() for table in TABLES])


def spellings(address: str) -> Iterator[str]:
    """An address as it may be written."""
    yield address
    whole = ipaddress.ip_address(address)
    yield whole.exploded
    if isinstance(whole, ipaddress.IPv4Address):
        yield str(ipaddress.IPv6Address(f"::ffff:{address}"))


addresses = (st.ip_addresses(v=4) | st.ip_addresses(v=6)).map(lambda address: normalise(str(address)))
places = st.sampled_from(
    ["https://a.example/?{}={}", "/?x=1&{}={}#top", "https://a.example/#{}={}", "https://a.example/#/r?{}={}",
     "https://a.example/?next=%2F%3F{}%3D{}", "/p;{}={}"]
)  # fmt: skip


@MANY
@given(
    address=addresses.filter(lambda address: not address.endswith((".0", "::"))),
    name=st.sampled_from(STRIPPED_QUERY_PARAMETERS.default),
    place=places,
    way=st.sampled_from(["track", "pixel", "referer", "key", "batch"]),
)
def test_no_whole_address_and_no_stripped_parameter_is_written_anywhere(
    *,
    receiving: Receiving,
    redis: Connection,
    database: Database,
    application_key: str,
    address: str,
    name: str,
    place: str,
    way: str,
) -> None:
    redis.flushall()
    url = place.format(name, SECRET)
    hit = {
        "app_id": "shop", "url": url, "referrer": url, "session_id": str(uuid4()), "event_id": str(uuid4()),
        "event_name": "click", "event_data": {"href": "https://b.example/?a=1&" + f"{name}={SECRET}"},
        "custom_params": {"page_type": "cart"},
    }  # fmt: skip
    by = {"environ_overrides": {"REMOTE_ADDR": address}}
    if way == "track":
        answer = receiving.track(hit, **by)
    elif way == "pixel":
        answer = receiving.pixel(f"app_id=shop&url={quote(url)}&referrer={quote(url)}", **by)
    elif way == "referer":
        answer = receiving.pixel("app_id=shop", headers={"Referer": url}, **by)
    elif way == "key":
        answer = receiving.track({**hit, "ip_address": address}, key=application_key)
    else:
        answer = receiving.batch({"app_id": "shop", "events": [{**hit, "ip_address": address}]}, key=application_key)
    assert code(answer) == (200, None)
    queued = everything_in_redis(redis)
    assert "tracking_data" in queued
    assert drain(redis, database).stored == 1
    for written in (queued, everything_in_redis(redis), everything_in_postgresql(database)):
        assert SECRET not in written
        for spelling in spellings(address):
            assert f'"{spelling}"' not in written
            assert f"{spelling}/" not in written


def test_what_is_kept_while_redis_is_away_withholds_the_same(settings: Settings, database: Database) -> None:
    alone = Receiving(replace(settings, redis_url="unix:///nowhere/redis.sock"))
    try:
        answer = alone.track(
            {"app_id": "shop", "url": f"https://a.example/?token={SECRET}&x=1"},
            environ_overrides={"REMOTE_ADDR": "203.0.113.9"},
        )
        assert code(answer) == (200, None)
    finally:
        alone.close()
    written = everything_in_postgresql(database)
    assert "https://a.example/?x=1" in written
    assert "203.0.113.0" in written
    assert SECRET not in written
    assert "203.0.113.9" not in written


@pytest.mark.parametrize(
    ("key", "value", "column", "expected"),
    [
        ("ip_anonymization", "none", "ip_address", "203.0.113.9"),
        ("ip_anonymization", "last_octet", "ip_address", "203.0.113.0"),
        ("ip_anonymization", "full", "ip_address", None),
        ("stripped_query_parameters", "", "url", "https://a.example/?token=1&voucher=2"),
        ("stripped_query_parameters", "voucher", "url", "https://a.example/?token=1"),
        ("stripped_query_parameters", "defaults,voucher", "url", "https://a.example/"),
        ("max_url_length", "10", "url", "https://a."),
        ("max_url_length", "0", "referrer", None),
        ("max_user_agent_length", "4", "user_agent", "Brow"),
        ("max_user_agent_length", "0", "user_agent", None),
    ],
)
def test_each_setting_does_what_it_says(
    *,
    receiving: Receiving,
    redis: Connection,
    database: Database,
    key: str,
    value: str,
    column: str,
    expected: str | None,
) -> None:
    management.set_(database, "shop", key, value)
    url = "https://a.example/?token=1&voucher=2"
    answer = receiving.track(
        {"app_id": "shop", "url": url, "referrer": url},
        headers={"User-Agent": "Browser/1"},
        environ_overrides={"REMOTE_ADDR": "::ffff:203.0.113.9"},
    )
    assert code(answer) == (200, None)
    assert getattr(queued_hits(redis)[0], column) == expected
