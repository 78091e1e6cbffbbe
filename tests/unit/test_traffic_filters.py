"""Names that addresses have for filters: each leads back to its filter, whatever the key of a parameter ends with."""

import pytest

from tracker.dashboard.carried_filters import path_of
from tracker.traffic_filters import COMPARISONS, DIMENSIONS, TrafficFilter, filter_named, fitting

KEYS = ("plan", "a.b", "a.contains", "a.is_not", "a.is", "a.contains.is", "a.is_not.is.is", "contains", ".contains")


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("dimension", ["page", *(f"param:{key}" for key in KEYS)])
def test_a_name_leads_back_to_its_filter(dimension: str, comparison: str) -> None:
    one = TrafficFilter(dimension, comparison, "x")
    assert filter_named(one.name, "x") == one


def test_only_a_key_that_ends_as_a_comparison_is_told_from_one() -> None:
    assert TrafficFilter("param:a.is", "is", "x").name == "param:a.is"
    assert TrafficFilter("param:a.contains", "is", "x").name == "param:a.contains.is"
    assert filter_named("param:a.contains", "x") == TrafficFilter("param:a", "contains", "x")
    assert filter_named("page.is", "x") is None
    assert filter_named("param:", "x") is None


@pytest.mark.parametrize("value", ["&" * 1000, "日" * 333, "%/? " * 250, "x" * 1000])
def test_an_address_with_all_filters_that_are_taken_has_room(value: str) -> None:
    named = {f"{name}.is_not": value for name in DIMENSIONS} | {f"param:{'&' * 100}": value}
    filters, refused = fitting(named)
    assert refused is not None
    assert 0 < len(path_of(filters)) <= 6100
    assert fitting({f"param:{'&' * 100}": value})[1] is None, "each alone is taken"
