"""Whether PostgreSQL is as the product needs it: server, schema, partitions."""

import re
import shutil
from datetime import datetime
from pathlib import Path

from tracker.diagnostics import answer_checks, partition_overview
from tracker.diagnostics.finding import Finding, graded, megabytes
from tracker.errors import TrackerError
from tracker.store import server_facts
from tracker.store.database import Database
from tracker.store.server_facts import OLDEST_MAJOR, PostgresFacts, newest_revision

_MIGRATE = "Run `python -m tracker migrate`."
_COLLATION_VERSIONS_SINCE = 150_000
_STATEMENTS_ON_ALL = 4
"""Statements on all months that may run at once: folding, an export, an erasure, a look at a person."""
_UTC = {"UTC", "Etc/UTC", "GMT"}


def reach(check: str, setting: str, database: Database) -> tuple[Finding, PostgresFacts | None]:
    """Return whether the server that a setting names answers, and what it says."""
    try:
        with database.transaction() as tx:
            facts = server_facts.server_facts(tx)
    except TrackerError as error:
        return Finding(check, "fail", str(error), f"See that {setting} is right and that the server runs."), None
    major = facts.version_number // 10_000
    if major < OLDEST_MAJOR:
        return Finding(check, "fail", f"PostgreSQL {major}", f"Use PostgreSQL {OLDEST_MAJOR} or newer."), facts
    return Finding(check, "ok", f"PostgreSQL {major}.{facts.version_number % 10_000} answers"), facts


def about_answers(database: Database) -> Finding:
    """Return how soon the server answers a statement, one that needs no schema. Raises TrackerError."""
    with database.transaction() as tx:
        return answer_checks.about_answers("PostgreSQL", lambda: server_facts.server_time(tx))


def about_server(facts: PostgresFacts) -> list[Finding]:
    """Encoding, time zone, durability, connections, room on the disk."""
    findings = [
        _must_be("encoding", facts.encoding, facts.encoding == "UTF8", "Create the database with ENCODING 'UTF8'."),
        _must_be(
            "time zone of the session",
            facts.time_zone,
            facts.time_zone in _UTC,
            "Do not set another time zone for this role or in the URL's options.",
        ),
        _durability(facts),
        graded(
            "connections",
            facts.connections_open / facts.connections_allowed,
            f"{facts.connections_open} of {facts.connections_allowed} open",
            "Put a pooler in front, start fewer processes, or raise max_connections.",
            warn_above=0.8,
            fail_above=0.95,
        ),
    ]
    return findings + _disk(facts)


def _durability(facts: PostgresFacts) -> Finding:
    """Return whether what is committed stays: a hit is taken out of Redis once its row is."""
    check = "durability of PostgreSQL"
    if not facts.fsync:
        to_do = "Set fsync = on: without it a crash of the machine loses hits that were answered, or the database."
        return Finding(check, "fail", "fsync is off", to_do)
    if facts.synchronous_commit == "off":
        to_do = "ALTER ROLE ... SET synchronous_commit = on: a crash of PostgreSQL loses the hits it stored last."
        return Finding(check, "fail", "synchronous_commit is off", to_do)
    return Finding(check, "ok", f"fsync is on, synchronous_commit is {facts.synchronous_commit}")


def about_writing(database: Database, facts: PostgresFacts) -> Finding:
    """Return whether the server takes writes: a row is written and committed."""
    try:
        with database.transaction() as tx:
            server_facts.write(tx)
    except TrackerError as error:
        to_do = (
            "Point DATABASE_URL at the primary, or promote this server."
            if facts.in_recovery
            else "Make the server take writes again, for this role and database too: the processes go on by themselves."
        )
        return Finding("writable", "fail", str(error), to_do)
    return Finding("writable", "ok", "a row was written")


def about_collation(database: Database, facts: PostgresFacts) -> list[Finding]:
    """Return whether text is compared as it was when the indexes were built. Raises TrackerError."""
    if facts.version_number < _COLLATION_VERSIONS_SINCE:
        return []
    with database.transaction() as tx:
        built_by, read_by = server_facts.collation_versions(tx)
    if built_by == read_by or built_by is None:
        return [Finding("collation", "ok", f"version {read_by}" if read_by else "without versions")]
    return [
        Finding(
            "collation",
            "warn",
            f"indexes were built by version {built_by}, the operating system has {read_by}: rows may not be found",
            "REINDEX DATABASE CONCURRENTLY, then ALTER DATABASE ... REFRESH COLLATION VERSION.",
        )
    ]


def about_locks(database: Database) -> Finding:
    """Return whether the lock table has room for statements on all months. Raises TrackerError."""
    with database.transaction() as tx:
        locks = server_facts.locks(tx)
    return graded(
        "locks",
        locks.needed * _STATEMENTS_ON_ALL / locks.room,
        f"a statement on all months takes {locks.needed}, the server has room for {locks.room} "
        f"(max_locks_per_transaction {locks.per_transaction} for each possible connection)",
        f"Raise max_locks_per_transaction, to {2 * locks.per_transaction} for instance (needs a restart), or keep "
        "fewer months.",
        warn_above=0.5,
        fail_above=1.0,
    )


def about_schema(database: Database, facts: PostgresFacts, now: datetime) -> list[Finding]:
    """Return whether the migrations are those of this version and every month is there."""
    newest = newest_revision()
    if facts.revision is None:
        return [Finding("migrations", "fail", "the database has no schema yet", _MIGRATE)]
    if not re.fullmatch(r"[0-9]{4}_\w+", facts.revision):
        seen = f"alembic_version is another program's: {facts.revision}"
        return [Finding("migrations", "fail", seen, "Give the product a database of its own.")]
    if facts.revision > newest:
        seen = f"{facts.revision} is newer than this version, which ends with {newest}"
        return [Finding("migrations", "fail", seen, "Run the newer version of the product.")]
    findings = [
        _must_be("migrations", f"{facts.revision}; this version ends with {newest}", facts.revision == newest, _MIGRATE)
    ]
    if facts.revision != newest:
        return findings
    overview = partition_overview.look(database, now)
    if overview.problems:
        return [
            *findings,
            *(Finding("partitions", "fail", "not every month takes hits", problem) for problem in overview.problems),
        ]
    months = sorted({str(partition.month) for partition in overview.partitions})
    gaps = f"; {' '.join(overview.gaps)}" if overview.gaps else " without a gap"
    return [*findings, Finding("partitions", "ok", f"{months[0]} to {months[-1]}{gaps}; {overview.outlook}")]


def _must_be(check: str, seen: str, is_so: bool, to_do: str) -> Finding:  # noqa: FBT001 the condition is what it is about
    return Finding(check, "ok", seen) if is_so else Finding(check, "fail", seen, to_do)


def _disk(facts: PostgresFacts) -> list[Finding]:
    size = megabytes(facts.bytes)
    try:
        usage = shutil.disk_usage(Path(facts.data_folder or ""))
    except OSError:
        usage = None
    if not facts.data_folder or usage is None:
        return [Finding("database size", "ok", f"{size}; the server's disk cannot be seen from here")]
    return [
        graded(
            "disk of PostgreSQL",
            1 - usage.free / usage.total,
            f"the database has {size}, {megabytes(usage.free)} are free",
            "Make room, or keep fewer months (TRACKER_RETENTION_MONTHS).",
            warn_above=0.85,
            fail_above=0.95,
        )
    ]
