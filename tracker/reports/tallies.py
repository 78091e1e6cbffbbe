"""Tallies: counts by day from which visitors and visits of any run of days follow, without telling anybody apart. Pure.

Of each value of a dimension a tally has, by day, how many visitors it had, and on which day each of them had that value
before: `day`, `prev`, and how many there were with these two. A visitor is counted once in a run of days, on the first
of them, which is the one whose `prev` lies before the run. Visits that lie within a day are counted by day; those of
several days have a row (kind `several`) for each of them, with a number and without saying whose they are.

What came after the days of the tally is asked of the facts
(`tracker.reports.seen_before`, `tracker.reports.later_visits`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from tracker.facts.columns import VISIT_SOURCES, VISITOR_DIMENSIONS
from tracker.facts.engine import quoted
from tracker.reports.buckets import bucket_of
from tracker.reports.dimensions import Dimension, dimension_of
from tracker.reports.filters import ReportFilter
from tracker.reports.question import Question
from tracker.reports.tables import has_whole_slots
from tracker.reports.tally import Tally
from tracker.reports.visits import ARRIVALS, OF_A_PART, PAGES, RAW, WHOLE, arrival_by, told_together
from tracker.reports.zone_days import ZoneDays

WHOLE_KIND: Final = ""
SEVERAL: Final = "several"
_CHANNEL: Final = "channel"
OUTSIDE: Final = frozenset(VISIT_SOURCES) - {_CHANNEL}
"""Dimensions of hits that came from elsewhere: of those alone there is a tally."""
_RARE: Final = ("host", "country_by", "browser_version", "click_id")
KINDS: Final = (
    WHOLE_KIND,
    *(name for name in (*VISITOR_DIMENSIONS, *VISIT_SOURCES) if name not in _RARE),
    "page",
)
"""What nobody asks for who does not choose it has no tally: no panel of it is shown by itself."""
_FILTERED: Final = (*VISITOR_DIMENSIONS, "page")
"""What each hit has a value of, or none: a filter on one of these takes some of the values of its tally."""
_ARRIVALS: Final = tuple(name for name, column in ARRIVALS.items() if column not in _RARE)
_OF_WHOLE_VISITS: Final = (*PAGES, *_ARRIVALS)
EVERY_KIND: Final = frozenset({*KINDS, *_OF_WHOLE_VISITS, SEVERAL})
_OF_HITS: Final = frozenset({"requests", "page_views", "visitors"})
_OF_VISITS: Final = frozenset({"sessions", "duration", "bounce_rate"})
_WITH_VISITS: Final = _OF_VISITS | {"views_per_session"}
MAX_DAYS_AFTER: Final = 4
"""Today, two days that late hits come to, and in zones behind UTC one that was not over when the last file ended."""
FROM_ELSEWHERE: Final = ReportFilter(dimension_of(_CHANNEL, (), field="filters"), "is_not", ("internal",))
_COLUMNS: Final = """kind VARCHAR, value VARCHAR, day DATE, prev DATE, visitors BIGINT, requests BIGINT, views BIGINT,
    sessions BIGINT, seconds DOUBLE, bounces BIGINT"""
OF_SEVERAL: Final = (
    f"""number, begins, ends, has_view, entered, entry_page, left_at, exit_page, {", ".join(_ARRIVALS)}"""
)
"""The columns of visits of several days."""
_NONE: Final = "NULL::VARCHAR"
"""In the place of what has too many values to be told."""
CREATE: Final = f"CREATE OR REPLACE TEMP TABLE tally ({_COLUMNS})"
"""Visits of several days have a table of their own: with their columns, all empty, it would be thrice as large."""


def answers(tally: Tally, question: Question, *, timeout_minutes: int) -> bool:
    """Return whether a question can be answered by a tally, or by it and what came after it."""
    days = question.days
    names = {measure.name for measure in question.measures}
    is_of_days = (
        has_whole_slots(question)
        and tally.days.zone == days.zone
        and tally.days.first <= days.first <= tally.days.last
        and (days.last - tally.days.last).days <= MAX_DAYS_AFTER
        and question.interval not in ("minute", "hour")
    )
    if not is_of_days or len(question.dimensions) > 1 or question.parameters:
        return False
    kind = kind_of(question)
    if kind == "page" and question.dimensions and question.interval is not None and days.last > tally.days.last:
        return False
    if names & _WITH_VISITS:
        has_visits = kind in _OF_WHOLE_VISITS or kind == WHOLE_KIND
        if not has_visits or question.interval is not None or tally.timeout_minutes != timeout_minutes:
            return False
    if kind and not question.dimensions:
        # Who of the days after had the same value before is not looked up: each day is asked for itself.
        is_apart = question.interval == "day" or days.last <= tally.days.last
        return is_apart and names <= _OF_HITS and kind in tally.kinds
    takes = _OF_VISITS if kind in _OF_WHOLE_VISITS else _OF_HITS if kind else _OF_HITS | _WITH_VISITS
    return names <= takes and kind in tally.kinds and _has_filters_of(kind, question)


def kind_of(question: Question) -> str:
    """Return which tally tells a question: of its dimension, else of the one that all of its filters are about.

    That of sources is of hits from elsewhere alone, and none tells a question with filters on several dimensions.
    """
    if question.dimensions:
        return question.dimensions[0].name
    [name, *others] = {one.dimension.name for one in question.filters} or {WHOLE_KIND}
    return name if name in _FILTERED and not others else WHOLE_KIND


def counts_values_apart(question: Question) -> bool:
    """Return whether it asks for visitors of what may be several values of a filter, without telling these apart."""
    of_one = any(one.comparison == "is" for one in question.filters)
    return not question.dimensions and bool(kind_of(question)) and question.counts_visitors and not of_one


def several_values(question: Question, tally: Tally) -> tuple[str, list[object]]:
    """Return the statement that has a row where a visitor had two values of its filters' dimension in one interval.

    There the visitors of all values are more than there were: who had two is counted twice.
    """
    days, bucket = question.days, _bucket(question)
    since = _since(days, bucket)
    text = f"""
        SELECT 1 FROM (
            SELECT {bucket or "NULL"} AS bucket, CASE WHEN kind = ? THEN -visitors ELSE visitors END AS visitors
            FROM read_parquet(?) WHERE kind IN (?, ?) AND day BETWEEN ? AND ? AND (prev IS NULL OR prev < {since})
        ) GROUP BY bucket HAVING sum(visitors) <> 0 LIMIT 1
    """  # noqa: S608 names and days of our own
    return text, [WHOLE_KIND, tally.path, WHOLE_KIND, kind_of(question), days.first, min(days.last, tally.days.last)]


def _since(days: ZoneDays, bucket: str | None) -> str:
    """Return the first day of these, or of an interval of them: visitors count on the first day that they come."""
    return f"greatest(DATE '{days.first}', {bucket})" if bucket else f"DATE '{days.first}'"


def _has_filters_of(kind: str, question: Question) -> bool:
    """Return whether the filters are about the dimension itself, or leave what a tally of it is of."""
    others = [one for one in question.filters if one.dimension.name != kind]
    if kind not in OUTSIDE:
        return not others
    leaves_out_none = any(one.takes_any_value for one in question.filters)
    return all(one == FROM_ELSEWHERE for one in others) and (bool(others) or leaves_out_none)


def statement_of(question: Question, tally: Tally, names: Sequence[str]) -> tuple[str, list[object]]:
    """Return the statement over a tally, and its values: groups, then these sums."""
    kind = kind_of(question)
    days = question.days
    first, last = days.first, min(days.last, tally.days.last)
    bucket = _bucket(question)
    groups = [*(["bucket"] if bucket else []), *(["value"] if question.dimensions else [])]
    columns = [*([f"{bucket} AS bucket"] if bucket else []), "value"]
    wanted, values = conditions(question)
    counted = f"""
        SELECT {", ".join(columns)}, requests, views,
            CASE WHEN prev IS NULL OR prev < {_since(days, bucket)} THEN visitors ELSE 0 END AS visitors,
            sessions, seconds, bounces
        FROM read_parquet(?) WHERE kind = ? AND day BETWEEN ? AND ?
    """  # noqa: S608 names and days of our own
    params: list[object] = [tally.path, kind, first, last]
    if kind in _OF_WHOLE_VISITS or (not kind and any(measure.needs_visits for measure in question.measures)):
        value = quoted(kind) if kind else "NULL::VARCHAR"
        # A tally of before tells no sources of visits.
        arrival = f", {arrival_by(kind, 'day')} AS {kind}" if kind in _ARRIVALS else ""
        counted += f"""
            UNION ALL BY NAME SELECT {value} AS value, 0 AS requests, 0 AS views, 0 AS visitors, 1 AS sessions, seconds,
                CAST(is_bounce AS INTEGER) AS bounces
            FROM (
                SELECT date_diff('microsecond', min(begins), max(ends)) / 1000000.0 AS seconds,
                    sum(requests) = 1 AND sum(views) = 1 AS is_bounce,
                    arg_min(entry_page, (NOT has_view, entered, entry_page)) AS entry_page,
                    arg_max(exit_page, (has_view, left_at, exit_page)) AS exit_page{arrival}
                FROM read_parquet(?) WHERE kind = ? AND day BETWEEN ? AND ? GROUP BY number
            )
        """  # noqa: S608 a name of our own
        params += [tally.path, SEVERAL, first, last]
    # Without a type the sums of whole numbers have 128 bits, and take longer to fetch than to add up.
    types = {name: "DOUBLE" if name == "seconds" else "BIGINT" for name in names}
    sums = ", ".join(f"coalesce(sum({name}), 0)::{kind}" for name, kind in types.items())
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    by = f" GROUP BY {', '.join(groups)}" if groups else ""
    text = f"SELECT {', '.join([*groups, sums])} FROM ({counted}){where}{by}"  # noqa: S608 our own names
    return text, [*params, *values]


def _bucket(question: Question) -> str | None:
    """Return the first day of the interval that a day lies in."""
    if question.interval is None or question.interval == "day":
        return None if question.interval is None else "day"
    if question.interval == "week" and question.days.starts_sunday:
        return "CAST(date_trunc('week', day + INTERVAL 1 DAY) - INTERVAL 1 DAY AS DATE)"
    return f"CAST(date_trunc('{question.interval}', day) AS DATE)"


def conditions(question: Question) -> tuple[list[str], list[object]]:
    """Return what the value of a kind has to fulfil, as SQL, and the values of its places."""
    texts, values = [], []
    for one in question.filters:
        if one == FROM_ELSEWHERE and question.dimensions[0].name != _CHANNEL:
            continue  # Of others there is no tally.
        condition, given = replace(one, dimension=Dimension(one.dimension.name, "value")).condition()
        texts.append(condition)
        values += given
    return texts, values


def pairs_inserted(kind: str, selected: str, *, share: int, shares: int) -> str:
    """Return the statement that adds a kind: `selected` has `visitor`, `bucket` (the day), `requests`, `views`, `d0`.

    Of all visitors it takes one share: so they have room in memory.
    """
    value = "d0" if kind else "NULL::VARCHAR"
    return f"""
        INSERT INTO tally BY NAME
        SELECT '{kind}' AS kind, value, day, prev, count(*) AS visitors, sum(requests) AS requests, sum(views) AS views
        FROM (
            SELECT *, lag(day) OVER (PARTITION BY value, visitor ORDER BY day) AS prev FROM (
                SELECT {value} AS value, visitor, bucket AS day, sum(requests) AS requests, sum(views) AS views
                FROM ({selected}) WHERE visitor % {shares} = {share} GROUP BY ALL
            )
        ) GROUP BY ALL
    """  # noqa: S608 names and numbers of our own


def visits_gathered(kinds: Collection[str]) -> tuple[str, ...]:
    """Return what has to be known of visits for these kinds."""
    return tuple(name for name in _OF_WHOLE_VISITS if name in kinds)


def visits_inserted(days: ZoneDays, parts: str, kinds: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield the statements that add visits, and how often each takes the values of `parts`: the parts of all visits.

    The table `gathered` has the visits of several parts.
    """
    day, told = bucket_of(days, "day"), visits_gathered(kinds)
    of_parts = ", ".join(f"{OF_A_PART[name]} AS {name}" for name in (*WHOLE, *told))
    theirs = f"""
        SELECT gathered.key, {day} AS day, files.*
        FROM ({parts}) AS files JOIN (SELECT raw, key FROM gathered) AS gathered ON raw = {RAW} WHERE NOT is_whole
    """  # noqa: S608 our own names
    yield f"CREATE OR REPLACE TEMP TABLE theirs AS {theirs}", 1
    # Parts are read once, and not again for each kind. Microseconds are added up as such: sums of floating numbers are
    # others the next time, so that a tally would differ from itself (`stats verify`).
    yield (
        f"""
        CREATE OR REPLACE TEMP TABLE local AS
        SELECT {day} AS day, {of_parts} FROM ({parts}) AS files
        ANTI JOIN gathered ON raw = CASE WHEN NOT is_whole THEN {RAW} END
        UNION ALL BY NAME
        SELECT * EXCLUDE (key) FROM (
            SELECT DISTINCT day, key, {", ".join((*WHOLE, *told))} FROM gathered
            JOIN (SELECT key, min(day) AS day FROM theirs GROUP BY key HAVING min(day) = max(day)) USING (key)
        )
        """,  # noqa: S608 our own names
        1,
    )
    for kind in (WHOLE_KIND, *told):
        yield (
            f"""
            INSERT INTO tally BY NAME SELECT '{kind}' AS kind, {kind or "NULL::VARCHAR"} AS value, day,
                count(*) AS sessions, sum(CAST(seconds AS DECIMAL(18, 6))) AS seconds,
                count(*) FILTER (is_bounce) AS bounces
            FROM local GROUP BY ALL
            """,  # noqa: S608 our own names
            0,
        )
    yield (
        f"""
        CREATE OR REPLACE TEMP TABLE several AS
        SELECT '{SEVERAL}' AS kind, dense_rank() OVER (ORDER BY key) AS number, * EXCLUDE (key) FROM (
            SELECT key, day, min(time) AS begins, max(time + to_microseconds(lasted)) AS ends,
                sum(requests + internal_requests) AS requests, sum(views + internal_views) AS views,
                bool_or(has_view) AS has_view,
                {", ".join(f"{told_together(name) if name in told else _NONE} AS {name}" for name in _OF_WHOLE_VISITS)},
                coalesce(min(time + to_microseconds(entered_after)) FILTER (has_view),
                    min(time + to_microseconds(entered_after))) AS entered,
                coalesce(max(time + to_microseconds(lasted - left_before)) FILTER (has_view),
                    max(time + to_microseconds(lasted - left_before))) AS left_at
            FROM theirs SEMI JOIN
                (SELECT key FROM theirs GROUP BY key HAVING min(day) <> max(day)) AS divided USING (key)
            GROUP BY key, day
        )
        """,  # noqa: S608 our own names
        0,
    )


def written(path: str, others: Sequence[str]) -> str:
    """Return the statement that writes the tally; shares of visitors are added up.

    The rows of `others`, what follows a FROM, differ anyway: to group them by all of their columns takes much memory.
    """
    names = ("visitors", "requests", "views", "sessions", "bounces")
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*names, "seconds"))
    counts = ", ".join(f"CAST({name} AS BIGINT) AS {name}" for name in names)
    return f"""
        COPY (
            SELECT kind, value, day, prev, {counts}, seconds,
                {OF_SEVERAL}
            FROM (
                SELECT kind, value, day, prev, {sums} FROM tally GROUP BY kind, value, day, prev
                {" ".join(f"UNION ALL BY NAME FROM {other}" for other in others)}
            )
            ORDER BY kind, value, day, prev, number, begins
        ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
    """  # noqa: S608 paths of our own
