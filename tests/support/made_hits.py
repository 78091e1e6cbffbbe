"""Hits of an application and their facts, made once and copied for each test that begins with them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.conftest import TEMPLATE_WITH_SHOP, database_for_a_while
from tracker.config import Settings
from tracker.embedded import Postgres
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class MadeHits:
    database: str
    """The name of a database that is copied, and that nobody is connected to."""
    facts: Path

    def copy_facts(self, settings: Settings) -> None:
        """Put the facts where a process with these settings, on a copy of the database, looks for them."""
        assert isinstance(settings.facts_url, Path)
        shutil.copytree(self.facts, settings.facts_url)


@contextmanager
def made_hits(postgres: Postgres, folder: Path, make: Callable[[Database, Path], object]) -> Iterator[MadeHits]:
    """Have hits of `shop` made in a database that has it, and their facts in a folder; call it after `shop_and_key`."""
    with database_for_a_while(postgres, f"TEMPLATE {TEMPLATE_WITH_SHOP} STRATEGY file_copy") as url:
        with closing(Database(url, name="tests")) as database:
            make(database, folder)
        yield MadeHits(urlsplit(url).path.strip("/"), folder)
