"""The data of a PostgreSQL whose database `tracker` is migrated, made once and copied for servers of tests' own.

initdb and a migration take 1.4 s of CPU, a copy 0.1. Servers on copies have one system identifier: a test that tells
them apart by it has to make its data anew.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from tracker.embedded import Postgres


def make_data(folder: Path) -> Path:
    """Start a server in a folder, migrate, and end it; the folder of its data."""
    from tracker.store.migrations import migrate  # Not loaded by those who only copy.

    with Postgres(folder, durable=False) as server:
        server.create_database("tracker")
        migrate(server.url_of("tracker"), today=datetime.now(UTC).date())
    return server.data


def copy_data(data: Path, folder: Path) -> Path:
    """Put a copy where a server in `folder` has its data; the folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(data, folder / Postgres.name)
    return folder
