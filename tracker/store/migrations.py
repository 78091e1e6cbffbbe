"""Bringing a database to the schema of this version: the files of `sql/migrations`, in order, by Alembic.

A migration is one numbered SQL file; its name is its revision, and each revision follows the one before. Alembic
keeps which was applied last (`alembic_version`) and applies the rest. Imported by the `migrate` command only:
Alembic and SQLAlchemy take longer to import than the rest of the project.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import takewhile
from pathlib import Path
from types import ModuleType

import psycopg
from alembic.runtime.migration import MigrationContext, MigrationInfo, RevisionStep
from alembic.script import Script
from alembic.script.revision import RevisionMap
from sqlalchemy import Connection as AlchemyConnection
from sqlalchemy import StaticPool, create_engine, exc

from tracker.errors import SettingsInvalid
from tracker.store import concurrent_indexes, partition_making, partitions, reading_role
from tracker.store.concurrent_indexes import is_concurrent
from tracker.store.connection import PostgresConnection
from tracker.store.maintenance import limit_lock_waits, maintenance, patiently
from tracker.store.queries import SQL, fetch_all
from tracker.store.server_facts import OLDEST_MAJOR, applied_revision

MIGRATIONS = SQL / "migrations"
_VERSIONS = "alembic_version"
_REVISION = re.compile(r"[0-9]{4}_\w+")
_CREATED = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)


def migrate(url: str, *, today: date, on_step: Callable[[str], None] = lambda _: None) -> list[str]:
    """Apply what is missing, then make the partitions that must exist on `today`.

    What is missing is one transaction, apart from indexes that are built beside the writers: each of those is built on
    its own, and what comes after it is another transaction.

    Returns the names of what was applied: revisions, what the role for reading may now read, and months as
    `partitions YYYY-MM`; a second run returns nothing. Two runs at once are safe: the second waits and then finds
    nothing to do. `on_step` hears a sentence about each step. Raises SettingsInvalid for a database that this version
    cannot serve, DatabaseUnavailable where PostgreSQL is unavailable or others hold the tables for a quarter of a
    minute.
    """
    with maintenance(url, name="tracker-migrate") as connection:
        _check_server(connection)
        _check_others(connection, on_step)
        applied = patiently(partial(_apply_missing, connection, on_step, None), on_wait=on_step)
        # Until nothing is missing: what another run has noted meanwhile may be an index, and not yet what follows it.
        while (waiting := _next_missing(connection)) is not None:
            if is_concurrent(waiting):
                on_step(f"{waiting} builds an index beside the writers, which waits for open transactions")
                with concurrent_indexes.alone(connection, on_step):
                    if _next_missing(connection) == waiting:
                        concurrent_indexes.build(connection, MIGRATIONS / f"{waiting}.sql")
                        # Noted by itself: what comes next may have to give up, and an index takes long.
                        applied += patiently(partial(_apply_missing, connection, on_step, waiting), on_wait=on_step)
            applied += patiently(partial(_apply_missing, connection, on_step, None), on_wait=on_step)
        if readable := reading_role.grant(connection):
            on_step(f"{reading_role.NAME} may read {', '.join(readable)}")
            applied.append(f"rights of {reading_role.NAME}")
    months = partition_making.create(url, partitions.needed(today), on_step=on_step)
    return [*applied, *(f"partitions {month}" for month in months)]


def _check_server(connection: PostgresConnection) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_MAJOR:
        raise SettingsInvalid(f"The database server is PostgreSQL {version}: {OLDEST_MAJOR} or newer is needed.")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise SettingsInvalid(f"The database's encoding is {encoding}: create it with ENCODING 'UTF8'.")


def _check_others(connection: PostgresConnection, on_step: Callable[[str], None]) -> None:
    """Raise SettingsInvalid where another program, or another schema, has what the migrations would make."""
    tables = fetch_all(connection, "server/check_others")
    connection.rollback()
    here = {str(table["name"]) for table in tables if table["is_here"]}
    ours = {name for path in MIGRATIONS.glob("[0-9]*.sql") for name in _CREATED.findall(path.read_text())}
    if not any(table["is_here"] for table in tables):
        elsewhere = sorted({table["schema"] for table in tables if table["name"] == "access_logs"})
        if elsewhere:
            raise SettingsInvalid(
                f"The tables stand in the schema {elsewhere[0]}, which the role's search_path does not begin with: "
                f"ALTER ROLE ... SET search_path = {elsewhere[0]}."
            )
    applied = applied_revision(connection) if _VERSIONS in here else None
    connection.rollback()
    if applied is not None and not _REVISION.fullmatch(applied):
        raise SettingsInvalid(
            f"{_VERSIONS} in this database is another program's (its revision is {applied}): give the product a "
            "database of its own."
        )
    if applied is None and (taken := sorted(here & ours)):
        raise SettingsInvalid(
            f"The database has tables of another program that are called like ours: {', '.join(taken[:5])}. Give the "
            "product a database of its own."
        )
    if others := sorted(here - ours - {_VERSIONS}):
        on_step(f"the database has {len(others)} tables of others, which stay as they are: {', '.join(others[:5])}")


def _next_missing(connection: PostgresConnection) -> str | None:
    """Return the revision that comes next; None where all are applied."""
    applied = applied_revision(connection)
    connection.rollback()
    names = sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.sql"))
    following = names[names.index(applied) + 1 :] if applied else names
    return following[0] if following else None


def _apply_missing(
    connection: PostgresConnection, on_step: Callable[[str], None], built: str | None, lock_wait: float
) -> list[str]:
    """Apply the missing revisions up to an index, in one transaction of `connection`; or the one that is `built`."""
    # Whoever calls this chose a log format; Alembic's own lines about its dialect say nothing to an operator.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    applied: list[str] = []

    def remember(*, step: MigrationInfo, **_: object) -> None:
        applied.append(str(step.up_revision_id))

    # The connection is ours (libpq's URLs name things that SQLAlchemy's do not), Alembic only borrows it.
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    try:
        with engine.begin() as alchemy:
            # Before the lock time-out: whoever holds this one is another migrate, which is worth waiting for.
            alchemy.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('tracker migrate'))")
            limit_lock_waits(connection, lock_wait)
            connection.execute("SET LOCAL standard_conforming_strings = on")
            options = {"fn": partial(_steps, built), "on_version_apply": (remember,)}
            MigrationContext.configure(alchemy, opts=options).run_migrations()
    except exc.DBAPIError as error:
        raise error.orig if isinstance(error.orig, psycopg.Error) else error from error
    for name in applied:  # Now that it is so: the transaction may have been given up.
        on_step(f"{name} applied")
    return applied


def _steps(built: str | None, current: Sequence[str], context: MigrationContext) -> list[RevisionStep]:
    """Return what Alembic asks: the steps from the `current` revision on, up to an index.

    Or the one that is `built`.
    """
    scripts = list(_scripts(context.connection))
    revisions = RevisionMap(lambda: scripts)
    newest = revisions.heads[0]  # The map links the revisions to each other when it is first asked.
    names = [script.revision for script in scripts]
    unknown = set(current) - set(names)
    if unknown:
        raise SettingsInvalid(
            f"The database is newer than this version: it has {', '.join(sorted(unknown))}, "
            f"this version ends with {newest}. Run the newer version."
        )
    done = names.index(current[0]) + 1 if current else 0
    missing = (
        [script for script in scripts[done:] if script.revision == built]
        if built
        else takewhile(lambda script: not is_concurrent(script.revision), scripts[done:])
    )
    return [RevisionStep(revisions, script, is_upgrade=True) for script in missing]


def _scripts(connection: AlchemyConnection | None) -> Iterator[Script]:
    previous = None
    for path in sorted(MIGRATIONS.glob("[0-9]*.sql")):
        yield _script(path, previous, connection)
        previous = path.stem


def _script(path: Path, previous: str | None, connection: AlchemyConnection | None) -> Script:
    """Return the module that Alembic expects of a revision, whose upgrade runs one SQL file."""

    def upgrade(**_: object) -> None:
        assert connection is not None
        if is_concurrent(path.stem):
            return  # It is built already: only its name is still to be noted.
        # Without parameters the text goes as it is: a file holds many statements, and % is just a character.
        text = path.read_text(encoding="utf-8")
        connection.exec_driver_sql(text, execution_options={"no_parameters": True})

    module = ModuleType(path.stem)
    module.__dict__.update(down_revision=previous, upgrade=upgrade)
    return Script(module, path.stem, str(path))
