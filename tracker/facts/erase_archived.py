"""People taken out of what is archived: there are no rows any more that facts could be made from without them.

Facts hold no addresses: of somebody who is known by one only, they lose what the files with all columns of the hits
tell is theirs, where these were kept.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from tracker.errors import FactsUnavailable
from tracker.facts import hit_files, make
from tracker.facts.columns import VISITOR, number_of
from tracker.facts.day import Workspace, publish, span_of
from tracker.facts.engine import Cursor, text
from tracker.facts.recipe import recipe_of
from tracker.store import archive_erasures, archived_hits, archived_months, facts_files, facts_marks
from tracker.store.archive_erasures import ArchiveErasure
from tracker.store.archived_hits import HitsFile
from tracker.store.database import Database, Transaction
from tracker.store.facts_files import FactsFile
from tracker.store.facts_marks import FactsDay

_SECONDS: Final = 55.0
_ADDRESS: Final = """CASE WHEN contains(ip_address, '/') THEN ip_address
    WHEN contains(ip_address, ':') THEN ip_address || '/128' ELSE ip_address || '/32' END"""
"""As facts are made from it (`sql/queries/access_logs/copy_out.sql`)."""
_KEYS: Final = f"""SELECT created_at AS time, {VISITOR} AS visitor,
    CASE WHEN session_id IS NOT NULL THEN {number_of("session_id")} END AS session
    FROM (SELECT * REPLACE ({_ADDRESS} AS ip_address) FROM matching)"""  # noqa: S608 our own names
_IS_GONE: Final = """EXISTS (SELECT 1 FROM gone WHERE gone.time = facts.time AND gone.visitor = facts.visitor
    AND gone.session IS NOT DISTINCT FROM facts.session)"""


def erase_archived(database: Database, space: Workspace) -> list[str]:
    """Take everybody out who is asked for; why that cannot be done now, for each of whom it cannot.

    Raises DatabaseUnavailable.
    """
    with database.transaction() as tx:
        people = archive_erasures.waiting(tx)
    failures = []
    for person in people:
        try:
            for day in _days(database, space, person):
                _erase_day(database, space, person, day)
        except FactsUnavailable as error:
            failures.append(str(error))
            space.engine.close()  # What took too long has ended it: who comes next has another one.
            continue
        with database.transaction() as tx:
            archive_erasures.finish(tx, person.erasure_id)
    return failures


def _days(database: Database, space: Workspace, person: ArchiveErasure) -> list[FactsDay]:
    """Return the days of which a file holds anything of a person."""
    with database.transaction() as tx:
        months = archived_months.dropped(tx)
        facts = [
            file for month in sorted(months) for file in facts_files.of_days(tx, person.application_id, *month.days)
        ]
        hits = archived_hits.of_application(tx, person.application_id)
    dates = set()
    with space.engine.cursor(seconds=_SECONDS) as cursor:
        for files, condition in ((facts, _of_facts(person)), (hits, _of_hits(person))):
            paths = {str(space.folder.local(file.name)): file.date for file in files}
            holding = _holding(cursor, paths, condition)
            dates |= {paths[path] for path in holding}
    return [(person.application_id, date) for date in sorted(dates)]


def _holding(cursor: Cursor, paths: Collection[str], condition: str) -> list[str]:
    if not paths:
        return []
    source = make.facts_in([Path(path) for path in paths], options=", filename=true")
    rows = cursor.rows(f"SELECT DISTINCT filename FROM {source} WHERE {condition}")  # noqa: S608 every value is quoted
    return [name for (name,) in rows]


def _erase_day(database: Database, space: Workspace, person: ArchiveErasure, day: FactsDay) -> None:
    with database.transaction() as tx, space.engine.cursor(seconds=_SECONDS) as cursor:
        facts_marks.lock_day(tx, day)
        files = archived_hits.of_day(tx, day)
        cursor.run("CREATE TEMP TABLE gone (time TIMESTAMP, visitor UBIGINT, session UBIGINT)")
        hits = sum(_erase_hits(tx, space, cursor, file, _of_hits(person)) for file in files)
        facts = 0
        if archived_months.is_dropped(tx, day[1]):
            condition = f"({_of_facts(person)} OR {_IS_GONE})"
            for file in facts_files.of_days(tx, day[0], day[1], day[1]):
                facts += _erase_facts(tx, space, cursor, file, condition)
        archive_erasures.add(tx, person.erasure_id, facts=facts, hits=hits)


def _erase_hits(tx: Transaction, space: Workspace, cursor: Cursor, file: HitsFile, condition: str) -> int:
    hit_files.check(space, file)
    source = hit_files.parquet([space.folder.local(file.name)])
    cursor.run(f"CREATE OR REPLACE TEMP TABLE matching AS SELECT * FROM {source} WHERE {condition}")  # noqa: S608
    [(count,)] = cursor.rows("SELECT count(*) FROM matching")
    if count:
        cursor.run(f"INSERT INTO gone {_KEYS}")
        rows = f"SELECT * FROM {source} WHERE NOT ({condition})"  # noqa: S608 every value is quoted
        day, hours = (file.application_id, file.date), (file.first_hour, file.last_hour)
        left = hit_files.put(space, cursor, rows, day=day, hours=hours)
        archived_hits.replace(tx, [file.id])
        archived_hits.insert(tx, replace(left, is_restored=file.is_restored))
    return int(count)


def _erase_facts(tx: Transaction, space: Workspace, cursor: Cursor, file: FactsFile, condition: str) -> int:
    path, made = space.folder.local(file.name), space.work / "left.made"
    [(count,)] = cursor.rows(f"SELECT count(*) FROM {_facts(path)} WHERE {condition}")  # noqa: S608
    if count:
        timeout_minutes = recipe_of(tx, file.application_id).timeout_minutes
        span = span_of(file, timeout_minutes)
        left = make.without(cursor, f"{_facts(path)} WHERE NOT coalesce({condition}, false)", made, span)
        facts_files.replace(tx, [file.id])
        if left:
            day = (file.application_id, file.date)
            publish(tx, space.folder, made, day=day, span=span, count=left, parameters=set(file.parameters))
    return int(count)


def _facts(path: Path) -> str:
    return f"{make.facts_in([path])} AS facts"


def _of_hits(person: ArchiveErasure) -> str:
    """Return whether a row of a file of hits is the person's, as SQL; none of its columns being unknown."""
    names = {
        "client_sub_id": person.client_sub_ids,
        "session_id": person.session_ids,
        "ip_address": person.addresses,
    }
    return _any_of({f"{name}": list(map(text, values)) for name, values in names.items()})


def _of_facts(person: ArchiveErasure) -> str:
    sessions = [number_of(text(session)) for session in person.session_ids]
    return _any_of({"client": list(map(text, person.client_sub_ids)), "session": sessions})


def _any_of(values: dict[str, list[str]]) -> str:
    conditions = [f"coalesce({name} IN ({', '.join(given)}), false)" for name, given in values.items() if given]
    return f"({' OR '.join(conditions)})" if conditions else "false"
