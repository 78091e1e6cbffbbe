"""An application whose facts are in a bucket, as the scheduler and another machine see it."""

from dataclasses import dataclass

import pytest

from tests.support.buckets import BucketServer, make_facts_in
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import Refused
from tracker.facts.bucket_folder import BucketFolder
from tracker.facts.write import Writer
from tracker.queueing.connection import Connection
from tracker.reports import answer
from tracker.reports.answers import Answers
from tracker.reports.readers import Readers
from tracker.store.database import Database


@dataclass
class ShopInBucket:
    """An application whose facts are in a bucket."""

    database: Database
    redis: Connection
    application: Application
    server: BucketServer
    settings: Settings
    """Of a command."""
    folder: BucketFolder
    """As the scheduler sees it."""
    readers: Readers
    """As another machine sees it, where nobody waits for long."""

    def store(self, *numbers: int) -> None:
        enqueue(self.redis, [hit_of(self.application, number, client_sub_id=f"c{number}") for number in numbers])
        drain(self.redis, self.database)

    def make(self) -> Writer:
        return make_facts_in(self.folder, self.database)

    def clients(self) -> list[str]:
        self.readers.answers = Answers()
        asked = {"dimensions": "client", "measures": "requests", "order": "client"}
        report = answer.read(self.database, self.readers, app_id="shop", given=asked, now=NOON)
        return [row["client"] for row in report.rows]

    def refusal(self) -> str:
        with pytest.raises(Refused) as refused:
            self.clients()
        assert refused.value.status == 503
        assert "\n" not in refused.value.message
        return refused.value.message

    def copies(self) -> list[str]:
        return [str(file.relative_to(self.readers.folder.path)) for file in self.readers.folder.path.glob("app*/*/*")]
