"""An import: every line of a log read, checked, made a hit with an identity of its own, and queued.

The identity of a hit is derived from its line (`tracker.hit.imported_id`), so that a run that broke off is resumed by
running it again: what had been queued is recognised when it is written.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from tracker.application import Application
from tracker.application_settings import BOT_FILTER
from tracker.bots import is_bot
from tracker.clock import Clock
from tracker.errors import Refused
from tracker.hit import EPOCH, Hit, imported_id
from tracker.importing.formats import Parse
from tracker.importing.ordinals import Ordinals
from tracker.importing.record import Malformed, Record
from tracker.importing.source import LONGEST_LINE, Line
from tracker.privacy import Anonymization, Privacy
from tracker.queueing.entry import IMPORT_PRIORITY, Entry
from tracker.store.partitions import first_kept

BATCH = 500
_CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead of our clock a line may be: the same as for events that arrive over HTTP."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not queued."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Summary:
    """What became of the lines. `malformed` and `refused` hold the first `keep` lines of each kind, or all."""

    keep: int | None
    lines: int = 0
    queued: int = 0
    bots: int = 0
    """Good lines that were left out since they are a bot's."""
    malformed_count: int = 0
    refused_count: int = 0
    malformed: list[BadLine] = field(default_factory=list)
    refused: list[BadLine] = field(default_factory=list)

    def add_malformed(self, bad: BadLine) -> None:
        self.malformed_count += 1
        self._remember(self.malformed, bad)

    def add_refused(self, bad: BadLine) -> None:
        self.refused_count += 1
        self._remember(self.refused, bad)

    def _remember(self, kept: list[BadLine], bad: BadLine) -> None:
        if self.keep is None or len(kept) < self.keep:
            kept.append(bad)


class Queue(Protocol):
    """Where entries go: it may take its time, so that the queue never holds more than it should."""

    def add(self, entries: list[Entry]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The times that an import takes."""

    first: datetime
    """The beginning of the oldest month that is kept."""
    retention_months: int
    """TRACKER_RETENTION_MONTHS, for the message; 0 keeps all."""

    def refusal(self, time: datetime, now: datetime) -> str | None:
        if time > now + _CLOCK_TOLERANCE:
            return f"its time, {time:%Y-%m-%d %H:%M:%SZ}, lies in the future"
        if time < self.first:
            if not self.retention_months:
                return f"its time, {time:%Y-%m-%d}, lies before 1970"
            return (
                f"its time, {time:%Y-%m-%d}, lies before {self.first:%Y-%m-%d}, "
                f"where TRACKER_RETENTION_MONTHS={self.retention_months} ends"
            )
        return None


def kept_since(today: date, retention_months: int) -> Period:
    """The period that the retention leaves: this month and so many whole ones before it; with 0, all since 1970."""
    oldest = first_kept(today, retention_months)
    return Period(first=EPOCH if oldest is None else max(EPOCH, oldest.start), retention_months=retention_months)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One application's import: how its lines become entries, and where those go."""

    application: Application
    period: Period
    queue: Queue
    prepare_month: Callable[[datetime], None]
    """Makes the partitions of a month; called before the first line of that month is queued."""
    clock: Clock
    max_retries: int
    include_bots: bool = False
    """Take hits of bots too. They are also taken where the application keeps them."""
    anonymize_ip: Anonymization = "none"
    """What is left of addresses, whatever the application's setting for hits of browsers is."""
    _months: set[tuple[int, int]] = field(default_factory=set)

    def take(self, lines: Iterable[Line], parse: Parse, *, file: str, source: str, summary: Summary) -> None:
        """Queue a file's lines; the bad ones are counted in `summary` and harm no other.

        Raises QueueAway, DatabaseAway, and Refused where the file is damaged: what was queued before stays queued.
        """
        privacy = replace(Privacy.of(self.application.settings), ip_anonymization=self.anonymize_ip)
        drops_bots = not self.include_bots and BOT_FILTER.value(self.application.settings) == "drop"
        ordinals = Ordinals()
        batch: list[Entry] = []
        try:
            for line in lines:
                if not line.text.strip():
                    continue
                summary.lines += 1
                try:
                    hit = self._hit(line, parse, source, ordinals)
                except Malformed as error:
                    summary.add_malformed(BadLine(file, line.number, str(error)))
                except _OutOfPeriod as error:
                    summary.add_refused(BadLine(file, line.number, str(error)))
                else:
                    if drops_bots and hit.user_agent and is_bot(hit.user_agent):
                        summary.bots += 1
                    else:
                        batch.append(self._entry(hit, privacy))
                if len(batch) >= BATCH:
                    self._send(batch, summary)
        except Refused:
            self._send(batch, summary)
            raise
        self._send(batch, summary)

    def _hit(self, line: Line, parse: Parse, source: str, ordinals: Ordinals) -> Hit:
        if line.too_long:
            raise Malformed(f"longer than {LONGEST_LINE} bytes")
        ordinal = ordinals.next(line.text)
        record = parse(line.text)
        if refusal := self.period.refusal(record.created_at, self.clock.now()):
            raise _OutOfPeriod(refusal)
        return self._hit_of(record, imported_id(self.application.id, source, line.text, ordinal))

    def _entry(self, hit: Hit, privacy: Privacy) -> Entry:
        now = self.clock.now()
        self._ensure_month(hit.created_at)
        hit = replace(
            hit,
            url=privacy.url(hit.url),
            referrer=privacy.url(hit.referrer),
            user_agent=privacy.user_agent(hit.user_agent),
            ip_address=privacy.address(hit.ip_address),
            event_data=privacy.event_data(hit.event_data),
        )
        return Entry(
            id=hit.tracking_id,
            tracking_data=hit.encode(),
            priority=IMPORT_PRIORITY,
            max_retries=self.max_retries,
            created_at=now,
            updated_at=now,
        )

    def _hit_of(self, record: Record, hit_id: int) -> Hit:
        columns = dict(record.columns)
        url = columns.get("url")
        if url is not None and url.startswith("/") and self.application.domain:
            columns["url"] = f"https://{self.application.domain}{url}"
        return Hit(
            id=hit_id,
            created_at=record.created_at,
            application_id=self.application.id,
            app_id=self.application.app_id,
            **columns,
        )

    def _ensure_month(self, time: datetime) -> None:
        month = (time.year, time.month)
        if month not in self._months:
            self.prepare_month(time)
            self._months.add(month)

    def _send(self, batch: list[Entry], summary: Summary) -> None:
        if batch:
            self.queue.add(batch)
            summary.queued += len(batch)
            batch.clear()


class _OutOfPeriod(ValueError):
    """A line whose time lies outside what is kept; the message says how."""
