from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.application import ParameterDefinition, ParameterType
from tracker.ingest.parameters import check
from tracker.parameter_rules import ParameterRule, compile_definition

MODES = ("drop_param", "reject", "accept")
LONG = "x" * 2001


def rule(key: str, kind: ParameterType = "string", **columns: Any) -> ParameterRule:
    return compile_definition(
        ParameterDefinition(
            application_id=UUID(int=1), parameter_key=key, parameter_name=key, parameter_type=kind, **columns
        )
    )


PRICE = rule("price", "number", validation_rules={"min_value": 0})
COLOUR = rule("colour", default_value="red")
SKU = rule("sku", is_required=True)


def test_parameters_without_a_definition_stay_as_they_are() -> None:
    params = {"free": LONG, "other": [1]}
    checked = check(params, [], "drop_param")
    assert checked.params is params
    assert (checked.values, checked.refusals) == ((), ())


def test_a_hit_without_parameters_and_definitions_is_left_alone() -> None:
    assert check(None, [], "reject").params is None
    assert check(None, [PRICE], "reject").params is None


def test_an_admitted_value_stays_as_sent_and_becomes_a_row() -> None:
    checked = check({"price": "12.50", "free": 1}, [PRICE], "drop_param")
    assert checked.params == {"price": "12.50", "free": 1}
    assert list(checked.values) == [("price", "12.5")]


@pytest.mark.parametrize(("mode", "left"), [("drop_param", {"free": 1}), ("accept", {"price": -1, "free": 1})])
def test_a_refused_value_follows_the_mode(mode: str, left: dict[str, Any]) -> None:
    checked = check({"price": -1, "free": 1}, [PRICE], mode)
    assert (checked.params, checked.rejected) == (left, False)
    assert (list(checked.values), list(checked.refusals)) == ([], [("price", "min_value")])


def test_a_refused_value_rejects_the_hit_where_the_application_asks_for_it() -> None:
    checked = check({"price": -1, "free": 1}, [PRICE], "reject")
    assert (checked.rejected, list(checked.refusals)) == (True, [("price", "min_value")])


@pytest.mark.parametrize("absent", [None, {}, {"colour": None}])
def test_a_default_stands_in_for_an_absent_value(absent: dict[str, Any] | None) -> None:
    checked = check(absent, [COLOUR], "reject")
    assert checked.params == {"colour": "red"}
    assert (list(checked.values), checked.rejected) == ([("colour", "red")], False)


def test_a_default_does_not_stand_in_for_a_refused_value() -> None:
    checked = check({"colour": 5}, [COLOUR], "drop_param")
    assert checked.params == {}
    assert (list(checked.values), list(checked.refusals)) == ([], [("colour", "type")])


@pytest.mark.parametrize("mode", MODES)
def test_a_required_value_that_is_absent_is_counted_and_rejects_only_where_asked_to(mode: str) -> None:
    checked = check({"free": 1}, [SKU], mode)
    assert list(checked.refusals) == [("sku", "required")]
    assert checked.rejected is (mode == "reject")


def test_a_broken_default_is_counted_and_rejects_nothing() -> None:
    checked = check({}, [rule("n", "number", default_value="many")], "reject")
    assert (checked.params, list(checked.refusals), checked.rejected) == ({}, [("n", "default")], False)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rules", [[], [rule("page_type", is_required=True)]])
def test_page_type_is_dropped_when_it_is_too_long_defined_or_not(rules: list[ParameterRule], mode: str) -> None:
    checked = check({"page_type": LONG, "free": 1}, rules, mode)
    assert checked.params == {"free": 1}
    assert (list(checked.refusals), checked.rejected) == ([("page_type", "too_long")], False)


@pytest.mark.parametrize("mode", MODES)
def test_a_defined_value_that_is_too_long_is_dropped_in_every_mode(mode: str) -> None:
    checked = check({"sku": LONG, "free": LONG}, [SKU], mode)
    assert checked.params == {"free": LONG}
    assert (list(checked.values), list(checked.refusals), checked.rejected) == ([], [("sku", "too_long")], False)


def test_the_parameters_that_were_sent_are_not_changed_in_place() -> None:
    params = {"price": -1, "page_type": LONG}
    check(params, [PRICE, COLOUR], "drop_param")
    assert params == {"price": -1, "page_type": LONG}


KEYS = st.sampled_from(["price", "colour", "sku", "page_type", "free"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "1", "red", LONG])
    | st.lists(st.integers(-9, 9))
)


@given(st.none() | st.dictionaries(KEYS, VALUES), st.sampled_from(MODES))
def test_every_defined_parameter_is_a_row_or_a_refusal_or_absent(params: dict[str, Any] | None, mode: str) -> None:
    rules = [PRICE, COLOUR, SKU, rule("page_type")]
    checked = check(params, rules, mode)
    kept = checked.params or {}
    named = [key for key, _ in checked.values] + [key for key, _ in checked.refusals]
    assert len(named) == len(set(named))
    for key, text in checked.values:
        assert kept[key] is not None
        assert len(text) <= 2000
    for defined in rules:
        if (params or {}).get(defined.key) is not None:
            assert defined.key in named
    assert kept.get("free") == (params or {}).get("free")
    assert LONG not in [kept.get(key) for key in ("price", "colour", "sku", "page_type")]
    if mode == "drop_param":
        assert {key for key, value in kept.items() if key != "free" and value is not None} == {
            key for key, _ in checked.values
        }


def test_a_default_that_is_empty_stands_in_like_any_other() -> None:
    checked = check({"free": 1}, [rule("note", default_value="")], "drop_param")
    assert (checked.params, list(checked.values)) == ({"free": 1, "note": ""}, [("note", "")])
