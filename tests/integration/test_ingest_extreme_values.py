"""What is as large as it may be must fit every index: the most awkward values that the checks let through."""

import random
import string
from typing import Any

import orjson
import pytest

from tests.support.queued_hits import define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.parameter_rules import is_too_long
from tracker.queueing.connection import Connection
from tracker.store.database import Database

_chance = random.Random(7)
NOISE = "".join(_chance.choices(string.ascii_letters + string.digits, k=2000))
WIDE = "".join(chr(_chance.randrange(0x20000, 0x2A000)) for _ in range(500))
KEY = "".join(chr(_chance.randrange(0x20000, 0x2A000)) for _ in range(100))
"""100 characters of four bytes each: the longest key that a definition can have."""


def longest(make: Any) -> Any:
    """What `make(n)` returns for the largest n that is not too long."""
    low, high = 1, 4000
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (low, middle - 1) if is_too_long(make(middle)) else (middle, high)
    return make(low)


PAGE_TYPES = [
    NOISE,
    WIDE,
    "\\" * 2000,
    '"' * 2000,
    "\x01" * 2000,
    1.7976931348623157e308,
    -5e-324,
    -1.7976931348623157e-300,
    2**53 - 1,
    longest(lambda n: [1e300, -1e-300] * n),
    longest(lambda n: [1] * n),
    longest(lambda n: ["\x01\x02"] * n),
    longest(lambda n: [NOISE[:n]]),
    longest(lambda n: {KEY: NOISE[:n]}),
    longest(lambda n: {f"{number}": 5e-324 for number in range(n)}),
    longest(lambda n: [[]] * n),
    True,
]


@pytest.mark.parametrize("page_type", PAGE_TYPES, ids=range(len(PAGE_TYPES)))
def test_the_longest_page_type_that_passes_fits_its_index_as_postgresql_renders_it(
    database: Database, redis: Connection, application: Application, page_type: Any
) -> None:
    assert not is_too_long(page_type)
    enqueue(redis, [hit_of(application, custom_params={"page_type": page_type}, session_id="s")])

    assert drain(redis, database).stored == 1

    [(rendered,)] = rows(database, "SELECT octet_length(custom_params ->> 'page_type') FROM access_logs")
    assert rendered <= 2000


def test_the_longest_values_under_the_longest_key_fit_every_index(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, KEY, "string")
    define(database, application, "list", "array")
    define(database, application, "number", "number")
    hits = [
        hit_of(application, number, session_id=f"s{number}", custom_params={KEY: text, "list": values, "number": value})
        for number, (text, values, value) in enumerate(
            [
                (NOISE, longest(lambda n: [NOISE[:n]]), 1e308),
                (WIDE, longest(lambda n: [1e300] * n), -5e-324),
                (WIDE[::-1], longest(lambda n: [WIDE[:n]]), "-1.7976931348623157e308"),
            ],
            start=1,
        )
    ]
    enqueue(redis, hits)

    drained = drain(redis, database)

    assert (drained.batches, drained.stored) == (1, 3)
    lengths = rows(database, "SELECT max(octet_length(parameter_value)), count(*) FROM custom_parameter_values")
    assert lengths == [(2000, 9)]


def test_identifiers_of_the_greatest_length_fit_their_indexes(
    database: Database, redis: Connection, application: Application
) -> None:
    columns = dict.fromkeys(("session_id", "client_sub_id", "module_id", "event_name"), KEY)
    enqueue(redis, [hit_of(application, url=NOISE * 20, referrer=WIDE * 20, user_agent=WIDE * 4, **columns)])

    assert drain(redis, database).stored == 1


def test_custom_parameters_with_huge_keys_and_values_fit_their_index(
    database: Database, redis: Connection, application: Application
) -> None:
    params = {NOISE * 8: NOISE * 8, WIDE: [WIDE, 1e308, {NOISE: -5e-324}]}
    enqueue(redis, [hit_of(application, custom_params=params, session_id="s")])

    assert drain(redis, database).stored == 1


def test_whole_numbers_of_any_size_are_stored_as_they_are(
    database: Database, redis: Connection, application: Application
) -> None:
    """Receivers refuse them; whoever edits a failed hit may write them."""
    numbers = [2**63, 2**64 + 1, -(2**70), 10**30]
    enqueue(redis, [hit_of(application, event_data={"numbers": numbers})])
    assert drain(redis, database).stored == 1
    assert rows(database, "SELECT event_data ->> 'numbers' FROM access_logs") == [(str(numbers),)]


@pytest.mark.parametrize("beyond", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_utc_does_not_have_fails_alone(
    database: Database, redis: Connection, application: Application, beyond: str
) -> None:
    define(database, application, "size", "string")
    first, spoilt, last = (hit_of(application, number, custom_params={"size": "s"}) for number in (1, 2, 3))
    data = orjson.dumps({**orjson.loads(spoilt.encode()), "created_at": beyond})
    enqueue(redis, [first, entry_of(spoilt, tracking_data=data), last])

    drained = drain(redis, database)

    assert (drained.ended, drained.stored, drained.failed) == ("dry", 2, 1)
    [(reason,)] = rows(database, "SELECT error_message FROM batch_queue WHERE status = 'failed'")
    assert "created_at is beyond the calendar" in reason
