"""The ledger for the operator's page: whether it balances now, and the last day by application."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tracker.dashboard.services import DashboardServices
from tracker.ledger.balance import Balance, balance, hours

_DAY: Final = timedelta(days=1)
_MAX_APPLICATIONS: Final = 100
_ALWAYS: Final = ("accepted", "stored")
_WHERE_THERE_ARE_ANY: Final = ("open", "repeated", "failed", "taken_out", "filtered", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPanel:
    """`applications` have their sums under `columns`, those that accepted most first."""

    balance: Balance
    applications: list[tuple[str, Counter[str]]]

    @property
    def columns(self) -> list[str]:
        """Return what is shown: on a phone there is room for few, and a column of zeros says nothing."""
        return [*_ALWAYS, *(name for name in _WHERE_THERE_ARE_ANY if any(sums[name] for _, sums in self.applications))]


def look(services: DashboardServices) -> LedgerPanel:
    """Look without waiting for what only moves. Raises QueueUnavailable and DatabaseUnavailable."""
    now = services.clock.now()
    present = balance(services.database, services.redis, services.clock, sleep=lambda _: None)
    sums: dict[str, Counter[str]] = {}
    first = (now - _DAY).replace(minute=0, second=0, microsecond=0)
    for hour in hours(services.database, first, now + timedelta(hours=1)):
        sums.setdefault(hour.app_id, Counter()).update(
            # Redis has counts of the last minute that the hours have not: unless there is a surplus, what was stored
            # was accepted.
            accepted=hour.accepted + (0 if present.surplus else max(0, -hour.open)),
            stored=hour.stored,
            open=hour.waiting,
            repeated=hour.repeated,
            failed=hour.failed,
            taken_out=hour.discarded + hour.erased + hour.written_off,
            filtered=sum(hour.filtered.values()),
            refused=sum(hour.refused.values()),
        )
    busiest = sorted(sums.items(), key=lambda item: (-item[1]["accepted"], item[0]))
    return LedgerPanel(balance=present, applications=busiest[:_MAX_APPLICATIONS])
