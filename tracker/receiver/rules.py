"""What an application's settings say about its hits, read once for each state of an application, not per hit.

With them goes how much of its limits a caller gets: all of them with a key, a share by address without one.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from tracker.application import Application
from tracker.application_settings import (
    ADDRESS_SHARE_PERCENT,
    ALLOW_LOCALHOST,
    BOT_FILTER,
    DAILY_MEGABYTES,
    DIALECTS,
    KEY_RESERVE_PERCENT,
    ORIGIN_CHECK,
    RESPECT_DNT,
)
from tracker.dialects.original import NAME as ORIGINAL
from tracker.privacy.addresses import networks_of
from tracker.privacy.anonymization import Privacy
from tracker.privacy.places import NOWHERE, Places
from tracker.queueing.quota import MINUTE_SECONDS, AddressShare, Quota, bucket_of

MIN_ADDRESS_HITS: Final = 10
"""Hits a minute that an address has in any case, so that a small limit does not stop a single visitor."""
_MEGABYTE: Final = 1_000_000
_MAX_KNOWN = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Allowance:
    """An application's limits as its settings divide them, read once for each state of it."""

    application_id: UUID
    open_hits: int
    address_hits: int
    with_key: Quota
    bytes_without_key: int | None

    @classmethod
    def of(cls, application: Application, daily_megabytes: int) -> "Allowance":
        """`daily_megabytes` is what the operator gives each application a day, 0 for no budget."""
        limit = application.rate_limit_per_minute
        reserve = KEY_RESERVE_PERCENT.value(application.settings)
        share = ADDRESS_SHARE_PERCENT.value(application.settings)
        open_hits = limit - limit * reserve // 100
        budgets = [budget for budget in (daily_megabytes, DAILY_MEGABYTES.value(application.settings)) if budget]
        budget = min(budgets) * _MEGABYTE if budgets else None
        return cls(
            application_id=application.id,
            open_hits=open_hits,
            address_hits=min(open_hits, max(MIN_ADDRESS_HITS, limit * share // 100)),
            with_key=Quota(bytes_a_day=budget),
            bytes_without_key=None if budget is None else budget - budget * reserve // 100,
        )

    def without_key(self, address: str | None, now: datetime, salt: bytes) -> Quota:
        """Return what a caller at this canonical address has; one without an address (a unix socket) has no share.

        The address is the caller's own, whatever the application keeps of it.
        """
        return _without_key(self, address, int(now.timestamp()) // MINUTE_SECONDS, salt)


@lru_cache(maxsize=4096)
def _without_key(allowance: Allowance, address: str | None, minute: int, salt: bytes) -> Quota:
    return Quota(
        open_hits=allowance.open_hits,
        shares=tuple(
            AddressShare(
                f"{number}:{bucket_of(network, allowance.application_id, minute, salt)}",
                min(allowance.open_hits, allowance.address_hits * number),
            )
            for number, network in enumerate(networks_of(address) if address else (), start=1)
        ),
        bytes_a_day=allowance.bytes_without_key,
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the hits of one application."""

    domain: str | None
    """The host, in lower case, that browsers' hits must come from or be below; None where none or not asked for."""
    origin_required: bool
    allow_localhost: bool
    drops_bots: bool
    respect_dnt: str
    privacy: Privacy
    allowance: Allowance
    dialects: frozenset[str]
    speaks_original: bool

    @classmethod
    def of(cls, application: Application, daily_megabytes: int = 0, places: Places = NOWHERE) -> "Rules":
        settings = application.settings
        check, dialects = ORIGIN_CHECK.value(settings), DIALECTS.value(settings)
        return cls(
            domain=application.domain.lower() if application.domain and check != "off" else None,
            origin_required=check == "strict",
            allow_localhost=ALLOW_LOCALHOST.value(settings),
            drops_bots=BOT_FILTER.value(settings) == "drop",
            respect_dnt=RESPECT_DNT.value(settings),
            privacy=Privacy.of(settings, places),
            allowance=Allowance.of(application, daily_megabytes),
            dialects=frozenset(dialects),
            speaks_original=ORIGINAL in dialects,
        )


class RuleBook:
    """The rules of each known application. Thread-safe: two threads may read the same settings, with one result."""

    def __init__(self, daily_megabytes: int, places: Places = NOWHERE) -> None:
        self._daily_megabytes = daily_megabytes
        self._places = places
        self._known: dict[UUID, tuple[Application, Rules]] = {}
        self._spoken: set[str] = set()

    def rules_of(self, application: Application) -> Rules:
        known = self._known.get(application.id)
        # A snapshot is replaced, never changed: the same object has the same settings.
        if known is not None and known[0] is application:
            return known[1]
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        rules = Rules.of(application, self._daily_megabytes, self._places)
        self._known[application.id] = application, rules
        self._spoken |= rules.dialects
        return rules

    def is_spoken(self, dialect: str) -> bool:
        """Return whether an application has come by here that has the dialect switched on."""
        return dialect in self._spoken
