"""Statistics by command: shown, verified and rebuilt."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.support.command_line import PROJECT, tracker, work_until_dry
from tests.support.managing import Managing, data
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store import filtered_hits
from tracker.store.database import Database
from tracker.store.filtered_hits import FilteredCount

REAL_LOG = PROJECT / "tests/data/apache_combined_2015.log.gz"
PERIOD = ("--from", "2015-05-17", "--to", "2015-05-20")
TODAY = str(NOON.date())


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.usefixtures("application")
def test_a_real_log_gives_its_daily_totals_and_unique_visitors_and_a_recount_agrees(settings: Settings) -> None:
    kept = replace(settings, retention_months=0)
    assert tracker(kept, "import", str(REAL_LOG), "--app-id", "shop", "--include-bots").status == 0
    work_until_dry(kept)
    for _ in range(2):
        verified = tracker(kept, "stats", "verify", "--json")
        assert verified.status == 0, verified.errors
        assert verified.json == {"days": 4, "differences": [], "passed_over": []}
        days = tracker(kept, "stats", "show", "--app-id", "shop", *PERIOD, "--json").json
        assert [(day["total_requests"], day["unique_visitors"]) for day in days] == [
            (1632, 365),
            (2893, 660),
            (2896, 586),
            (2578, 532),
        ]
        hours = tracker(kept, "stats", "show", "--app-id", "shop", *PERIOD, "--by", "hour", "--json").json
        assert sum(hour["total_requests"] for hour in hours) == 9_999
        totals = tracker(kept, "stats", "show", "--app-id", "shop", *PERIOD, "--group-by", "day", "--json").json
        assert totals == over_http(kept, f"start_date={PERIOD[1]}&end_date={PERIOD[3]}", totals["data_complete_until"])
        assert [(row["requests"], row["unique_visitors"]) for row in totals["requests_by_date"]] == [
            (day["total_requests"], day["unique_visitors"]) for day in days
        ]
        assert (totals["total_requests"], totals["unique_visitors_exact"]) == (9_999, True)
        rebuilt = tracker(kept, "stats", "rebuild", *PERIOD, "--app-id", "shop")
        assert rebuilt.output == "4 days rebuilt from 9999 hits.\n"


def over_http(settings: Settings, query: str, until: str) -> Any:
    """What the API answers, with another answer's `data_complete_until`, which goes on with the time."""
    with closing(Managing(settings)) as api:
        return {**data(api.get(f"/v1/statistics?app_id=shop&{query}")), "data_complete_until": until}


@pytest.fixture
def stored(redis: Connection, database: Database, application: Application) -> None:
    define(database, application, "price", "number")
    enqueue(redis, [hit_of(application, n, custom_params={"price": n}) for n in (1, 2, 6)])
    drain(redis, database)


@pytest.mark.usefixtures("stored")
def test_a_difference_is_shown_and_is_the_exit_status(settings: Settings, database: Database) -> None:
    agreed = tracker(settings, "stats", "verify")
    assert (agreed.status, agreed.output) == (0, "1 day compared: every number agrees with a recount.\n")
    with database.transaction() as tx:
        tx.execute("UPDATE hourly_statistics SET total_requests = 4")
    differing = tracker(settings, "stats", "verify", "--app-id", "shop")
    assert differing.status == 1
    assert differing.output.splitlines()[1].split() == ["shop", TODAY, "12", "total_requests", "4", "3"]
    finished = tracker(settings, "stats", "verify", "--json")
    assert finished.status == 1
    assert [difference["number"] for difference in finished.json["differences"]] == ["total_requests"]
    assert tracker(settings, "stats", "rebuild", "--from", TODAY, "--to", TODAY).status == 0
    assert tracker(settings, "stats", "verify").status == 0


@pytest.mark.usefixtures("stored")
def test_numbers_are_shown_with_their_mean(settings: Settings) -> None:
    assert "No hits of shop are counted" in tracker(settings, "stats", "show", "--app-id", "shop").output
    assert tracker(settings, "stats", "verify").status == 0
    [day] = tracker(settings, "stats", "show", "--app-id", "shop", "--json", "--to", TODAY).json
    assert day["custom_param_stats"] == {
        "price": {"type": "number", "count": 3, "sum": 9, "min": 1, "max": 6, "mean": 3.0}
    }
    heading, line = tracker(settings, "stats", "show", "--app-id", "shop").output.splitlines()
    assert heading.split() == ["date", "total_requests", "unique_visitors", "unique_sessions", "parameters"]
    assert line.split() == [TODAY, "3", "1", "0", "price"]


@pytest.mark.usefixtures("application")
def test_wrong_usage_and_unknown_applications_are_told_apart(settings: Settings) -> None:
    assert tracker(settings, "stats", "show", "--app-id", "nobody").status == 1
    assert tracker(settings, "stats", "verify", "--app-id", "nobody").status == 1
    assert tracker(settings, "stats", "rebuild", "--from", "2026-02-02").status == 2
    backwards = tracker(settings, "stats", "rebuild", "--from", "2026-02-02", "--to", "2026-02-01")
    assert (backwards.status, "after --to" in backwards.errors) == (2, True)


def test_what_was_left_out_is_shown_by_hour_and_reason(
    settings: Settings, database: Database, application: Application
) -> None:
    assert tracker(settings, "stats", "filtered", "--app-id", "shop").output == "No hits of shop were left out.\n"
    hour = datetime(2026, 11, 23, 8, tzinfo=UTC)
    with database.transaction() as tx:
        filtered_hits.add(tx, uuid4(), [FilteredCount(application.id, hour, "bot", 3)], hour)
    rows = tracker(settings, "stats", "filtered", "--app-id", "shop", "--json").json
    assert rows == [{"hour": "2026-11-23T08:00:00Z", "reason": "bot", "hits": 3}]
    assert tracker(settings, "stats", "filtered", "--app-id", "none").status == 1
