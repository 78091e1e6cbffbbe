"""PostgreSQL's disk is full: hits wait in Redis, and are stored as soon as there is room. A small tmpfs is the disk."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.fault_rows import Record, note
from tests.support.load import installation, outcome, seconds_until_back, sending
from tests.support.needed import need
from tests.support.queued_hits import rows
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.embedded import Postgres
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.store.migrations import migrate

DISK = "160m"

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if mounted:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0711", "tmpfs", str(folder)]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    need(mounted, "A small disk of its own needs the right to mount a tmpfs: run the tests as root.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_hits_wait_until_there_is_room_again(
    settings: Settings, redis: Connection, tmp_path: Path, record_property: Record
) -> None:
    with small_disk(tmp_path / "disk") as disk, Postgres(disk / "postgres") as server:
        server.create_database("tracker")
        url = server.url_of("tracker")
        migrate(url, today=datetime.now(UTC).date())
        on_disk = replace(settings, database_url=url, database_maintenance_url=url, database_read_url=url)
        database = Database(url, name="tests")
        applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
        logs = tmp_path / "logs"
        logs.mkdir()
        with installation(on_disk, logs) as running, sending(running.port) as sender:
            filler = disk / "filler"
            with filler.open("wb") as file:
                file.write(b"\0" * max(0, shutil.disk_usage(disk).free - 300_000))
            # What is left is used up by a table of the test's own, as a log or a dump would.
            with psycopg.connect(url, autocommit=True) as other, pytest.raises(psycopg.Error, match="No space left"):
                other.execute("CREATE TABLE filling AS SELECT repeat('x', 2000) FROM generate_series(1, 100000)")
            wait_until(lambda: running.times_said("No space left", "could not extend"), 60)
            known = len(sender.acknowledged)
            time.sleep(2)
            assert len(sender.acknowledged) > known + 50, "hits are taken while PostgreSQL has no room"
            filler.unlink()
            if not server.running:
                server.start()
            back = seconds_until_back(sender, database)
        result = outcome("postgresql's disk full (small tmpfs)", 1, sender, database, redis)
        bit = "PostgreSQL: no space left on device"
        note(record_property, result, place="2 90", backs=[back], bit=bit)
        result.demand_sound(on_disk)
        assert rows(database, "SELECT count(*) FROM batch_queue") == [(0,)]
        database.close()
