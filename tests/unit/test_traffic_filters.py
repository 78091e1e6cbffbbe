"""Names that addresses have for filters: each leads back to its filter, whatever the key of a parameter ends with."""

import pytest

from tracker.traffic_filters import COMPARISONS, TrafficFilter, filter_named

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
