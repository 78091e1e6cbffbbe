"""An import: every line of a log read, checked, made a hit with an identity of its own, and handed on.

The identity of a hit is derived from its line (`tracker.hit.imported_id`), so that a run that broke off is resumed by
running it again: what is stored is recognised.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from tracker.application import Application
from tracker.clock import Clock
from tracker.errors import Refused
from tracker.hit import EPOCH, ImportedIds
from tracker.importing.batch import AddressesMissing, Batch, CountFiltered, HitSink, count_nothing
from tracker.importing.formats import Reader
from tracker.importing.hit_maker import HitMaker
from tracker.importing.kept_period import KeptPeriod
from tracker.importing.known_lines import Sift, all_new
from tracker.importing.ordinals import EqualLines, Ordinals
from tracker.importing.record import Malformed
from tracker.importing.source import MAX_LINE_LENGTH, Line
from tracker.importing.summary import BadLine, Summary
from tracker.privacy.anonymization import Anonymization, Privacy
from tracker.privacy.places import NOWHERE, Places


class AskAboutOld(Protocol):
    """Told of lines that are stored and dropped again: the file, the line's number and time, since when is kept."""

    def __call__(self, file: str, number: int, time: datetime, first: datetime, /) -> None: ...


def _do_not_ask(_file: str, _number: int, _time: datetime, _first: datetime, /) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One application's import: how its lines become hits, and where those go."""

    application: Application
    period: KeptPeriod
    destination: HitSink
    prepare_month: Callable[[datetime], None]
    """Makes the partitions of a month; called before the first line of that month is handed on."""
    clock: Clock
    import_id: Callable[[str], int] = lambda _: 0
    """The number of the import of a log, by the log's name."""
    sift: Sift = all_new
    """Says which hits are to be taken."""
    count_filtered: CountFiltered = count_nothing
    scheduler_keeps: KeptPeriod | None = None
    """What the running scheduler keeps; None where nobody knows."""
    ask_about_old: AskAboutOld = _do_not_ask
    """Hears of each line that the scheduler does not keep before it is taken, and raises what ends the import."""
    include_bots: bool = False
    """Take hits of bots too. They are also taken where the application keeps them."""
    anonymize_ip: Anonymization = "none"
    """What is left of addresses, whatever the application's setting for hits of browsers is."""
    places: Places = NOWHERE
    force: bool = False
    """Take a log whose lines have no addresses too."""
    any_host: bool = False
    """Take requests for other sites than the application's domain too."""
    pieces_follow: bool = True
    """Whether files of one source are a log and its rotated pieces, in which no line stands twice."""
    _ordinals: dict[str, Ordinals] = field(default_factory=dict)
    _months: set[tuple[int, int]] = field(default_factory=set)
    _maker: HitMaker = field(init=False)

    def __post_init__(self) -> None:
        privacy = replace(Privacy.of(self.application.settings, self.places), ip_anonymization=self.anonymize_ip)
        maker = HitMaker(self.application, privacy, include_bots=self.include_bots, any_host=self.any_host)
        object.__setattr__(self, "_maker", maker)  # Frozen as all else: it is made of the fields above.

    def take(
        self,
        lines: Iterable[Line],
        reader: Reader,
        *,
        file: str,
        source: str,
        summary: Summary,
        may_grow: bool = False,
        ordinals: EqualLines | None = None,
        is_trusted: bool = False,
    ) -> None:
        """Take a file's lines; the bad ones are counted in `summary` and harm no other.

        Where the file `may_grow`, a last line without an end is left for the next run. `ordinals` tells the equal
        lines of a log apart that is read bit by bit, and `is_trusted` says that its lines were seen to have addresses.
        Raises QueueUnavailable, DatabaseUnavailable, AddressesMissing, and Refused where the file is damaged or the
        application takes no hits any more: what was taken before stays.
        """
        if ordinals is None:
            ordinals = self._ordinals.setdefault(source, Ordinals()) if self.pieces_follow else Ordinals()
        import_id = self.import_id(source)
        log = _Log(ImportedIds(self.application.id, source), ordinals)
        trusted = self.force or is_trusted
        batch = Batch(
            self.destination,
            self.sift,
            self.count_filtered,
            summary,
            file=file,
            import_id=import_id,
            is_trusted=trusted,
        )
        try:
            for line in lines:
                if not line.text.strip():
                    continue
                if not line.is_whole and may_grow:
                    summary.unfinished.append(file)
                    continue
                summary.lines += 1
                try:
                    self._take_line(line, reader, log, batch, summary)
                except Malformed as error:
                    summary.add_malformed(BadLine(file, line.number, str(error)))
                except _OutOfPeriod as error:
                    summary.add_refused(BadLine(file, line.number, str(error)))
        except AddressesMissing:
            raise
        except Refused:
            batch.finish(is_whole=False)
            raise
        else:
            batch.finish()
        finally:
            batch.close()
            summary.formats.update(reader.counts)
            summary.unread |= reader.unread

    def _take_line(self, line: Line, reader: Reader, log: "_Log", batch: Batch, summary: Summary) -> None:
        """Read a line, and take its hit where it is to be counted. Raises Malformed, _OutOfPeriod."""
        if line.too_long:
            raise Malformed(f"longer than {MAX_LINE_LENGTH} bytes")
        # Malformed lines count among the equal ones too, so that the others keep their places.
        hit_id = log.ordinals.id_of(line.text, log.ids)
        record = reader(line.text)
        if record is None:
            summary.lines -= 1
            return
        created_at = record.created_at
        if created_at is not log.last_time:  # Lines of the same second follow each other.
            self._check_time(created_at, log)
            log.last_time = created_at
        if self.scheduler_keeps is not None and created_at < self.scheduler_keeps.first:
            self.ask_about_old(batch.file, line.number, created_at, self.scheduler_keeps.first)
        if reason := self._maker.left_out(record):
            if reason == "bot":
                summary.bots += 1
            else:
                summary.other_hosts += 1
            batch.leave_out(hit_id, created_at, reason)
            return
        summary.kinds[record.kind] += 1
        if (created_at.year, created_at.month) not in self._months:
            self._ensure_month(created_at)
        batch.add(self._maker.hit(record, hit_id), line.number, len(line.text))

    def _check_time(self, time: datetime, log: "_Log") -> None:
        """Raises _OutOfPeriod."""
        # Only of what lies after the last look at the clock it has to be asked whether that is the future.
        if not self.period.first <= time <= log.now:
            log.now = self.clock.now()
            if refusal := self.period.refusal(time, log.now):
                raise _OutOfPeriod(refusal)

    def _ensure_month(self, time: datetime) -> None:
        self.prepare_month(time)
        self._months.add((time.year, time.month))


@dataclass(slots=True)
class _Log:
    """What holds for all lines of a file, and what time it was when a line last asked."""

    ids: ImportedIds
    ordinals: EqualLines
    now: datetime = EPOCH
    last_time: datetime | None = None
    """The time of the last line, which lies in the period."""


class _OutOfPeriod(ValueError):
    """A line whose time lies outside what is kept; the message says how."""
