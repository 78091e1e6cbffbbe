from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.application import Application, ParameterDefinition
from tracker.hit import Hit
from tracker.ingest.application_lookup import Known
from tracker.ingest.check import Failed, Good
from tracker.ingest.parts import MAX_PART_BYTES, Item, halves, parts_of
from tracker.parameter_limits import default_bytes
from tracker.parameter_rules import compile_definition
from tracker.queueing.consumer import Claim
from tracker.queueing.entry import Entry

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PARAMS = {f"k{number}": "value" for number in range(100)}


def item(number: int, application: int = 1, *, size: int = 500, **columns: Any) -> Good:
    hit = Hit(id=number, created_at=NOW, application_id=UUID(int=application), app_id="app", **columns)
    entry = Entry(id=UUID(int=number), tracking_data=b"x" * size, created_at=NOW, updated_at=NOW)
    return Good(Claim(entry, "stream", b"1-1"), hit, [], [])


def known(definitions: int, default: str | None = None) -> dict[str, Known | None]:
    """The application with so many definitions."""
    rules = tuple(
        compile_definition(
            ParameterDefinition(
                application_id=UUID(int=1),
                parameter_key=f"k{number}",
                parameter_name="n",
                parameter_type="string",
                default_value=default,
            )
        )
        for number in range(definitions)
    )
    return {
        "app": Known(
            application=cast(Application, None),
            rules=rules,
            mode="accept",
            open_keys=frozenset(),
            max_different_values=1,
            defaults=sum(rule.default_text is not None for rule in rules),
            default_bytes=sum(map(default_bytes, rules)),
            audience=None,
        )
    }


NOBODY: dict[str, Known | None] = {"app": None}


def numbers(part: Any) -> list[int]:
    return [hit.claim.entry.id.int for hit in part]


def test_an_ordinary_batch_is_one_part_as_it_is() -> None:
    batch = [item(number, number % 3, custom_params=PARAMS) for number in range(100)]
    assert parts_of(batch, known(12)) == [batch]
    assert parts_of([], NOBODY) == []


def test_a_heavy_batch_is_parted_and_the_light_application_is_in_the_first_part_alone() -> None:
    heavy = [item(number, 1, size=57_000) for number in range(60)]
    light = item(1000, 2)
    parts = parts_of([*heavy[:50], light, *heavy[50:]], NOBODY)
    assert numbers(parts[0]) == [1000]
    assert [number for part in parts[1:] for number in numbers(part)] == list(range(60))
    assert all(57_000 * len(part) <= MAX_PART_BYTES for part in parts)


def test_parameter_values_weigh_too() -> None:
    batch = [item(number, custom_params=PARAMS) for number in range(100)]
    assert len(parts_of(batch, known(100))) > 5
    # Those that nobody has defined have no rows, and few of many that are defined weigh little.
    assert len(parts_of(batch, known(3))) == 1
    assert len(parts_of([item(number, custom_params={"k1": "v"}) for number in range(100)], known(100))) == 1


def test_defaults_weigh_as_if_they_had_been_sent() -> None:
    assert len(parts_of([item(number) for number in range(100)], known(100, "x"))) > 5
    assert len(parts_of([item(number) for number in range(400)], known(4, "x" * 1900))) > 2


def test_a_hit_that_is_too_heavy_for_any_part_is_a_part_alone() -> None:
    parts = parts_of([item(1, size=3 * MAX_PART_BYTES), item(2, size=3 * MAX_PART_BYTES), item(3, 2)], NOBODY)
    assert [numbers(part) for part in parts] == [[3], [1], [2]]


@pytest.mark.parametrize(
    ("applications", "expected"),
    [
        ([1, 1, 1, 1], [[0, 1], [2, 3]]),
        ([1, 1], [[0], [1]]),
        ([1, 2, 1, 1, 3, 1], [[1, 4], [0, 2, 3, 5]]),
        ([1, 2, 3, 4], [[0, 1], [2, 3]]),
        ([1, 2], [[0], [1]]),
    ],
)
def test_what_is_refused_is_cut_between_applications(applications: list[int], expected: list[list[int]]) -> None:
    part = [item(number, application) for number, application in enumerate(applications)]
    assert [numbers(half) for half in halves(part)] == expected


def test_where_two_applications_name_a_session_the_order_is_kept() -> None:
    part: list[Item] = [item(0, 1, session_id="s"), item(1, 2, session_id="s"), item(2, 1), item(3, 1)]
    assert [numbers(half) for half in halves(part)] == [[0, 1], [2, 3]]
    heavy = [item(0, 1, size=MAX_PART_BYTES, session_id="s"), item(1, 2, session_id="s")]
    assert [numbers(half) for half in parts_of(heavy, NOBODY)] == [[0], [1]]


ITEMS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([10, 60_000, 700_000]), st.sampled_from([None, "a", "b"])), min_size=2
)


@given(ITEMS)
def test_nothing_is_lost_and_an_applications_hits_stay_in_order(drawn: list[tuple[int, int, str | None]]) -> None:
    batch: list[Item] = [
        item(number, application, size=size, session_id=session) if application else _failed(number, size)
        for number, (application, size, session) in enumerate(drawn)
    ]
    for parts in (parts_of(batch, NOBODY), halves(batch)):
        assert all(parts)
        assert sorted(number for part in parts for number in numbers(part)) == list(range(len(batch)))
        for application in range(5):
            of_application = [n for part in parts for n in numbers(part) if drawn[n][0] == application]
            assert of_application == sorted(of_application)


def _failed(number: int, size: int) -> Failed:
    return Failed(item(number, size=size).claim, "unreadable", "reason")
