"""How the doctor judges the role behind DATABASE_READ_URL, whoever it is."""

from contextlib import closing
from uuid import uuid4

import psycopg

from tests.support.roles import limit_statements
from tracker.config import Settings
from tracker.diagnostics.finding import Finding
from tracker.diagnostics.reading_checks import about_role
from tracker.store.database import Database


def test_the_role_for_reading_reads_what_it_has_to_for_a_limited_time_and_no_more(settings: Settings) -> None:
    role = f"reader_{uuid4().hex[:12]}"

    def judged(*, is_separate: bool = True) -> Finding:
        url = psycopg.conninfo.make_conninfo(settings.database_url, user=role)
        with closing(Database(url, name="tests", connections=1)) as database:
            return about_role(database, is_separate=is_separate)

    with psycopg.connect(settings.database_url, autocommit=True) as owner:
        assert judged().level == "fail", "there is no such role"
        owner.execute(f"CREATE ROLE {role} LOGIN".encode())
        try:
            assert "may not read access_logs, applications" in judged().seen
            owner.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}".encode())
            assert "has no statement_timeout" in judged().seen
            assert (judged().level, judged(is_separate=False).level) == ("fail", "warn")
            assert "ALTER ROLE" not in judged().to_do, "it may be the owner's, who needs time"
            assert "ALTER ROLE" in judged(is_separate=False).to_do
            limit_statements(settings.database_url, role)
            assert (judged().level, judged(is_separate=False).level) == ("warn", "ok")
            assert "may write to tables: access_logs" in judged().seen
            owner.execute(f"REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM {role}".encode())
            assert judged() == Finding("role for reading", "ok", f"{role}, whose statements end after 30 s")
        finally:
            owner.execute(f"DROP OWNED BY {role}".encode())
            owner.execute(f"DROP ROLE {role}".encode())
