"""What a question is asked of: single hits, or the parts of visits, of which there are far fewer. As SQL; pure.

Both become the table `rows`: `time`, `visitor`, `requests`, `views`, the dimensions, and, where visits are asked about,
`key` (of the visit), `is_single` (whether no other row has this key), and what the visit as a whole was like.
"""

from collections.abc import Collection
from typing import Final

from tracker.facts.columns import VISIT_SOURCES, VISITOR_DIMENSIONS, column_of
from tracker.facts.engine import quoted
from tracker.facts.visits import SLOT
from tracker.reports.dimensions import PAGES_OF_VISITS
from tracker.reports.question import Question
from tracker.reports.visits import WHOLE, keys_of_visits, parts_with_visits, visits

_OF_PARTS: Final = {*VISITOR_DIMENSIONS, *VISIT_SOURCES, *PAGES_OF_VISITS}
_VISITS: Final = ("visitor", "session", "visit", "time", "lasted", "at_edge", "is_whole")
_PAGES: Final = ("has_view", "entry_page", "exit_page", "entered_after", "left_before")
_ONE_HIT: Final = """visitor, session, visit, time, 0 AS lasted, at_edge, false AS is_whole, 1 AS requests,
    0 AS internal_requests, CAST(is_view AS INTEGER) AS views, 0 AS internal_views,
    is_view AND page IS NOT NULL AS has_view, page AS entry_page, page AS exit_page, 0 AS entered_after,
    0 AS left_before"""
"""A hit as a part of its visit."""
FILES: Final = "read_parquet(?, hive_partitioning=false, union_by_name=true) WHERE time >= ? AND time < ?"
"""With three places: the files, and the bounds of the time. Not every file has the column of every parameter."""
_PARTS: Final = "read_parquet(?, hive_partitioning=false) WHERE time >= ? AND time < ?"


def is_of_parts(question: Question) -> bool:
    """Return whether the parts of visits tell what is asked: nothing about single hits, and no time within a slot."""
    is_about_hits = bool(_columns(question) - _OF_PARTS) or bool(question.parameters)
    return not is_about_hits and question.interval != "minute" and has_whole_slots(question)


def has_whole_slots(question: Question) -> bool:
    """Return whether no slot lies in two of the days, or hours, of the zone."""
    return not any(span.offset % SLOT for span in question.days.offsets())


def tables_of_parts(question: Question, *, timeout_minutes: int) -> list[str]:
    """Return the tables that make `rows` of parts of visits; the first one has three places, as FILES."""
    names = _columns(question)
    sources = sorted(names & set(VISIT_SOURCES))
    kept = sorted(names - set(sources) - set(PAGES_OF_VISITS))
    counts = ["requests", "views", "internal_requests", "internal_views"]
    of_visits = [*_VISITS, *(_PAGES if question.needs_pages else ())] if question.needs_visits else ["time", "visitor"]
    tables = [_table("files", f"SELECT {_list([*of_visits, *kept, *sources, *counts])} FROM {_PARTS}")]  # noqa: S608
    source = "files"
    if question.needs_visits:
        more = [*kept, *sources, *counts]
        tables += parts_with_visits("files", more, timeout_minutes=timeout_minutes, pages=question.needs_pages)
        source = "parts"
    whole = ["key", *WHOLE, *(PAGES_OF_VISITS if question.needs_pages else ())] if question.needs_visits else []
    columns = _list(["time", "visitor", *whole, *kept])

    def rows(columns: str, *, is_single: str) -> str:
        single = f", {is_single} AS is_single" if question.needs_visits else ""
        return f"SELECT {columns}{single} FROM {source}"  # noqa: S608 our own names

    if not sources:
        sums = "requests + internal_requests AS requests, views + internal_views AS views"
        return [*tables, _table("rows", rows(f"{columns}, {sums}", is_single="is_known"))]
    # What came from elsewhere, and what was within the site and has no source.
    outside = rows(f"{columns}, {_list(sources)}, requests, views", is_single="is_known AND internal_requests = 0")
    no_source = ", ".join("'internal' AS channel" if name == "channel" else f"NULL AS {name}" for name in sources)
    counts_within = "internal_requests AS requests, internal_views AS views"
    within = rows(f"{columns}, {no_source}, {counts_within}", is_single="is_known AND requests = 0")
    both = f"{outside} WHERE requests > 0 UNION ALL BY NAME {within} WHERE internal_requests > 0"
    return [*tables, _table("rows", both)]


def tables_of_hits(question: Question, known: Collection[str], *, timeout_minutes: int) -> list[str]:
    """Return the tables that make `rows` of hits; those that begin with `files` and `visit_files` have places of FILES.

    A custom parameter that no file has a column for is empty.
    """
    names = _columns(question) - set(PAGES_OF_VISITS)
    columns = {"time", "visitor", "is_view", *names}
    if question.needs_visits:
        columns |= {"session", "visit", "at_edge", "page"}
    texts = [quoted(name) for name in sorted(columns)]
    for key in sorted(question.parameters):
        column = quoted(column_of(key))
        texts.append(column if key in known else f"CAST(NULL AS VARCHAR) AS {column}")
    tables = [_table("files", f"SELECT {', '.join(texts)} FROM {FILES}")]  # noqa: S608 our own names
    one = "1 AS requests, CAST(is_view AS INTEGER) AS views"
    if not question.needs_visits:
        return [*tables, _table("rows", f"SELECT *, {one} FROM files")]  # noqa: S608
    if needs_visit_files(question):
        counts = ("requests", "views", "internal_requests", "internal_views")
        tables.append(_table("visit_files", f"SELECT {_list([*_VISITS, *_PAGES, *counts])} FROM {_PARTS}"))  # noqa: S608
    else:
        tables.append(_table("visit_files", f"SELECT {_ONE_HIT} FROM files"))  # noqa: S608
    keyed = f"SELECT files.*, {one}, coalesce(session, root, visit) AS key, false AS is_single FROM files"  # noqa: S608
    rows = f"{keyed} LEFT JOIN roots USING (visit)"
    if not (question.needs_pages or question.has_whole_visits):
        return [*tables, *keys_of_visits("visit_files", timeout_minutes=timeout_minutes), _table("rows", rows)]
    tables += parts_with_visits("visit_files", [], timeout_minutes=timeout_minutes, pages=True)
    with_pages = f"SELECT * FROM ({rows}) JOIN visits USING (key)"  # noqa: S608 our own names
    return [*tables, visits(), _table("rows", with_pages if question.needs_pages else rows)]


def has_visits_apart(question: Question) -> bool:
    """Return whether what visits as a whole were like stands in the table `visits`, and not in `rows`."""
    return question.has_whole_visits and not question.needs_pages and not is_of_parts(question)


def needs_visit_files(question: Question) -> bool:
    """Return whether a question about hits asks their visits of the parts: these end with the slots."""
    return question.needs_visits and has_whole_slots(question)


def _columns(question: Question) -> set[str]:
    """Return the columns that dimensions and filters need; custom parameters are not among them."""
    named = {each.name for each in question.dimensions} | {each.dimension.name for each in question.filters}
    found = {name for name in named if ":" not in name}
    return found | {"browser"} if "browser_version" in found else found


def _table(name: str, query: str) -> str:
    return f"{name} AS NOT MATERIALIZED ({query})"


def _list(names: Collection[str]) -> str:
    return ", ".join(map(quoted, names))
