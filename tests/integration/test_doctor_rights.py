"""What the doctor says of the roles that write and migrate, where each single right of roles.sql is missing."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.diagnostics import doctor, role_checks
from tracker.diagnostics.finding import Finding
from tracker.store import server_facts
from tracker.store.database import Database

ALL = """GRANT USAGE ON SCHEMA public TO {0};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {0};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {0}"""


@pytest.fixture
def owner(settings: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        yield connection


@pytest.fixture
def role(owner: psycopg.Connection) -> Iterator[str]:
    name = f"app_{uuid4().hex[:12]}"
    owner.execute(f"CREATE ROLE {name} LOGIN; {ALL.format(name)}".encode())
    yield name
    owner.execute(f"REASSIGN OWNED BY {name} TO postgres; DROP OWNED BY {name}; DROP ROLE {name}".encode())


def rights(settings: Settings, role: str) -> list[Finding]:
    url = psycopg.conninfo.make_conninfo(settings.database_url, user=role)
    with closing(Database(url, name="tests", connections=1)) as database:
        return role_checks.about_rights(database)


@pytest.mark.parametrize(
    ("taken", "seen"),
    [
        ("DELETE ON webhooks", "lacks DELETE on webhooks"),
        ("INSERT, UPDATE ON access_logs", "lacks INSERT, UPDATE on access_logs"),
        ("SELECT ON operator_limits", "lacks SELECT on operator_limits"),
        ("USAGE ON SEQUENCE access_logs_id_seq", "lacks USAGE on access_logs_id_seq"),
        ("USAGE ON SCHEMA public", "lacks USAGE on the schema public"),
        ("SELECT ON alembic_version", "lacks SELECT on alembic_version"),
        ("ALL ON ALL TABLES IN SCHEMA public", "lacks SELECT, INSERT, UPDATE, DELETE on access_logs; "),
    ],
)
def test_each_right_that_is_missing_is_named_with_the_statement_that_gives_it(
    settings: Settings, owner: psycopg.Connection, role: str, taken: str, seen: str
) -> None:
    assert rights(settings, role) == []
    owner.execute(f"REVOKE {taken} FROM {role}".encode())
    [finding] = rights(settings, role)
    assert (finding.check, finding.level) == ("rights", "fail")
    assert seen in finding.seen
    statement = finding.to_do.removeprefix("As the owner of the tables: ").partition(". deploy")[0]
    owner.execute(statement.encode())
    assert rights(settings, role) == []


def test_a_role_that_may_not_even_read_the_version_is_told_what_it_lacks(
    settings: Settings, owner: psycopg.Connection, role: str
) -> None:
    owner.execute(f"REVOKE SELECT ON alembic_version FROM {role}".encode())
    url = psycopg.conninfo.make_conninfo(settings.database_url, user=role)
    findings = {
        finding.check: finding for finding in doctor.examine(replace(settings, database_url=url), SystemClock())
    }
    assert (findings["rights"].level, findings["PostgreSQL"].level) == ("fail", "fail")
    assert f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}" in findings["rights"].to_do


def test_who_migrates_owns_every_table_and_may_make_tables(
    settings: Settings, owner: psycopg.Connection, role: str
) -> None:
    def judged() -> list[Finding]:
        url = psycopg.conninfo.make_conninfo(settings.database_url, user=role)
        with closing(Database(url, name="tests", connections=1)) as database:
            return role_checks.about_owner_rights("direct connection", database)

    for table in server_facts._own_tables():
        owner.execute(f"ALTER TABLE {table} OWNER TO {role}".encode())
    [finding] = judged()
    assert finding.seen.endswith("months: it may not CREATE in the schema public")
    owner.execute(f"GRANT CREATE ON SCHEMA public TO {role}".encode())
    assert judged() == []
    owner.execute("ALTER TABLE webhooks OWNER TO postgres")
    [finding] = judged()
    assert finding.seen.endswith("months: it does not own webhooks")
