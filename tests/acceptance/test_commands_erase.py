"""`erase` as an operator runs it."""

from tests.support.command_line import tracker, work_until_dry
from tests.support.queued_hits import enqueue, hit_of, rows
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

WHO = ("--app-id", "shop", "--client-sub-id", "somebody")


def store(settings: Settings, redis: Connection, application: Application) -> None:
    enqueue(redis, [hit_of(application, n, client_sub_id="somebody" if n < 3 else "other") for n in range(5)])
    work_until_dry(settings)


def test_a_person_is_counted_asked_about_erased_and_receipted(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    store(settings, redis, application)
    counted = tracker(settings, "erase", *WHO, "--dry-run", "--json")
    assert counted.status == 0, counted.errors
    assert (counted.json["dry_run"], counted.json["counts"]["access_logs"]) == (True, 3)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(5,)]

    refused = tracker(settings, "erase", *WHO, given=b"n\n")
    assert (refused.status, refused.output) == (1, "")
    assert "Erase 3 hits, 0 sessions and 0 waiting or failed entries" in refused.errors
    assert rows(database, "SELECT count(*) FROM access_logs") == [(5,)]

    receipt = tracker(settings, "erase", *WHO, "--yes", "--json")
    assert receipt.status == 0, receipt.errors
    assert receipt.json["state"] == "done"
    assert receipt.json["counts"]["access_logs"] == 3
    assert "somebody" not in receipt.output + receipt.errors
    assert rows(database, "SELECT client_sub_id FROM access_logs") == [("other",), ("other",)]
    assert tracker(settings, "stats", "verify").status == 0

    again = tracker(settings, "erase", *WHO, given=b"y\n")
    assert again.status == 0
    assert "nothing was found" in again.output


def test_wrong_usage_and_unknown_applications_are_told_apart(settings: Settings, application: Application) -> None:
    assert tracker(settings, "erase", "--app-id", "shop", "--yes").status == 2
    assert tracker(settings, "erase", "--client-sub-id", "x", "--yes").status == 2
    assert tracker(settings, "erase", "--app-id", "nobody", "--client-sub-id", "x", "--yes").status == 1
    assert tracker(settings, "erase", "--app-id", "shop", "--ip", "nowhere", "--yes").status == 1
