"""Whether everybody works with the same PostgreSQL and the same Redis."""

from collections.abc import Mapping
from uuid import UUID

import orjson

from tracker import __version__
from tracker.diagnostics.finding import Finding, Level
from tracker.errors import TrackerError
from tracker.instance import operator
from tracker.instance.check import ALIVE_SECONDS
from tracker.instance.operator import Belonging
from tracker.queueing import ownership
from tracker.queueing.connection import Connection
from tracker.store import instance as store
from tracker.store.database import Database
from tracker.store.instance import DatabaseIdentity, Instance

_CHECK = "instance"
_COMPARE = "Compare the DATABASE_URL and the REDIS_URL of all processes; `python -m tracker instance show` shows them."
_SHOWN = 3


def about_instance(database: Database, redis: Connection) -> list[Finding]:
    """Return whether Redis belongs to this database, and whether the others work with these two.

    Raises TrackerError.
    """
    belonging = operator.look(database, redis)
    with database.transaction() as tx:
        here = store.alive(tx, seconds=ALIVE_SECONDS)
    there = ownership.processes(redis, seconds=ALIVE_SECONDS)
    return [_belonging(belonging), *_about_processes(belonging, here, there), about_versions(operator.versions(redis))]


def about_versions(running: Mapping[str, Mapping[str, int]]) -> Finding:
    """Return whether all processes run this version: how many of each kind run which."""
    others = {version: kinds for version, kinds in running.items() if version != __version__}
    if not others:
        return Finding("versions", "ok", f"every process runs {__version__}")
    of_version = (f"{count} {kind} of {version or 'an older one'}" for version, kinds in others.items()
            for kind, count in sorted(kinds.items()))  # fmt: skip
    seen = f"this is {__version__}, and there run {', '.join(of_version)}"
    return Finding("versions", "warn", seen, "Finish the upgrade: use what is new once all of them are new.")


def about_connection(setting: str, level: Level, other: Database, database: Database) -> list[Finding]:
    """Return whether another DATABASE_ setting leads to the same database.

    Returns nothing where it does, or where it cannot be asked.

    A role that only reads may not see the table that says it: the server and the oid are compared then.
    """
    try:
        with database.transaction() as tx:
            identity = store.get(tx).database
        with other.transaction() as tx:
            its = store.place(tx, identity.id)
    except TrackerError:
        return []
    if its.is_same_as(identity):
        return []
    seen = f"{setting} leads to {its}, DATABASE_URL to {identity}"
    return [Finding(_CHECK, level, seen, f"Let {setting} name the same database, or a replica of it.")]


def _belonging(belonging: Belonging) -> Finding:
    database = belonging.instance.database
    if belonging.said is None:
        to_do = "A process that starts says so: if hits wait from before, `python -m tracker instance adopt` does."
        return Finding(_CHECK, "ok" if belonging.instance.queue_id is None else "warn", "Redis is nobody's yet", to_do)
    if belonging.claim is None:
        to_do = "If it is this database's, `python -m tracker instance adopt` says so."
        return Finding(_CHECK, "fail", f"what {ownership.OWNER} says in Redis cannot be read", to_do)
    if not belonging.is_together:
        seen = f"Redis belongs to {belonging.claim.database}, DATABASE_URL leads to {database}"
        to_do = "Correct the wrong setting; after a restore or a move, `python -m tracker instance adopt`."
        return Finding(_CHECK, "fail", seen, to_do)
    return Finding(_CHECK, "ok", f"Redis belongs to {database.name}, {database.id}")


def _about_processes(belonging: Belonging, here: Mapping[str, UUID], there: Mapping[str, bytes]) -> list[Finding]:
    findings = []
    if belonging.claim is not None and (
        strayed := [name for name, queue in here.items() if queue != belonging.claim.queue_id]
    ):
        findings.append(_strayed(strayed, "another Redis than the one of this REDIS_URL"))
    if strayed := [name for name, about in there.items() if not _is_of(about, belonging.instance)]:
        findings.append(_strayed(strayed, "another database than the one of this DATABASE_URL"))
    elif strayed := [name for name, about in there.items() if not _is_at(about, belonging.instance)]:
        seen = f"another server, or did before a restart of PostgreSQL: {_few(strayed)}"
        findings.append(Finding("processes", "warn", f"work with {seen}", _COMPARE))
    if not findings:
        names = here.keys() | there.keys()
        findings.append(Finding("processes", "ok", f"{len(names)} say that they work with these two"))
    return findings


def _strayed(names: list[str], what: str) -> Finding:
    return Finding("processes", "fail", f"work with {what}: {_few(names)}", _COMPARE)


def _few(names: list[str]) -> str:
    return ", ".join(sorted(names)[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")


def _is_of(about: bytes, instance: Instance) -> bool:
    try:
        return DatabaseIdentity.of_json(orjson.loads(about)["database"]).is_same_as(instance.database)
    except (KeyError, TypeError, ValueError):
        return False


def _is_at(about: bytes, instance: Instance) -> bool:
    started = orjson.loads(about).get("server_started_at")
    return started is None or started == orjson.loads(orjson.dumps(instance.server_started_at))
