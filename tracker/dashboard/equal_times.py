"""What the time before had come to: all of it, or, while this one goes on, when as much of it had passed as has now.

Else an hour of today would be compared with all of yesterday.

Statistics are of whole hours and days; reports know each hit's time, of any zone, with and without filters. A page
whose numbers are those of statistics has them before any report (decision 0131): it waits for this one for a moment.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from tracker.dashboard.cards import HEADLINE, OF_VISITS
from tracker.dashboard.panels import Asked, ask
from tracker.dashboard.services import DashboardServices
from tracker.errors import Refused
from tracker.reports.answer import Report
from tracker.web.envelope import as_refused

COUNTS: Final = ",".join(HEADLINE)
VISITS: Final = ",".join(OF_VISITS)
PATIENCE_SECONDS: Final = 0.25
MAX_CUT: Final = 1_000_000
"""Hits of the time before up to which its visitors are told apart anew, since no sum that is kept ends at a minute."""
_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = 4
_THREADS: Final = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="equal-times")
_PLACES: Final = threading.BoundedSemaphore(_AT_ONCE)
"""What is given up is answered all the same, for whoever looks again within the minute; no more than these wait so."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests, and the different visitors of them."""

    requests: int
    visitors: int


@dataclass(frozen=True, slots=True)
class EqualTimes:
    """Asks reports. `asked` has the time that is shown, and what it is compared with.

    With `is_patient` an answer is waited for however long it takes.
    """

    services: DashboardServices
    app_id: str
    asked: Asked
    is_patient: bool = True

    def counts(self) -> Counts | None:
        """Return what the time before had come to; None where nobody knows."""
        row = self._numbers(COUNTS)
        return None if row is None else Counts(row["requests"], row["visitors"])

    def visits(self) -> Mapping[str, Any] | None:
        """Return what visits of the time before were like; None where nobody knows, or telling takes too long."""
        if self.asked.time.goes_on:
            before = self.asked.time.before
            # Without filters: what a visit cut at a minute was like is told from all hits, however few are asked about.
            whole = self._ask({**self._question("requests", before.first, before.last, until=None), "filters": None})
            if whole is None or whole.rows[0]["requests"] > MAX_CUT:
                return None
        return self._numbers(VISITS)

    def part_of_hour(self) -> int | None:
        """Return the requests of this hour of yesterday up to the same minute; None where nobody knows."""
        yesterday = self.asked.now.date() - _DAY
        until = self._until(yesterday)
        report = self._ask({**self._question("requests", yesterday, yesterday, until=until), "interval": "hour"})
        if report is None or not report.exact:
            return None
        now = f"{until:%Y-%m-%dT%H}"
        return sum(int(row["requests"]) for row in report.rows[-1:] if str(row["time"]).startswith(now))

    def _numbers(self, measures: str) -> Mapping[str, Any] | None:
        report = self._ask(self.question(measures))
        return report.rows[0] if report is not None and report.exact else None

    def question(self, measures: str) -> dict[str, str | None]:
        """Return what is asked of the time before for COUNTS, or for VISITS."""
        before = self.asked.time.before
        until = self._until(before.last) if self.asked.time.goes_on else None
        return self._question(measures, before.first, before.last, until=until)

    def _question(self, measures: str, first: date, last: date, *, until: datetime | None) -> dict[str, str | None]:
        return {
            **self.asked.question(measures, []),
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            "until": until.isoformat() if until else None,
        }

    def _ask(self, question: Mapping[str, str | None]) -> Report | None:
        try:
            if self.is_patient:
                return ask(self.services, self.app_id, question, self.asked)
            return self._ask_for_a_moment(question)
        except Refused as refused:
            if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return None

    def _ask_for_a_moment(self, question: Mapping[str, str | None]) -> Report | None:
        if not _PLACES.acquire(blocking=False):
            return None
        asking = _THREADS.submit(ask, self.services, self.app_id, question, self.asked)
        asking.add_done_callback(lambda _: _PLACES.release())
        try:
            return asking.result(PATIENCE_SECONDS)
        except TimeoutError:
            asking.add_done_callback(_note)
            return None

    def _until(self, day: date) -> datetime:
        """Return the present minute of another day, by the clocks of the zone."""
        now = self.asked.now
        return datetime.combine(day, now.time().replace(second=0, microsecond=0), tzinfo=now.tzinfo)


def _note(asking: Future[Report]) -> None:
    """Log what went wrong with a question whose answer nobody waits for any more, unless it is a plain refusal."""
    if isinstance(error := asking.exception(), Exception):
        as_refused(error)
