"""In any order, batches, repetition and lateness: the statistics are those of a recount, and of a rebuild."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.counted import assert_exact, empty, fold_everything, statistics
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.hit import Hit
from tracker.ingest.statistics_deltas import Visitor, address_bytes, session_digest, visitor_digest
from tracker.management import applications
from tracker.management import settings as management_settings
from tracker.queueing.connection import Connection
from tracker.stats.fold import fold
from tracker.stats.rebuild import rebuild
from tracker.store import statistics_increments
from tracker.store.database import Database

TYPES = ("string", "number", "boolean", "array", "object")
FIRST_HOUR = NOON - timedelta(hours=NOON.hour + 24)
"""Midnight, a day ago."""

texts = st.sampled_from(["", "a", "b", "ä", '"', "\\", "{,}", "NULL", "\t\n\r", "\\N", "x" * 400]) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4
)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.just(0.1)
elements = texts | numbers | st.booleans() | st.none() | st.lists(st.integers(0, 9), max_size=2)
values = {
    "string": texts,
    "number": numbers,
    "boolean": st.booleans(),
    # Up to 130 elements, so that not all of them are shown.
    "array": st.lists(elements, max_size=4) | st.integers(0, 130).map(lambda count: list(range(count))),
    "object": st.dictionaries(texts, texts, max_size=2),
}
addresses = st.none() | st.sampled_from(["192.0.2.1", "192.0.2.1/32", "2001:DB8::1", "2001:db8:0::1", "10.0.0.0/8"])
people = st.fixed_dictionaries(
    {
        "client_sub_id": st.none() | st.sampled_from(["c", "d", ""]),
        "ip_address": addresses,
        "user_agent": st.none() | st.sampled_from(["", "agent", "Ägent"]),
        "session_id": st.none() | st.sampled_from(["s", "t", "u"]),
    }
)
parameters = st.fixed_dictionaries({}, optional={name: values[name] for name in TYPES} | {"undefined": texts})
told = st.tuples(st.integers(0, 47), people, parameters, st.booleans())


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[int]]:
    """Batches of numbers of hits, some of which come again; a batch may be empty: then there is a fold."""
    return draw(st.lists(st.lists(st.integers(0, 19), max_size=8), min_size=1, max_size=6))


def tell(applications_: tuple[Application, Application], number: int, about: Any) -> Hit:
    hour, who, custom_params, other = about
    return hit_of(
        applications_[other],
        number + 1,
        created_at=FIRST_HOUR + timedelta(hours=hour, seconds=number),
        custom_params=custom_params,
        **who,
    )


@pytest.mark.timeout(600)  # Where it fails, hypothesis looks for a smaller case; a busy machine is no failure.
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(abouts=st.lists(told, min_size=1, max_size=20), batches=deliveries())
def test_statistics_are_those_of_a_recount_however_hits_arrive(
    abouts: list[Any], batches: list[list[int]], database: Database, redis: Connection
) -> None:
    empty(database)
    mine = known_applications(database)
    hits = [tell(mine, number, about) for number, about in enumerate(abouts)]
    for batch in [*batches, range(20)]:
        if arriving := [hits[number] for number in batch if number < len(hits)]:
            enqueue(redis, arriving)
            drain(redis, database, batch_size=5)
        if len(batch) % 2 == 0:
            fold(database, SystemClock())
    assert rows(database, "SELECT count(*) FROM access_logs") == [(len(hits),)]
    fold_everything(database)
    counted = statistics(database)

    assert assert_exact(database) > 0
    rebuild(database, SystemClock(), first=FIRST_HOUR.date(), last=NOON.date())
    assert statistics(database) == counted
    assert_exact(database)


def known_applications(database: Database) -> tuple[Application, Application]:
    """Two applications with a parameter of each type, made once a test."""
    known = tuple(KNOWN.get(id(database), ()))
    if not known:
        for name in ("one", "two"):
            made, _ = applications.create(database, name=name, app_id=name)
            for kind in TYPES:
                define(database, made, kind, kind)  # type: ignore[arg-type]
            if name == "two":
                # Few of its values are told apart: what is other must be recounted as such.
                management_settings.set_(database, name, "max_different_values", "2")
            known = (*known, made)
        KNOWN[id(database)] = known
    return known[0], known[1]


KNOWN: dict[int, tuple[Application, ...]] = {}

DIGESTS = """SELECT (SELECT replace(statistics_visitor(%s, %s::inet, %s)::text, '-', '')),
                    (SELECT replace(statistics_session(%s)::text, '-', ''))"""
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.mark.usefixtures("database")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    client=st.none() | any_text,
    address=st.none() | st.ip_addresses().map(str) | st.sampled_from(["10.1.2.3/8", "::ffff:1.2.3.4", "1::/64"]),
    agent=st.none() | any_text,
    session=any_text,
)
def test_workers_and_postgresql_digest_alike(
    client: str | None, address: str | None, agent: str | None, session: str, database: Database
) -> None:
    visitor: Visitor = client if client is not None else (address, agent)
    unusual = {}
    if address is not None and address_bytes(address) is None:
        with database.transaction() as tx:
            [unusual[address]] = statistics_increments.address_bytes(tx, [address])
    stored_rows = rows(database, DIGESTS, client, address, agent, session)
    assert stored_rows == [(visitor_digest(visitor, unusual), session_digest(session))]
