"""What a question is asked of: single hits, or the parts of visits, of which there are far fewer. As SQL; pure.

Both become the table `rows`: `time`, `visitor`, `requests`, `views`, the dimensions, and, where visits are asked about,
`key` (of the visit), `is_single` (whether no other row has this key), and what the visit as a whole was like.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

from tracker.facts.columns import VISIT_SOURCES, VISITOR_DIMENSIONS, column_of
from tracker.facts.engine import quoted
from tracker.facts.visits import SLOT
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.reports.question import Question
from tracker.reports.visits import (
    ARRIVALS,
    OF_A_PART,
    OF_PAGES,
    OF_VISITS,
    RAW,
    WHOLE,
    WITHIN,
    arrivals_of_rows,
    told_by_parts,
)
from tracker.reports.zone_days import ZoneDays

_OF_PARTS: Final = {*VISITOR_DIMENSIONS, *VISIT_SOURCES, *OF_VISITS}
_VISITS: Final = ("visitor", "session", "visit", "time", "lasted", "at_edge", "is_whole")
_OF_VISITS: Final = ("visitor", "session", "visit", "lasted", "is_whole")  # What the gathered visits do not tell.
COUNTS: Final = ("requests", "views", "internal_requests", "internal_views")
_VISIT_PARTS: Final = (*_VISITS, *COUNTS, *OF_PAGES)
"""The columns of a part that tell of its visit, besides where this came from."""
_FROM_ELSEWHERE: Final = f"channel IS DISTINCT FROM '{WITHIN}'"
_PART_IS_FROM_ELSEWHERE: Final = f"requests > 0 AND {_FROM_ELSEWHERE}"
_ONE_HIT: Final = f"""visitor, session, visit, time, 0 AS lasted, at_edge, false AS is_whole, 1 AS requests,
    0 AS internal_requests, CAST(is_view AS INTEGER) AS views, 0 AS internal_views,
    is_view AND page IS NOT NULL AS has_view, page AS entry_page, page AS exit_page, 0 AS entered_after,
    0 AS left_before, {", ".join(arrivals_of_rows(_FROM_ELSEWHERE))}"""
"""A hit as a part of its visit."""
_MAYBE_DIVIDED: Final = f"CASE WHEN NOT is_whole THEN {RAW} END"
"""The number of a part by which it may be one of several of its visit."""


LeftByFilters = tuple[str, list[object]]
"""The query of what filters leave, and the values of its places."""


def visit_columns(names: Collection[str], *, with_counts: bool = True) -> str:
    """Return the columns of parts that these of OF_VISITS are told by, and all that tells their visits apart."""
    return _list([*_VISITS, *(COUNTS if with_counts else ()), *told_by_parts(names)])


def is_of_parts(question: Question) -> bool:
    """Return whether the parts of visits tell what is asked: nothing about single hits, and no time within a slot."""
    is_about_hits = bool(_columns(question) - _OF_PARTS) or bool(question.parameters)
    return not is_about_hits and question.interval != "minute" and has_whole_slots(question)


def has_whole_slots(question: Question) -> bool:
    """Return whether no slot lies in two of the days, or hours, of the zone."""
    return are_of_whole_slots(question.days)


@lru_cache(maxsize=100)
def are_of_whole_slots(days: ZoneDays) -> bool:
    """Return whether no slot lies in two of these days, or hours, of the zone, or is cut by their end.

    A page asks it a hundred times of the same days, and each day of the zone is looked at for an answer.
    """
    return days.until is None and not any(span.offset % SLOT for span in days.offsets())


def visit_parts_of(files: FactsRead, days: ZoneDays | TimeRange, *, of_parts: bool) -> tuple[str, list[object]]:
    """Return the query of the parts of the visits of some days, and the values of its places; else of single hits."""
    source, params = files.parts(days) if of_parts else files.hits(days)
    columns = ", ".join([_list(_VISIT_PARTS), *arrivals_of_rows(_PART_IS_FROM_ELSEWHERE)]) if of_parts else _ONE_HIT
    return f"SELECT {columns} FROM {source}", params  # noqa: S608 our own names


def rows_read(asked: Sequence[Question], files: FactsRead, *, with_visits: bool = False) -> tuple[str, list[object]]:
    """Return the query of what questions about the same kind of rows need of the files, and the values of its places.

    A custom parameter that no file has a column for is empty. Parts have what tells their visits `with_visits`.
    """
    names = {name for question in asked for name in _columns(question)}
    needs_visits = any(question.needs_visits for question in asked)
    # It takes more than all others to read: those only have it who ask for times.
    has_times = with_visits or any(question.interval is not None for question in asked)
    time = quoted("time") if has_times else "CAST(NULL AS TIMESTAMP) AS time"
    if is_of_parts(asked[0]):
        told = names & set(OF_VISITS)
        if with_visits:
            of_visits, told = [*_OF_VISITS, "at_edge"], set(told_by_parts(told))
        else:
            of_visits = list(_OF_VISITS if needs_visits else ("visitor",))
        pages = sorted(told - set(ARRIVALS))
        columns = _list([*of_visits, *pages, *sorted(names - set(OF_VISITS)), *COUNTS])
        arrivals = arrivals_of_rows(_PART_IS_FROM_ELSEWHERE, sorted(told & set(ARRIVALS)))
        read, params = files.parts(asked[0].days)
        return f"SELECT {', '.join([time, columns, *arrivals])} FROM {read}", params  # noqa: S608 our own names
    of_hits = {"visitor", "is_view", *(names - set(OF_VISITS)), *(("session", "visit") if needs_visits else ())}
    texts = [time, *(quoted(name) for name in sorted(of_hits))]
    for key in sorted({key for question in asked for key in question.parameters}):
        column = quoted(column_of(key))
        texts.append(column if key in files.parameters else f"CAST(NULL AS VARCHAR) AS {column}")
    read, params = files.hits(asked[0].days)
    return f"SELECT {', '.join(texts)} FROM {read}", params  # noqa: S608 our own names


def tables_of_parts(
    question: Question, files: FactsRead, gathered: str | None, sifted: LeftByFilters | None
) -> tuple[list[str], list[object]]:
    """Return the tables that make `rows` of parts of visits, and the values of their places.

    `gathered` is the table of visits of several parts, for who asks about visits, `sifted` of what filters leave.
    """
    if gathered and is_of_whole_visits(question):
        return _tables_of_whole_visits(question, files, gathered, sifted)
    names = _columns(question)
    sources = sorted(names & set(VISIT_SOURCES))
    kept = sorted(names - set(sources) - set(OF_VISITS))
    told = question.told_of_visits
    query, params = sifted or rows_read([question], files)
    tables = [_table("files", query)]
    columns, source = _list(["time", "visitor", *kept]), "files"
    if gathered:
        tables.append(
            _table("parts", _with_visits(gathered, ["time", "visitor", *kept, *sources, *COUNTS], [*WHOLE, *told]))
        )
        columns, source = _list(["time", "visitor", "key", *WHOLE, *told, *kept]), "parts"

    def rows(columns: str, *, is_single: str) -> str:
        single = f", {is_single} AS is_single" if gathered else ""
        return f"SELECT {columns}{single} FROM {source}"  # noqa: S608 our own names

    if not sources:
        sums = "requests + internal_requests AS requests, views + internal_views AS views"
        return [*tables, _table("rows", rows(f"{columns}, {sums}", is_single="is_known"))], params
    # What came from elsewhere, and what was within the site and has no source.
    outside = rows(f"{columns}, {_list(sources)}, requests, views", is_single="is_known AND internal_requests = 0")
    no_source = ", ".join("'internal' AS channel" if name == "channel" else f"NULL AS {name}" for name in sources)
    counts_within = "internal_requests AS requests, internal_views AS views"
    within = rows(f"{columns}, {no_source}, {counts_within}", is_single="is_known AND requests = 0")
    both = f"{outside} WHERE requests > 0 UNION ALL BY NAME {within} WHERE internal_requests > 0"
    return [*tables, _table("rows", both)], params


def _names_of_visits(question: Question) -> Sequence[str]:
    """Return what a question needs to know of whole visits."""
    return (*WHOLE, *question.told_of_visits)


def is_of_whole_visits(question: Question) -> bool:
    """Return whether visits are told apart by what they tell and nothing else is counted, or nothing is told apart."""
    columns = _columns(question)
    if question.interval is not None or question.parameters:
        return False
    return not columns or (columns <= set(OF_VISITS) and _counts_visits_alone(question))


def _counts_visits_alone(question: Question) -> bool:
    return all(measure.needs_visits and measure.name != "views_per_session" for measure in question.measures)


def _tables_of_whole_visits(
    question: Question, files: FactsRead, gathered: str, sifted: LeftByFilters | None
) -> tuple[list[str], list[object]]:
    """Return the tables of a question that needs no keys of visits: of parts and of visits, one below the other."""
    query, params = sifted or visit_parts_of(files, question.days, of_parts=True)
    visits = visits_of("FROM visit_files", gathered, _names_of_visits(question))
    counts = "requests + internal_requests AS requests, views + internal_views AS views"
    return [_table("visit_files", query), *_with_visits_below(question, "visit_files", counts, visits)], params


def _with_visits_below(question: Question, source: str, counts: str, visits: str) -> list[str]:
    """Return the tables of rows, with these counts, and of visits below them.

    A row of the former is of no visit, and one of a visit is of no visitor: each is counted for what it is.
    """
    names = _names_of_visits(question)
    no_views = "NULL::UBIGINT AS visitor, 0 AS requests, 0 AS views"
    rows = f"SELECT {no_views}, key, true AS is_single, {_list(names)} FROM visits"  # noqa: S608 our own names
    if not _counts_visits_alone(question):
        none = ", ".join(f"NULL AS {name}" for name in ("key", "is_single", *WHOLE))
        rows = f"SELECT visitor, {counts}, {none} FROM {source} UNION ALL BY NAME {rows}"  # noqa: S608 our own names
    return [_table("visits", visits), _table("rows", rows)]


def tables_of_hits(
    question: Question, files: FactsRead, gathered: str | None, sifted: LeftByFilters | None
) -> tuple[list[str], list[object]]:
    """Return the tables that make `rows` of hits, and the values of their places; `gathered` and `sifted` as above.

    With `sifted`, `gathered` has every visit of its hits, and no other one that the question would take.
    """
    query, params = sifted or rows_read([question], files)
    tables = [_table("files", query)]
    one = "1 AS requests, CAST(is_view AS INTEGER) AS views"
    if not gathered:
        return [*tables, _table("rows", f"SELECT *, {one} FROM files")], params  # noqa: S608
    if sifted and is_of_whole_visits(question):
        visits = f"SELECT DISTINCT key, {_list(_names_of_visits(question))} FROM {gathered}"  # noqa: S608 our own names
        return [*tables, *_with_visits_below(question, "files", one, visits)], params
    if sifted:
        theirs = f"SELECT files.*, {one}, false AS is_single, gathered.* EXCLUDE (raw)"
        joined = f"{theirs} FROM files JOIN {gathered} AS gathered ON gathered.raw = {RAW}"
        return [*tables, _table("rows", joined)], params
    rows = (
        f"SELECT files.*, {one}, coalesce(key, {RAW}) AS key, false AS is_single "  # noqa: S608 our own names
        f"FROM files LEFT JOIN (SELECT raw, key FROM {gathered}) AS gathered ON gathered.raw = {RAW}"
    )
    if question.told_of_visits or question.has_whole_visits:
        names = _names_of_visits(question)
        query, more = visit_parts_of(files, question.days, of_parts=has_whole_slots(question))
        tables += [_table("visit_files", query), _table("visits", visits_of("FROM visit_files", gathered, names))]
        params += more
    with_visits = f"SELECT * FROM ({rows}) JOIN visits USING (key)"  # noqa: S608 our own names
    return [*tables, _table("rows", with_visits if question.told_of_visits else rows)], params


def _with_visits(gathered: str, columns: Sequence[str], names: Sequence[str]) -> str:
    """Return the query of these columns of `files`, with `key` and what visits as a whole were like (`names`).

    `is_known` says of a part that it is all of its visit.
    """
    whole = ", ".join(
        f"CASE WHEN raw IS NULL THEN {OF_A_PART[name]} ELSE gathered.{name} END AS {name}" for name in names
    )
    return (
        f"SELECT {_list(columns)}, coalesce(key, {RAW}) AS key, raw IS NULL AS is_known, {whole} "  # noqa: S608 our own
        f"FROM files LEFT JOIN {gathered} AS gathered ON raw = {_MAYBE_DIVIDED}"
    )


def visits_of(parts: str, gathered: str, names: Sequence[str]) -> str:
    """Return the query of the visits that these parts are of: a row for each of them, with these columns."""
    return f"{visits_of_one_part(parts, gathered, names)} UNION ALL SELECT DISTINCT key, {_list(names)} FROM {gathered}"  # noqa: S608 our own names


def visits_of_one_part(parts: str, gathered: str, names: Sequence[str]) -> str:
    """Return the query of those of the visits that have no other part."""
    of_parts = ", ".join(f"{OF_A_PART[name]} AS {name}" for name in names)
    return f"SELECT {RAW} AS key, {of_parts} FROM ({parts}) AS files ANTI JOIN {gathered} ON raw = {_MAYBE_DIVIDED}"  # noqa: S608


def reads_sources(question: Question) -> bool:
    """Return whether what came from elsewhere and what was within the site are told apart: each is read for itself."""
    return bool(_columns(question) & set(VISIT_SOURCES))


def has_visits_apart(question: Question) -> bool:
    """Return whether what visits as a whole were like stands in the table `visits`, and not in `rows`."""
    return question.has_whole_visits and not question.told_of_visits and not is_of_parts(question)


def _columns(question: Question) -> set[str]:
    """Return the columns that dimensions and filters need; custom parameters are not among them."""
    named = {asked.name for asked in question.dimensions} | {asked.dimension.name for asked in question.filters}
    columns = {name for name in named if ":" not in name}
    return columns | {"browser"} if "browser_version" in columns else columns


def _table(name: str, query: str) -> str:
    return f"{name} AS NOT MATERIALIZED ({query})"


def _list(names: Collection[str]) -> str:
    return ", ".join(map(quoted, names))
