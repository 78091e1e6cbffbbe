"""Whoever is erased: nothing of theirs is left anywhere, and of everybody else everything is."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.support.counted import TABLES, assert_exact, fold_everything, statistics
from tests.support.erasing import erase, keys_with, tables_with
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.erasure import hits as erased_hits
from tracker.erasure import person as erased_person
from tracker.hit import Hit
from tracker.management import applications
from tracker.management import settings as application_settings
from tracker.queueing.connection import Connection
from tracker.stats.fold import fold
from tracker.stats.rebuild import rebuild
from tracker.store.database import Database

FIRST_HOUR = NOON - timedelta(hours=NOON.hour + 24)
KINDS = ("string", "number", "array", "object")

clients = st.none() | st.sampled_from(["client-of-A", "client-of-B", "client-of-C"])
sessions = st.none() | st.sampled_from(["session-of-A", "session-of-B", "session-shared"])
addresses = st.none() | st.sampled_from(["192.0.2.77", "192.0.2.78", "2001:db8::77"])
agents = st.none() | st.sampled_from(["first agent", "second agent"])
parameters = st.fixed_dictionaries(
    {},
    optional={
        "string": st.sampled_from(["a", "b", "ä", ""]),
        "number": st.sampled_from([1, 2, 2.5, -3, 0.1]),
        "array": st.lists(st.sampled_from(["x", "y"]), max_size=3) | st.integers(90, 110).map(lambda n: list(range(n))),
        "object": st.just({"a": 1}),
    },
)
told = st.tuples(
    st.integers(0, 47), clients, sessions, addresses, agents, parameters, st.booleans(), st.sampled_from([None, "buy"])
)
whom = st.fixed_dictionaries(
    {},
    optional={
        "clients": st.just(["client-of-A"]),
        "sessions": st.just(["session-of-A"]),
        "addresses": st.just(["192.0.2.77"]),
    },
).filter(bool)
COLUMNS = {"clients": "client_sub_id", "sessions": "session_id", "addresses": "ip_address"}
RAW = """SELECT id, app_id, client_sub_id, session_id, host(ip_address), user_agent, custom_params
         FROM access_logs ORDER BY id"""
VALUES = "SELECT access_log_id, parameter_key, parameter_value FROM custom_parameter_values ORDER BY 1, 2, 3"
SESSIONS = """SELECT session_id, app_id, client_sub_id, user_agent, host(ip_address), first_accessed_at,
                     last_accessed_at, page_views, session_custom_params FROM sessions ORDER BY session_id"""


@pytest.fixture
def shops(database: Database) -> tuple[Application, Application]:
    """Two applications that store whole addresses, with a parameter of each kind."""
    made = []
    for app_id in ("shop", "other"):
        application, _ = applications.create(database, name=app_id, app_id=app_id)
        application_settings.set_(database, app_id, "ip_anonymization", "none")
        for kind in KINDS:
            define(database, application, kind, kind)  # type: ignore[arg-type]
        made.append(application)
    return made[0], made[1]


@pytest.fixture
def few_at_once() -> Iterator[None]:
    """Several transactions for a day, so that what is left of a day is looked up in the middle of it too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erased_hits, "BATCH_SIZE", 2)
        patch.setattr(erased_person, "_PAUSE_SECONDS", 0)
        yield


def tell(shops: tuple[Application, Application], number: int, about: Any) -> Hit:
    hour, client, session, address, agent, custom_params, other, event_name = about
    return hit_of(
        shops[other],
        number + 1,
        created_at=FIRST_HOUR + timedelta(hours=hour, seconds=number),
        client_sub_id=client,
        # A session is one application's: another's hits that name it are left out of it.
        session_id=session and f"{session}-{int(other)}",
        ip_address=address,
        user_agent=agent,
        custom_params=custom_params,
        event_name=event_name,
    )


def is_theirs(hit: Hit, person: dict[str, list[str]]) -> bool:
    return hit.app_id == "shop" and any(getattr(hit, COLUMNS[kind]) in names for kind, names in person.items())


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("few_at_once")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(abouts=st.lists(told, min_size=1, max_size=20), person=whom, later=st.integers(0, 20), folded=st.booleans())
def test_nothing_of_a_person_is_left_and_everything_of_the_others(
    *,
    abouts: list[Any],
    person: dict[str, list[str]],
    later: int,
    folded: bool,
    database: Database,
    redis: Connection,
    shops: tuple[Application, Application],
) -> None:
    person = {kind: [f"{name}-0" if kind == "sessions" else name for name in names] for kind, names in person.items()}
    told_hits = [tell(shops, number, about) for number, about in enumerate(abouts)]
    others = [hit for hit in told_hits if not is_theirs(hit, person)]
    event(f"{len(told_hits) - len(others)} hits of the person")
    stored, waiting = told_hits[later:], told_hits[:later]

    # What the database looks like that never heard of the person.
    _empty(database, redis)
    _store(database, redis, [hit for hit in others if hit in stored])
    fold_everything(database)
    expected = [rows(database, query) for query in (RAW, VALUES, SESSIONS)], statistics(database)

    _empty(database, redis)
    _store(database, redis, stored)
    if folded:
        fold(database, SystemClock())
    if waiting:
        enqueue(redis, waiting)
    receipt = erase(database, redis, **person)
    assert receipt.state == "done"
    fold_everything(database)
    if stored:
        assert_exact(database)
    left = [rows(database, query) for query in (RAW, VALUES, SESSIONS)], statistics(database)
    assert left == expected
    rebuild(database, SystemClock(), first=FIRST_HOUR.date(), last=NOON.date())
    assert statistics(database) == expected[1]

    drain(redis, database)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(len(others),)]
    for column, names in ((COLUMNS[kind], names) for kind, names in person.items()):
        query = f"SELECT count(*) FROM access_logs WHERE app_id = 'shop' AND host({column}::inet) = ANY(%s)"
        if column != "ip_address":
            query = f"SELECT count(*) FROM access_logs WHERE app_id = 'shop' AND {column} = ANY(%s)"
        assert rows(database, query, names) == [(0,)]
    fold_everything(database)
    assert assert_exact(database) > 0 or not others
    if not any(hit.app_id == "other" for hit in told_hits):
        names = [name for kind in person.values() for name in kind]
        assert tables_with(database, *names) == {}
        assert keys_with(redis, *names) == []


def _empty(database: Database, redis: Connection) -> None:
    redis.flushall()
    with database.transaction() as tx:
        tx.execute(f"TRUNCATE {TABLES}, erasures".encode())


def _store(database: Database, redis: Connection, told_hits: list[Hit]) -> None:
    if told_hits:
        enqueue(redis, told_hits)
        drain(redis, database)
