"""An installation on a PostgreSQL server that a test brings: its roles, its commands, and a shop that takes hits."""

from contextlib import closing
from dataclasses import replace

from tests.support.command_line import Finished, tracker
from tests.support.queued_hits import rows
from tests.support.receiving import Receiving, code
from tracker.config import Settings
from tracker.store.database import Database

HIT = {"app_id": "shop", "url": "https://shop.example/"}


def on_server(given: Settings, folder: str) -> Settings:
    """The settings of processes that use the database `tracker` of a server in a folder, each by its own role."""
    owner, app, reader = (f"postgresql://tracker_{role}@/tracker?host={folder}" for role in ("owner", "app", "reader"))
    return replace(given, database_url=app, database_maintenance_url=owner, database_read_url=reader)


def ours(settings: Settings, *arguments: str) -> Finished:
    """A command, with the URLs of all three roles."""
    urls = {
        "DATABASE_MAINTENANCE_URL": settings.database_maintenance_url,
        "DATABASE_READ_URL": settings.database_read_url,
    }
    return tracker(settings, *arguments, **urls)


def open_shop(settings: Settings) -> None:
    """Make the tables and the application."""
    assert ours(settings, "migrate").status == 0
    assert ours(settings, "apps", "create", "--name", "Shop", "--app-id", "shop").status == 0


def send(settings: Settings, hits: int) -> None:
    """Have so many hits accepted."""
    with closing(Receiving(settings)) as receiving:
        for _ in range(hits):
            assert code(receiving.track(HIT)) == (200, None)


def count(settings: Settings) -> int:
    """How many hits are stored."""
    with closing(Database(settings.database_url, name="tests")) as database:
        return int(rows(database, "SELECT count(*) FROM access_logs")[0][0])
