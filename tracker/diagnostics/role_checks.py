"""Whether the roles that write and that migrate have the rights that deploy/postgres/roles.sql gives them."""

from tracker.diagnostics.finding import Finding
from tracker.store import server_facts
from tracker.store.database import Database
from tracker.store.server_facts import PostgresFacts

_SHOWN = 3


def about_rights(database: Database) -> list[Finding]:
    """Return whether the role of DATABASE_URL may read and write all tables; nothing where it may.

    Raises TrackerError.
    """
    with database.transaction() as tx:
        lacking = server_facts.missing_rights(tx)
    if not lacking:
        return []
    shown = "; ".join(f"{privilege.missing} on {privilege.name}" for privilege in lacking[:_SHOWN])
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    statements = "; ".join(dict.fromkeys(privilege.statement for privilege in lacking))
    to_do = f"As the owner of the tables: {statements}. deploy/postgres/roles.sql gives it for tables to come."
    return [Finding("rights", "fail", f"{lacking[0].role} lacks {shown}{more}", to_do)]


def about_owner(check: str, facts: PostgresFacts, *, is_separate: bool) -> list[Finding]:
    """Return whether the role that migrates and makes months owns the tables; nothing where it does.

    `is_separate` where DATABASE_MAINTENANCE_URL names another than DATABASE_URL; what needs none may lack it.
    """
    if facts.owns_tables is not False:
        return []
    seen = f"{facts.role} does not own the tables: it can neither migrate nor make months"
    to_do = "Give DATABASE_MAINTENANCE_URL the role that owns them: `tracker_owner` of deploy/postgres/roles.sql."
    return [Finding(check, "fail" if is_separate else "warn", seen, to_do)]


def about_owner_rights(check: str, database: Database) -> list[Finding]:
    """Return whether the role that migrates owns every table and may make new ones; nothing where so.

    Raises TrackerError.
    """
    with database.transaction() as tx:
        lacking = server_facts.missing_owner_rights(tx)
        role = server_facts.server_facts(tx).role
    if not lacking:
        return []
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    seen = f"{role} can neither migrate nor make months: {', '.join(lacking[:_SHOWN])}{more}"
    to_do = f"ALTER TABLE ... OWNER TO {role}; GRANT CREATE ON SCHEMA ... TO {role}, as deploy/postgres/roles.sql does."
    return [Finding(check, "fail", seen, to_do)]
