"""The groups that a page of rows may show, found by what is cheap to count, before visitors and visits are. Pure.

Telling visitors apart takes many times as long as counting hits. Of 5,000 pages only those are looked at whose numbers
may be among the largest: no group has more visitors, or visits, than hits.
"""

from collections.abc import Sequence
from typing import Final

from tracker.reports.question import Question

_MAX_ROWS: Final = 200
"""With more of them nearly every group is counted in the end."""
_CHEAP: Final = {"requests": "sum(requests)", "page_views": "sum(views)"}
_BOUNDED: Final = {"visitors": "count(DISTINCT visitor)", "sessions": "count(DISTINCT key)"}


def leading(question: Question, groups: Sequence[str]) -> list[str]:
    """Return the tables after which `led` is what may be shown of `selected`; none where all of it may be."""
    rows = question.offset + question.limit + 1
    has_costly = question.counts_visits or question.counts_visitors
    is_open = question.interval is not None or not question.is_descending or rows > _MAX_ROWS
    if not groups or is_open or not has_costly:
        return []
    names = ", ".join(groups)
    if question.order_by in _CHEAP:
        order = ", ".join([f"{_CHEAP[question.order_by]} DESC", *(f"{name} ASC NULLS LAST" for name in groups)])
        candidates = f"SELECT {names} FROM selected GROUP BY {names} ORDER BY {order} LIMIT {rows}"  # noqa: S608
        return [f"candidates AS MATERIALIZED ({candidates})", _among("led", "candidates", groups)]
    if question.order_by in _BOUNDED:
        bounds = f"SELECT {names}, sum(requests) AS most FROM selected GROUP BY {names}"  # noqa: S608 our own names
        exact = f"SELECT {_BOUNDED[question.order_by]} AS exact FROM foremost GROUP BY {names}"  # noqa: S608
        return [
            f"bounds AS MATERIALIZED ({bounds})",
            f"largest AS MATERIALIZED (SELECT {names} FROM bounds ORDER BY most DESC LIMIT {rows})",  # noqa: S608
            _among("foremost", "largest", groups),
            f"candidates AS MATERIALIZED (SELECT {names} FROM bounds WHERE most >= (SELECT min(exact) FROM ({exact})))",  # noqa: S608
            _among("led", "candidates", groups),
        ]
    return []


def _among(name: str, table: str, groups: Sequence[str]) -> str:
    equal = " AND ".join(f"selected.{group} IS NOT DISTINCT FROM {table}.{group}" for group in groups)
    return f"{name} AS NOT MATERIALIZED (SELECT selected.* FROM selected SEMI JOIN {table} ON {equal})"  # noqa: S608
