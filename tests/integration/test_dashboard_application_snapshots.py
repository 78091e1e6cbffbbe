"""What the dashboard remembers of applications is asked for again as soon as it has changed."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.raw_hits import execute
from tracker.application import Application
from tracker.dashboard.application_snapshots import MAX_AGE_SECONDS, ApplicationSnapshots
from tracker.management import applications, keys, settings
from tracker.store import applications as stored
from tracker.store.database import Database


def test_it_is_read_again_after_each_change_and_otherwise_seldom(
    database: Database, application: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, reads = ApplicationSnapshots(clock), list[str]()
    find = stored.find

    def counted(tx: Any, app_id: str) -> Application | None:
        reads.append(app_id)
        return find(tx, app_id)

    def seen() -> Application | None:
        with database.transaction() as tx:
            return known.find(tx, "shop")

    def key_ids() -> set[UUID | None]:
        snapshot = seen()
        assert snapshot is not None
        return {key.id for key in snapshot.keys}

    monkeypatch.setattr(stored, "find", counted)
    assert [key_ids() for _ in range(3)] == [{None}] * 3
    assert len(reads) == 1
    row, _ = keys.create(database, "shop", permissions=["stats:read"])
    assert key_ids() == {None, row.id}
    keys.revoke(database, "shop", str(row.id))
    assert key_ids() == {None}
    settings.set_(database, "shop", "timezone", "Asia/Tokyo")
    snapshot = seen()
    assert snapshot is not None
    assert snapshot.settings["timezone"] == "Asia/Tokyo"
    execute(database, "UPDATE application_settings SET setting_value = 'UTC' WHERE setting_key = 'timezone'")
    clock.advance(MAX_AGE_SECONDS + 1)
    snapshot = seen()
    assert snapshot is not None
    assert snapshot.settings["timezone"] == "UTC", "written by hand"
    applications.delete(database, "shop")
    snapshot = seen()
    assert snapshot is not None
    assert snapshot.deleted
    with database.transaction() as tx:
        assert known.find(tx, "nobody") is None
