"""A month that is over, with hits, values and facts, and what reports say of it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.support.facts import make_facts
from tests.support.queued_hits import define
from tests.support.raw_hits import count_days, execute, fill, make_months
from tracker.application import Application
from tracker.config import Settings
from tracker.reports import answer
from tracker.reports.readers import Readers
from tracker.store.database import Database
from tracker.store.partitions import Month

OLD: Final = Month.of(datetime.now(UTC)).plus(-7)
HITS: Final = 40
"""Of seven clients or three addresses, every third with a session."""
DAYS: Final = 3
"""The days on which they are: each is made and compared again and again."""
_APART: Final = timedelta(hours=1, minutes=37, microseconds=123)
QUESTIONS: tuple[dict[str, str], ...] = (
    {"measures": "requests,visitors,sessions,bounce_rate,duration"},
    {"dimensions": "page", "measures": "visitors,requests", "order": "page"},
    {"dimensions": "client,browser", "measures": "visitors,sessions", "order": "client"},
    {"dimensions": "param:plan", "measures": "requests", "order": "param:plan"},
    {"interval": "day", "measures": "visitors,requests,views_per_session"},
)


def store_old_month(database: Database, application: Application, folder: Path | None, *, first: int = 1) -> None:
    """Store the hits of a month that is over, and make its statistics, and its facts in a folder, if there is one."""
    make_months(database, OLD)
    define(database, application, "plan", "string")
    fill(
        database,
        application,
        HITS,
        start=OLD.start + timedelta(days=9) - (first - 1) * _APART,
        every=str(_APART),
        first=first,
        client_sub_id="CASE WHEN n % 2 = 0 THEN 'c' || n % 7 END",
        session_id="CASE WHEN n % 3 = 0 THEN 's' || n % 4 END",
        user_agent="CASE WHEN n % 5 > 0 THEN E'Mozilla/5.0 \"odd\", \\\\ \\n agent ' || n % 3 END",
        ip_address="CASE WHEN n % 4 = 0 THEN '2001:db8::/48'::inet ELSE ('192.0.2.' || n % 3)::inet END",
        custom_params="jsonb_build_object('plan', 'free' || n % 3, 'text', E'日本語 \"quoted\"\\n\\\\N', 'none', NULL)",
        event_name="CASE WHEN n % 6 = 0 THEN 'NULL' WHEN n % 7 = 0 THEN '' END",
    )
    execute(
        database,
        "INSERT INTO custom_parameter_values"
        " (access_log_id, application_id, parameter_key, parameter_value, created_at)"
        " SELECT id, application_id, key, value, created_at FROM access_logs,"
        " jsonb_each_text(custom_params) AS given (key, value)"
        " WHERE application_id = %s AND created_at < %s",
        application.id,
        OLD.plus(1).start,
    )
    count_days(database, OLD.start.date(), OLD.plus(1).start.date())
    if folder is not None:
        make_facts(database, folder)


def reports(database: Database, settings: Settings) -> list[tuple[bool, list[dict[str, Any]]]]:
    """Whether reports of the month are exact, and their rows."""
    days = {"start_date": str(OLD.start.date()), "end_date": str((OLD.plus(1).start - timedelta(days=1)).date())}
    with closing(Readers(settings.facts_url)) as readers:
        reports_read = [
            answer.read(database, readers, app_id="shop", given={**days, **question}, now=datetime.now(UTC))
            for question in QUESTIONS
        ]
    return [
        (report.exact, [{name: _rounded(value) for name, value in row.items()} for row in report.rows])
        for report in reports_read
    ]


def _rounded(value: Any) -> Any:
    """Round a mean: its last digits depend on the order in which the engine adds."""
    return round(value, 6) if isinstance(value, float) else value
