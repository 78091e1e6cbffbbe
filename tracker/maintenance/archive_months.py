"""Which months stay readable when PostgreSQL drops them, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tracker.facts import archive
from tracker.facts.write import Writer
from tracker.log import logger
from tracker.store import archived_months, partitions
from tracker.store.connection import PostgresConnection
from tracker.store.partitions import Month

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The rule of an installation: facts of `months` whole months before the present one stay (0: none by itself)."""

    writer: Writer
    months: int
    has_hits: bool
    """Whether all columns of the hits are kept too."""

    def is_kept(self, month: Month, now: datetime) -> bool:
        """Return whether the files of a month are to stay when it is dropped at this time.

        Those of one whose drop broke off do: they hold what is gone already.
        """
        first = partitions.first_kept(now, self.months)
        if first is not None and month >= first:
            return True
        with self.writer.database.transaction() as tx:
            return month in archived_months.dropped(tx)

    def keep(
        self,
        month: Month,
        *,
        on_day: Callable[[int, int], None] = lambda *_: None,
        should_continue: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Make the files of a month what its rows say; False where told to stop.

        Raises FactsUnavailable, Refused, DatabaseUnavailable: then it must not be dropped.
        """
        return archive.archive(
            self.writer, month, has_hits=self.has_hits, on_day=on_day, should_continue=should_continue
        )

    def let_go(self, connection: PostgresConnection, month: Month) -> None:
        """Agree to the drop of a month, in its transaction. Raises Refused."""
        archive.let_go(connection, month)

    def forget_expired(self, now: datetime) -> list[Month]:
        """Forget the archived months that are older than is kept; none where none is kept by itself."""
        first = partitions.first_kept(now, self.months)
        if first is None:
            return []
        with self.writer.database.transaction() as tx:
            dropped = archived_months.dropped(tx) - archived_months.brought_back(tx)
            gone = sorted(month for month in dropped if month < first)
            for month in gone:
                archived_months.forget(tx, month)
        for month in gone:
            _log.info("archived month forgotten", month=str(month))
        return gone
