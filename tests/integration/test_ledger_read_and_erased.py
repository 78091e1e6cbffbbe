"""The ledger over HTTP; and what of it goes with hits, people and applications that go."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.command_line import tracker
from tests.support.erasing import erase
from tests.support.ledger import counts, look, offer, write_down
from tests.support.managing import Managing, data
from tests.support.queued_hits import drain, entry_of, hit_of, rows
from tests.support.with_constants import NO_RECEIVER
from tracker.application import Application
from tracker.config import Settings
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store import ledger
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")


def test_it_is_read_over_http(managing: Managing, redis: Connection, application: Application) -> None:
    offer(redis, application, entry_of(hit_of(application, 1)))
    answered = data(managing.get("/v1/ledger"))
    assert answered["balance"]["is_balanced"] is True
    assert (answered["balance"]["accepted"], answered["balance"]["waiting"]) == (1, 1)
    assert managing.get("/v1/ledger?since=2020-01-01T00:00:00Z").status_code == 400
    assert data(managing.get("/v1/applications/shop/ledger")) == {"hours": []}


def test_hours_go_with_the_hits_and_the_sums_stay(
    redis: Connection, database: Database, application: Application
) -> None:
    offer(redis, application, entry_of(hit_of(application, 1)))
    drain(redis, database)
    write_down(database, redis)
    [(hours,)] = rows(database, "SELECT count(*) FROM ledger")
    assert hours
    with database.transaction() as tx:
        assert ledger.delete_old(tx, before=datetime.now(UTC) + timedelta(days=2), limit=10) == hours
    assert rows(database, "SELECT count(*) FROM ledger") == [(0,)]
    assert counts(look(database, redis)) == {"accepted": 1, "stored": 1}


def test_what_is_erased_out_of_the_queue_is_no_loss(
    redis: Connection, database: Database, application: Application
) -> None:
    offer(redis, application, entry_of(hit_of(application, 1, client_sub_id="me")), entry_of(hit_of(application, 2)))
    erase(database, redis, clients=["me"])
    assert counts(look(database, redis)) == {"accepted": 2, "erased": 1, "waiting": 1}


def test_a_purged_application_leaves_a_ledger_that_balances(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    for owner, first in ((application, 1), (other, 11)):
        offer(redis, owner, *(entry_of(hit_of(owner, n)) for n in range(first, first + 3)))
    drain(redis, database)
    write_down(database, redis)
    offer(redis, application, entry_of(hit_of(application, 9)))
    purged = tracker(settings, "apps", "delete", "shop", "--purge", "--yes", constants=NO_RECEIVER)
    assert purged.status == 0, purged.errors
    balance = look(database, redis)
    assert (balance.is_balanced, balance.waiting) == (True, 0), balance
    assert rows(database, "SELECT count(*) FROM ledger_changes WHERE application_id = %s", application.id) == [(0,)]
