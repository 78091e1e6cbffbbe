"""Lines that arrive one by one, as by syslog: each is a hit of its own, of the application whose lines they are.

They take the way of an import. What tells two equal lines apart is their arrival: the same line read from a file as
well counts twice.
"""

import itertools
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tracker.application import Application
from tracker.hit import ImportedIds
from tracker.importing.formats import LogReader
from tracker.importing.hosts import host_of, is_of_domain
from tracker.importing.record import Malformed, Record
from tracker.importing.run import Import
from tracker.importing.source import MAX_LINE_LENGTH, Line
from tracker.importing.summary import Summary

SOURCE: Final = "syslog"
"""The name of their import (`import list`, `import undo`)."""


class Arrivals:
    """Tells all lines apart: each arrival has a number that no other has, in whatever process."""

    def __init__(self) -> None:
        self._numbers = itertools.count(secrets.randbits(96) << 32)

    def id_of(self, line: bytes, ids: ImportedIds, /) -> int:
        """Return an id that no line had before."""
        return ids.of(line, next(self._numbers))


class _ReadBefore:
    """The reader of lines whose records are known: it gives them in their order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.counts: dict[str, int] = {}
        self.unread: set[str] = set()
        self._records = iter(records)

    def __call__(self, line: bytes) -> Record:  # noqa: ARG002 as readers are called
        return next(self._records)


@dataclass(slots=True, kw_only=True)
class ArrivingLines:
    """Reads lines, finds whose each is, and queues its hit."""

    work_of: Callable[[Application], Import]
    counts: Counter[str] = field(default_factory=Counter)
    """What became of the lines."""
    first_malformed: str | None = None
    """Why the first malformed one is so."""
    applications: Sequence[Application] = ()
    """Those that lines may be of."""
    takes_all: bool = False
    """Whether all lines are of the only application, whatever host they name."""
    _reader: LogReader = field(default_factory=LogReader)
    _arrivals: Arrivals = field(default_factory=Arrivals)

    def take(self, texts: Sequence[bytes]) -> None:
        """Queue the lines' hits; bad lines are counted. Raises as `Import.take`."""
        of_application: dict[str, tuple[Application, list[Line], list[Record]]] = {}
        for number, text in enumerate(texts, 1):
            self.counts["lines"] += 1
            record = self._record(text)
            if record is None:
                continue
            application = self._application(record)
            if application is None:
                self.counts["of_no_application"] += 1
                continue
            _, lines, records = of_application.setdefault(application.app_id, (application, [], []))
            lines.append(Line(number, text))
            records.append(record)
        self._reader.counts.clear()
        for application, lines, records in of_application.values():
            summary = Summary(keep=0)
            self.work_of(application).take(
                lines,
                _ReadBefore(records),
                file=SOURCE,
                source=SOURCE,
                summary=summary,
                ordinals=self._arrivals,
                is_trusted=True,
            )
            counts = summary.counts()
            self.counts += Counter({name: counts[name] for name in ("queued", "bots", "other_hosts", "refused")})

    def _record(self, text: bytes) -> Record | None:
        reason = f"longer than {MAX_LINE_LENGTH} bytes"
        if len(text) <= MAX_LINE_LENGTH:
            try:
                return self._reader(text)
            except Malformed as error:
                reason = str(error)
        self.counts["malformed"] += 1
        self.first_malformed = self.first_malformed or reason
        return None

    def _application(self, record: Record) -> Application | None:
        if self.takes_all:
            return self.applications[0] if self.applications else None
        host = host_of(record.columns.get("url"), record.host)
        if host is None:
            return None
        owners = [
            application
            for application in self.applications
            if application.domain is not None and is_of_domain(host, application.domain)
        ]
        return max(owners, key=lambda application: len(application.domain or ""), default=None)


def by_name(applications: Mapping[str, Application]) -> list[Application]:
    """Return the applications that take hits, by name: an order that does not change by itself."""
    return [application for _, application in sorted(applications.items()) if application.takes_hits]
