"""Tallies made, by the scheduler, of applications with so many facts that telling their visitors apart takes time."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from tracker.application_settings import SESSION_TIMEOUT_MINUTES
from tracker.clock import Clock
from tracker.errors import FactsUnavailable
from tracker.facts.engine import Cursor, Engine, FactsTooLarge
from tracker.facts.engine_process import ProcessConnection
from tracker.facts.folder import Folder
from tracker.log import logger
from tracker.reports import tallies
from tracker.reports.dimensions import dimension_of
from tracker.reports.facts_of_days import site_of
from tracker.reports.facts_read import FactsRead
from tracker.reports.measures import measure_of
from tracker.reports.question import Question
from tracker.reports.statement import selected_of
from tracker.reports.step_tallies import TalliedSteps
from tracker.reports.step_tally_making import add_steps
from tracker.reports.tables import are_of_whole_slots, visit_parts_of
from tracker.reports.visits import ARRIVALS, gathered_of
from tracker.reports.zone_days import ZoneDays
from tracker.store import facts_files, facts_tallies, funnels, goals
from tracker.store.database import Database
from tracker.store.facts_files import FactsFile
from tracker.store.facts_tallies import FilesOfDates, TallyRow

MIN_FACTS: Final = 300_000
"""With fewer of them a question takes little time anyway."""
_MAX_FACTS: Final = 12_000_000
"""Of so many a tally is made in a minute or less; of an application with more it goes back fewer days."""
MAX_DAYS: Final = 92
MAX_BYTES: Final = 16_000_000
"""A process that answers has it in memory when it fetches it; with lasting session ids it could be any size."""
_MAX_VALUES: Final = 20_000
"""A dimension with more values has no tally."""
_REST_SECONDS: Final = 600.0
"""So long no file of the days has changed. The last of them are left out where late hits keep coming."""
MAX_LEFT_OUT: Final = 2
_SECONDS: Final = 600.0
_PUT_TRIES: Final = 300
_PUT_SECONDS: Final = 0.2
_PUT_OFF_SECONDS: Final = 3600.0
"""What could not be made takes as long to fail the next time."""
MEMORY_MEGABYTES: Final = 384
_HITS_A_SHARE: Final = 1_500_000
_PARTS_A_SHARE: Final = 6_000_000
"""Of visitors so many facts are looked at in one go, hit by hit or by parts of visits: that has room in memory."""
_DAY: Final = timedelta(days=1)
_NO_STEPS: Final = TalliedSteps()

_log = logger(__name__)


def make_tallies(
    database: Database,
    folder: Folder,
    clock: Clock,
    *,
    min_facts: int = MIN_FACTS,
    rest_seconds: float = _REST_SECONDS,
    put_off: dict[str, float] | None = None,
    should_continue: Callable[[], bool] = lambda: True,
) -> int:
    """Make tallies that are missing, of days that are over and have rested; how many. Raises DatabaseUnavailable.

    `put_off` has, from one turn to the next, until when applications wait whose tally could not be made.
    """
    put_off = {} if put_off is None else put_off
    today = clock.now().astimezone(UTC).date()
    first, last = today - MAX_DAYS * _DAY, today - _DAY
    with database.transaction() as tx:
        wanting = facts_tallies.wanting(tx, first, last, facts=min_facts, seconds=rest_seconds, left_out=MAX_LEFT_OUT)
    made = 0
    for app_id, rested in wanting:
        if not should_continue():
            break
        if clock.monotonic() < put_off.get(app_id, 0.0):
            continue
        try:
            made += _make_tally(database, folder, app_id, (first, rested))
        except FactsUnavailable as error:
            put_off[app_id] = clock.monotonic() + _PUT_OFF_SECONDS
            _log.warning("tally put off", app_id=app_id, reason=str(error))
    return made


def _make_tally(database: Database, folder: Folder, app_id: str, dates: tuple[date, date]) -> bool:
    application, site = site_of(database, app_id)
    with database.transaction() as tx:
        state = facts_files.folder(tx)
        made_of = _latest(FilesOfDates(*dates, facts_files.of_days(tx, application.id, *dates)))
        known, paths = goals.list_rows(tx, application.id), funnels.list_rows(tx, application.id)
    if state is None or state.id is None or not made_of.files or not all(file.has_visits for file in made_of.files):
        return False
    folder.demand(state.id)
    days = _whole_days(_midnight(made_of.first), _midnight(made_of.last + _DAY), site.zone)
    if days is None:
        return False
    minutes = SESSION_TIMEOUT_MINUTES.value(application.settings)
    steps = TalliedSteps.of((goal.step for goal in known), (funnel.steps for funnel in paths))
    with made_tally(folder, made_of.files, days, timeout_minutes=minutes, steps=steps) as made:
        size = made.path.stat().st_size
        if size > MAX_BYTES:
            raise FactsTooLarge(f"It has {size} bytes, and at most {MAX_BYTES} are kept.")
        body, kinds = made.path.read_bytes(), made.kinds
    dates_of_files = made_of.first, made_of.last
    row = TallyRow(uuid4(), days.zone, days.first, days.last, minutes, sorted(kinds), *dates_of_files)
    is_put = _put(database, application.id, row, made_of, body)
    left_out = len({*steps.kinds} - kinds)
    told = {"first": str(days.first), "last": str(days.last), "kept": is_put, "goals_left_out": left_out}
    _log.info("facts counted by day", app_id=app_id, **told)
    return is_put


@dataclass(frozen=True, slots=True)
class MadeTally:
    """A tally in a file of a folder that goes, its dimensions, and what it was made with."""

    path: Path
    kinds: frozenset[str]
    cursor: Cursor


@contextmanager
def made_tally(
    folder: Folder, files: Sequence[FactsFile], days: ZoneDays, *, timeout_minutes: int, steps: TalliedSteps
) -> Iterator[MadeTally]:
    """Make the tally of these files and days, and of these goals and funnels. Raises FactsUnavailable."""
    with folder.work() as work:
        path = work / "tally.made"
        read = FactsRead(tuple(str(folder.local(file.name)) for file in files), frozenset(), are_within=False)
        facts = sum(file.facts for file in files)
        with (
            closing(
                Engine(folder.path, memory_megabytes=MEMORY_MEGABYTES, spill=work, connect=ProcessConnection)
            ) as engine,
            engine.cursor(seconds=_SECONDS) as cursor,
        ):
            kinds = write_tally(cursor, read, days, path, timeout_minutes=timeout_minutes, facts=facts, steps=steps)
            yield MadeTally(path, kinds, cursor)


def _put(database: Database, application_id: UUID, row: TallyRow, made_of: FilesOfDates, body: bytes) -> bool:
    for _ in range(_PUT_TRIES):
        with database.transaction() as tx:
            is_put = facts_tallies.put(tx, application_id, row, made_of, body)
        if is_put is not None:
            return is_put
        time.sleep(_PUT_SECONDS)
    return False


def _latest(every: FilesOfDates) -> FilesOfDates:
    """Return the files of the latest days that together have not too many facts."""
    facts = 0
    for file in reversed(every.files):
        facts += file.facts
        if facts > _MAX_FACTS:
            later = [one for one in every.files if one.date > file.date]
            return FilesOfDates(file.date + _DAY, every.last, later)
    return every


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _whole_days(begin: datetime, end: datetime, zone: str) -> ZoneDays | None:
    """Return the days of a zone that lie within a time; None where there is none, or a slot lies in two of them."""
    days = ZoneDays(begin.date() - _DAY, end.date() + _DAY, zone)
    while days.start < begin and days.first < days.last:
        days = replace(days, first=days.first + _DAY)
    while days.end > end and days.first < days.last:
        days = replace(days, last=days.last - _DAY)
    is_within = begin <= days.start and days.end <= end
    return days if is_within and are_of_whole_slots(days) else None


def write_tally(
    cursor: Cursor,
    files: FactsRead,
    days: ZoneDays,
    to: Path,
    *,
    timeout_minutes: int,
    facts: int,
    steps: TalliedSteps = _NO_STEPS,
) -> frozenset[str]:
    """Write the tally of these files and days; the dimensions, goals and funnels that it has.

    Of goals and funnels these are as many as there is room and time for, or none. Raises FactsUnavailable.
    """
    cursor.run(tallies.CREATE)
    kinds = set(tallies.EVERY_KIND)
    for kind in tallies.KINDS:
        question = _question(kind, days)
        tables, params = selected_of(question, files)
        with_tables = f"WITH {', '.join(tables)} "
        if kind:
            count = f"{with_tables} SELECT approx_count_distinct(d0) FROM selected"  # noqa: S608 our own names
            [(values,)] = cursor.rows(count, params)
            if values > _MAX_VALUES:
                kinds.remove(kind)
                continue
        shares = facts // (_HITS_A_SHARE if kind == "page" else _PARTS_A_SHARE) + 1
        for share in range(shares):
            selected = f"{with_tables} FROM selected"
            cursor.run(tallies.pairs_inserted(kind, selected, share=share, shares=shares), params)
    parts, params = visit_parts_of(files, days, of_parts=True)
    # Visits come from nowhere that no hit comes from: they have no more values.
    kinds -= {name for name, column in ARRIVALS.items() if column not in kinds}
    gathered = gathered_of(parts, timeout_minutes=timeout_minutes, names=tallies.visits_gathered(kinds))
    cursor.run(f"CREATE OR REPLACE TEMP TABLE gathered AS {gathered}", params)
    for statement, times in tallies.visits_inserted(days, parts, kinds):
        cursor.run(statement, params * times)
    base = to.with_name(f"{to.name}.base")
    cursor.run(tallies.written(str(base), ("several",)))
    added: list[str] = []
    try:
        if steps.kinds and "visit_source" in kinds:
            room = {"hits_a_share": _HITS_A_SHARE, "max_bytes": MAX_BYTES}
            added = add_steps(cursor, files, days, (parts, params), steps, base=base, to=to, **room)
    except FactsUnavailable as error:
        # Whatever goals and funnels have no room or no time for, everything else is answered as before.
        _log.warning("tally without goals", reason=str(error))
    if not added:
        base.replace(to)
    return frozenset({*kinds, *added})


def _question(kind: str, days: ZoneDays) -> Question:
    dimensions = (dimension_of(kind, (), field="dimensions"),) if kind else ()
    return Question(
        days=days,
        measures=(measure_of("visitors", ()),),
        dimensions=dimensions,
        filters=(tallies.FROM_ELSEWHERE,) if kind in tallies.OUTSIDE else (),
        interval="day",
        compare=None,
        order_by="visitors",
        is_descending=True,
        limit=1,
        offset=0,
        digest="",
    )
