"""Deletions by the clock of a test, which may be years away from that of PostgreSQL."""

from datetime import datetime
from typing import Any

from tracker.store.database import Database
from tracker.store.deletions import Deletions


class DeletionsBy(Deletions):
    """Trusts a test's clock; what is refused for other reasons is refused and noted as ever."""

    def __init__(self, database: Database, clock: Any) -> None:
        super().__init__(database, clock)
        self._own = clock

    def time(self) -> datetime | None:
        return self.agreed_time()

    def agreed_time(self) -> datetime | None:
        time: datetime = self._own.now()
        return time
