"""Whether the role that statistics and exports are read with (DATABASE_READ_URL) can read, and can do no harm."""

from tracker.diagnostics.finding import Finding, graded
from tracker.errors import TrackerError
from tracker.store import reading_role
from tracker.store.database import Database
from tracker.store.reading_role import ReadingRole

_CHECK = "role for reading"
_LATE_SECONDS, _OLD_SECONDS = 30.0, 600.0
_ROLES = "Give DATABASE_READ_URL the role `tracker_reader` of deploy/postgres/roles.sql."
_MADE = "The role `tracker_reader` is made by deploy/postgres/roles.sql, and `python -m tracker migrate` lets it read."


def about_role(database: Database, *, is_separate: bool) -> Finding:
    """Judge the role behind `database`; `is_separate` where DATABASE_READ_URL names another than DATABASE_URL."""
    try:
        with database.snapshot() as tx:
            return judge(reading_role.look(tx), reading_role.unreadable(tx), is_separate=is_separate)
    except TrackerError as error:
        to_do = f"See that DATABASE_READ_URL is right and that its server runs. {_MADE}"
        return Finding(_CHECK, "fail", str(error), to_do)


def about_lag(seconds: float | None) -> list[Finding]:
    """Return how far the replica of DATABASE_READ_URL is behind; nothing where it names none."""
    if seconds is None:
        return []
    to_do = "See the replica's log and its network: statistics, exports and the dashboard show what it has."
    seen = f"{seconds:.0f} s behind"
    return [graded("replica for reading", seconds, seen, to_do, warn_above=_LATE_SECONDS, fail_above=_OLD_SECONDS)]


def judge(role: ReadingRole, unreadable: list[str], *, is_separate: bool) -> Finding:
    """Return the worst that there is to say of the role."""
    if unreadable:
        to_do = "Run `python -m tracker migrate`, which lets `tracker_reader` read; grant SELECT to any other role."
        return Finding(_CHECK, "fail", f"{role.name} may not read {', '.join(unreadable)}", to_do)
    if not role.statement_timeout:
        # Not for one that writes: the owner of the tables needs its time.
        limit_it = (
            "" if is_separate and role.writable else f"ALTER ROLE {role.name} SET statement_timeout = '30s'; or: "
        )
        to_do = f"{limit_it}{_ROLES}"
        seen = f"{role.name} has no statement_timeout: a question may keep PostgreSQL busy for as long as it likes"
        return Finding(_CHECK, "fail" if is_separate else "warn", seen, to_do)
    if is_separate and role.writable and not role.on_a_replica:
        seen = f"{role.name} may write to tables: {', '.join(role.writable[:3])} and others"
        return Finding(_CHECK, "warn", seen, _ROLES)
    seen = f"{role.name}, whose statements end after {role.statement_timeout:g} s"
    return Finding(_CHECK, "ok", seen if is_separate else f"{seen}; DATABASE_READ_URL names no other")
