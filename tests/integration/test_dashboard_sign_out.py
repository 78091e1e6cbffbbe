"""Signing out of the dashboard ends the session itself, not only the browser's cookie."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.browsing import Browsing
from tests.support.managing import Managing
from tests.support.servers_away import postgres_away
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.embedded import Postgres
from tracker.store import dashboard_sign_outs
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"


@pytest.mark.usefixtures("application")
def test_signing_out_ends_the_session_for_every_copy_of_its_cookie_and_in_every_process(
    managing: Managing, settings: Settings, application_key: str
) -> None:
    for key, home in ((application_key, HOME), (settings.admin_token, "/dashboard/operations")):
        one, other = Browsing(managing), Browsing(managing)
        one.sign_in(key)
        other.sign_in(key)
        copied = str(one.cookie())
        assert one.post("/dashboard/sign-out").status_code == 303
        thief = Browsing(managing)
        thief.set_cookie(copied)
        assert thief.get(home).status_code == 303
        second = Managing(settings)
        elsewhere = Browsing(second)
        elsewhere.set_cookie(copied)
        assert elsewhere.get(home).status_code == 303
        second.close()
        assert other.get(home).status_code == 200, "another session goes on"
        # A form from elsewhere, or without a session, ends nothing.
        assert Browsing(managing).post("/dashboard/sign-out").status_code == 303


@pytest.mark.usefixtures("application")
def test_a_session_whose_end_cannot_be_written_goes_on_and_says_so(
    managing: Managing, postgres: Postgres, application_key: str
) -> None:
    browsing = Browsing(managing)
    browsing.sign_in(application_key)
    with postgres_away(postgres):
        refused = browsing.post("/dashboard/sign-out")
        assert (refused.status_code, browsing.cookie() is None) == (503, False)
    wait_until(lambda: browsing.get(HOME).status_code == 200)


def test_ended_sessions_are_forgotten_when_they_would_have_ended(database: Database) -> None:
    now = datetime.now(UTC)
    with database.transaction() as tx:
        dashboard_sign_outs.add(tx, "old", expires_at=now - timedelta(seconds=1), now=now - timedelta(hours=12))
        assert dashboard_sign_outs.has(tx, "old")
    with database.transaction() as tx:
        dashboard_sign_outs.add(tx, "new", expires_at=now + timedelta(hours=12), now=now)
        assert (dashboard_sign_outs.has(tx, "old"), dashboard_sign_outs.has(tx, "new")) == (False, True)
