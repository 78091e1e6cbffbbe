"""What keeps one application's questions and exports from being everybody's: shares of the connections, and places."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.support.managing import Managing, error
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.management import applications
from tracker.store.database import Database

WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = 'tracker-reading' AND wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.mark.usefixtures("application")
def test_slow_questions_about_one_application_leave_connections_for_all_others(
    managing: Managing, settings: Settings, database: Database
) -> None:
    applications.create(database, name="Other", app_id="other")
    with (
        psycopg.connect(settings.database_url) as locking,
        psycopg.connect(settings.database_url, autocommit=True) as watching,
        ThreadPoolExecutor(2) as slow,
    ):
        locking.execute("LOCK TABLE daily_statistics IN ACCESS EXCLUSIVE MODE")
        answers = [slow.submit(managing.get, "/v1/statistics?app_id=shop") for _ in range(2)]
        wait_until(lambda: watching.execute(WAITING.encode()).fetchone() == (2,))
        refused = managing.get("/v1/sessions?app_id=shop")
        assert (error(refused), "Retry-After" in refused.headers) == ((503, "SERVICE_UNAVAILABLE"), True)
        assert "one after the other" in refused.get_json()["error"]["message"]
        assert managing.get("/v1/sessions?app_id=other").status_code == 200
        assert managing.get("/v1/applications/shop").status_code == 200
        locking.rollback()
        assert [answer.result().status_code for answer in answers] == [200, 200]
    assert managing.get("/v1/sessions?app_id=shop").status_code == 200
