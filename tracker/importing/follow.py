"""`import --follow`: logs read for as long as they are written, each line stored within two seconds.

A position is only moved after the lines before it are stored or queued, and saved within a second. What was taken after
the last saved position is taken again after a crash, and is recognised when it is written.
"""

import glob
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tracker.application import Application
from tracker.clock import Clock
from tracker.errors import DatabaseUnavailable, QueueUnavailable, Refused
from tracker.hit import ImportedIds
from tracker.importing.followed_log import FollowedLog
from tracker.importing.formats import LogReader
from tracker.importing.kept_period import kept_since
from tracker.importing.patient import Pause, Stopped
from tracker.importing.positions import LogState, StateFile
from tracker.importing.rotation import BeingRotated
from tracker.importing.run import Import
from tracker.importing.runs import Run
from tracker.importing.source import check_followable, plain_name, source_of
from tracker.importing.summary import Summary

POLL: Final = 0.3
"""Seconds between two looks at files that do not grow."""
_FILES_EVERY: Final = 1.0
_SAVE_EVERY: Final = 1.0
_APPLICATION_EVERY: Final = 30.0
_ENOUGH: Final = 10
"""Lines after which a log counts as one whose lines have addresses."""


_DIGITS: Final = re.compile(r"\d+")


@dataclass(slots=True, kw_only=True)
class Follower:
    """Follows the logs that names and patterns say."""

    patterns: Sequence[str]
    source: str | None
    work: Import
    retention_months: int
    look_up: Callable[[], Application]
    """The application as it is now."""
    set_clock: Callable[[], Clock]
    """A clock that agrees with the servers now: the machine's own may be set while logs are followed."""
    reader: Callable[[], LogReader]
    state: StateFile
    summary: Summary
    begin_run: Callable[[str, str], Run]
    """Notes that the log of a name is followed, at a path."""
    wake: Callable[[], object]
    pause: Pause
    tell: Callable[[str], None]
    _logs: dict[str, FollowedLog] = field(default_factory=dict)
    _runs: dict[str, Run] = field(default_factory=dict)
    _left_out: set[str] = field(default_factory=set)
    _told: dict[str, str] = field(default_factory=dict)
    _reasons: set[str] = field(default_factory=set)
    _files_at: float = float("-inf")
    _saved_at: float = float("-inf")
    _application_at: float = float("-inf")
    _is_unsaved: bool = False
    _is_beginning: bool = True

    def run(self) -> None:
        """Follow until `pause` raises Stopped. Raises Refused: no such application any more, no addresses, no disk."""
        saved = self.state.logs()
        try:
            while True:
                self._look_up_application()
                if self._is_due(self._files_at, _FILES_EVERY):
                    self._files_at = self._now()
                    self._find_logs(saved)
                has_read = False
                for log in self._logs.values():
                    has_read |= self._read(log)
                if self._is_unsaved and self._is_due(self._saved_at, _SAVE_EVERY):
                    self._save(saved)
                if has_read:
                    self._wake_a_worker()
                    self.pause(0)
                else:
                    self.pause(POLL)
        except Stopped:
            pass
        finally:
            for log in self._logs.values():
                log.close()
            if self._is_unsaved:
                self._save(saved)
            self._note_runs(is_finished=True)

    def _look_up_application(self) -> None:
        """Follow what is decided about the application, and the month that the retention reaches."""
        if not self._is_due(self._application_at, _APPLICATION_EVERY):
            return
        self._application_at = self._now()
        self._note_runs()
        self.work = replace(self.work, clock=self.set_clock())
        today = self.work.clock.now().date()
        try:
            application = self.look_up()
        except DatabaseUnavailable:
            return  # What is known of it holds on.
        self.work = replace(self.work, application=application, period=kept_since(today, self.retention_months))

    def _note_runs(self, *, is_finished: bool = False) -> None:
        """Say how far the logs are, for `import list`; where nobody can be told now, the next time will do."""
        with suppress(DatabaseUnavailable):
            for run in self._runs.values():
                run.note(is_finished=is_finished)

    def _find_logs(self, saved: dict[str, LogState]) -> None:
        """Begin with logs that were not there before.

        Raises Refused for what cannot be followed, as long as somebody hears it: what a pattern finds later is said.
        """
        is_beginning = self._is_beginning
        self._is_beginning = False
        for path, is_named in self._paths():
            if str(path) in self._logs or str(path) in self._left_out or self._is_piece(path, saved, is_named=is_named):
                continue
            source = self.source or source_of(path.name)
            try:
                self._check_source(path, source)
                check_followable(path)
            except Refused as error:
                if is_named or is_beginning:
                    raise
                self._left_out.add(str(path))
                self.tell(f"{error} It is left out.")
                continue
            except OSError as error:
                self._tell_once(str(path), f"{path} cannot be read: {error.strerror}. Trying again.")
                continue
            self._logs[str(path)] = FollowedLog(
                path,
                source,
                ImportedIds(self.work.application.id, source),
                self.reader(),
                saved.get(str(path), LogState()),
                self.tell,
                self._now,
            )
            if not path.exists():
                self.tell(f"There is no file {path} yet: waiting for it.")

    def _paths(self) -> Iterator[tuple[Path, bool]]:
        """Yield the files that names and patterns say, and whether one was named itself."""
        for pattern in self.patterns:
            if glob.has_magic(pattern) and not Path(pattern).exists():
                names = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 a pattern may be absolute
                paths = [Path(name).absolute() for name in names]
                yield from ((path, False) for path in paths if path.is_file())
                if not paths:
                    self._tell_once(pattern, f"No file matches {pattern} yet: waiting for one.")
            else:
                yield Path(pattern).absolute(), True

    def _is_piece(self, path: Path, saved: dict[str, LogState], *, is_named: bool) -> bool:
        """Return whether a file is a rotated piece of a log that is followed: it is read when the log's turn comes."""
        live = path.with_name(source_of(path.name))
        if live == path:
            return False
        if str(live) in self._logs or any(log.is_at(path) for log in self._logs.values()):
            return True
        if is_named:
            return any(Path(pattern).absolute() == live for pattern in self.patterns)
        return str(live) in saved or live.exists() or plain_name(path.name) != path.name

    def _check_source(self, path: Path, source: str) -> None:
        """Two logs of one name would be taken for the same, so that equal lines of theirs would count once."""
        if self.source is None and any(
            log.source == source and log.path.parent != path.parent for log in self._logs.values()
        ):
            raise Refused(
                "VALIDATION_ERROR",
                400,
                f"Several logs are called {source}, {path} is one: each needs a --source and a --state of its own.",
            )

    def _read(self, log: FollowedLog) -> bool:
        """Take the next lines of a log; whether there were any. Raises Stopped, AddressesMissing."""
        path = str(log.path)
        try:
            chunk = log.next_chunk()
        except BeingRotated:
            return False  # It is being rotated: the next look finds how.
        except (OSError, EOFError) as error:
            self._tell_once(path, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}. Trying again.")
            return False
        self._told.pop(path, None)
        if chunk is None:
            return False
        run = self._runs.get(path) or self._runs.setdefault(path, self.begin_run(log.source, path))
        before = self.summary.counts()
        self.work.take(
            chunk.lines,
            log.reader,
            file=str(chunk.piece.path),
            source=log.source,
            summary=self.summary,
            ordinals=log.ordinals,
            is_trusted=log.is_trusted,
        )
        run.counts += self.summary.counts() - before
        log.reader.counts.clear()
        log.is_trusted = log.is_trusted or len(chunk.lines) >= _ENOUGH
        log.take(chunk)
        self._is_unsaved = True
        self._tell_of_bad_lines()
        return True

    def _save(self, saved: dict[str, LogState]) -> None:
        for path, log in self._logs.items():
            log.turn()
            saved[path] = log.state()
        self.state.save(saved)
        self._saved_at = self._now()
        self._is_unsaved = False

    def _wake_a_worker(self) -> None:
        try:
            self.wake()
        except QueueUnavailable as error:
            # The workers look by themselves every few seconds.
            self._tell_once("wake", f"No worker could be woken: {error}")

    def _tell_of_bad_lines(self) -> None:
        """Say each reason once, with its first line."""
        for kind, bad_lines in (("malformed", self.summary.malformed), ("refused", self.summary.refused)):
            for bad in bad_lines:
                reason = _DIGITS.sub("", bad.reason)
                if reason not in self._reasons:
                    self._reasons.add(reason)
                    self.tell(f"{kind}: {bad.file} line {bad.line}: {bad.reason}")
            bad_lines.clear()

    def _tell_once(self, key: str, words: str) -> None:
        if self._told.get(key) != words:
            self._told[key] = words
            self.tell(words)

    def _is_due(self, last: float, every: float) -> bool:
        return self._now() - last >= every

    @staticmethod
    def _now() -> float:
        return time.monotonic()
