"""Runs of an import, as `import list` shows them: which file of which log was read when, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tracker.clock import Clock
from tracker.store import imported_filtered, imports
from tracker.store.database import Database
from tracker.store.imported_filtered import FilteredLine


@dataclass(slots=True)
class Run:
    """One file of a log, being read."""

    id: int
    database: Database
    clock: Clock
    counts: Counter[str] = field(default_factory=Counter)
    """What became of its lines so far (`Summary.counts`)."""

    def note(self, *, is_finished: bool = True) -> None:
        """Say what became of its lines. Raises DatabaseUnavailable."""
        finished_at = self.clock.now() if is_finished else None
        with self.database.transaction() as tx:
            imports.note_run(tx, self.id, {name: count for name, count in self.counts.items() if count}, finished_at)


@dataclass(frozen=True, slots=True)
class ImportRuns:
    """The imports of one application, by the names of their logs."""

    database: Database
    application_id: UUID
    clock: Clock
    _ids: dict[str, int] = field(default_factory=dict)

    def import_id(self, source: str) -> int:
        """Return the number of an import, which its entries carry. Raises DatabaseUnavailable."""
        if source not in self._ids:
            with self.database.transaction() as tx:
                self._ids[source] = imports.place(tx, self.application_id, source)
        return self._ids[source]

    def count_filtered(self, import_id: int, lines: Sequence[FilteredLine]) -> None:
        """Count lines that are left out in the application's data quality, each once. Raises DatabaseUnavailable."""
        with self.database.transaction() as tx:
            imported_filtered.count_once(tx, import_id, lines)

    def begin(self, source: str, file: str) -> Run:
        """Note that a file is going to be read. Raises DatabaseUnavailable."""
        import_id = self.import_id(source)
        with self.database.transaction() as tx:
            run_id = imports.begin_run(tx, import_id, file, self.clock.now())
        return Run(run_id, self.database, self.clock)
