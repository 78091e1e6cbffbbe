"""Which hits are taken: a dimension, a comparison and values, all of which have to be so."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tracker.errors import Refused, invalid
from tracker.reports.dimensions import Dimension, dimension_of

COMPARISONS: Final = ("is", "is_not", "contains", "contains_any_case", "begins_with", "any_of")
MAX_FILTERS: Final = 20
MAX_VALUES: Final = 1000
MAX_VALUE_LENGTH: Final = 1000
MAX_LENGTH: Final = 20_000


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """One condition; a value of None stands for hits that have none."""

    dimension: Dimension
    comparison: str
    values: tuple[str | None, ...]

    @property
    def takes_any_value(self) -> bool:
        """Return whether it leaves out nothing but hits that have no value."""
        return self.comparison == "is_not" and self.values == (None,)

    def condition(self) -> tuple[str, list[object]]:
        """Return the condition as SQL for a WHERE, and the values of its places.

        Equality is what the engine looks up in the bounds and dictionaries of a file's blocks, so that it leaves most
        of them unread.
        """
        column = f"({self.dimension.sql})"
        if self.comparison == "is":
            return (f"{column} IS NULL", []) if self.values[0] is None else (f"{column} = ?", [self.values[0]])
        if self.comparison == "is_not":
            return f"{column} IS DISTINCT FROM ?", [self.values[0]]
        if self.comparison == "contains":
            return f"coalesce(contains({column}, ?), false)", [self.values[0]]
        if self.comparison == "contains_any_case":
            contained = " OR ".join([f"contains(lower({column}), lower(?))"] * len(self.values))
            return f"coalesce({contained}, false)", list(self.values)
        if self.comparison == "begins_with":
            return f"coalesce(starts_with({column}, ?), false)", [self.values[0]]
        texts: list[object] = [value for value in self.values if value is not None]
        named = [f"{column} IN ({', '.join('?' * len(texts))})"] if texts else []
        empty = [f"{column} IS NULL"] if len(texts) < len(self.values) else []
        return f"({' OR '.join([*named, *empty])})", texts


def filters_of(text: str | None, parameters: Collection[str]) -> tuple[ReportFilter, ...]:
    """Read `[["page", "is", "/cart"], ["browser", "any_of", ["Firefox", "Safari"]]]`. Raises Refused."""
    if not text:
        return ()
    if len(text) > MAX_LENGTH:
        raise _wrong(f"Must have at most {MAX_LENGTH} characters.")
    try:
        given = orjson.loads(text)
    except ValueError:
        raise _wrong('Must be JSON, such as [["page", "is", "/cart"]].') from None
    if not isinstance(given, list) or len(given) > MAX_FILTERS:
        raise _wrong(f"Must be a list of at most {MAX_FILTERS} conditions.")
    return tuple(_filter_of(one, parameters) for one in given)


def _filter_of(given: Any, parameters: Collection[str]) -> ReportFilter:  # noqa: ANN401 any JSON value
    if not isinstance(given, list) or len(given) != 3 or not all(isinstance(part, str) for part in given[:2]):  # noqa: PLR2004
        raise _wrong('A condition is a list of a dimension, a comparison and a value: ["page", "is", "/cart"].')
    name, comparison, value = given
    if comparison not in COMPARISONS:
        raise _wrong(f"There is no comparison {comparison[:100]!r}: one of {', '.join(COMPARISONS)}.")
    values = value if comparison in ("any_of", "contains_any_case") and isinstance(value, list) else [value]
    if not 0 < len(values) <= MAX_VALUES:
        raise _wrong(f"{comparison} takes 1 to {MAX_VALUES} values.")
    takes_null = comparison in ("is", "is_not", "any_of")
    for text in values:
        if text is None and takes_null:
            continue
        if not isinstance(text, str) or len(text) > MAX_VALUE_LENGTH:
            raise _wrong(f"The value of {comparison} must be a text of at most {MAX_VALUE_LENGTH} characters.")
        if "\0" in text:
            raise _wrong("A value holds the character NUL.")
    return ReportFilter(dimension_of(name, parameters, field="filters"), comparison, tuple(values))


def _wrong(reason: str) -> Refused:
    return invalid(f"filters: {reason}", filters=[reason])
