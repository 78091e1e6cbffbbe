"""Which lines of a log are stored already: they are counted instead of queued again, or written anew.

Hits that still wait in the queue cannot be told; they are queued again, and recognised when they are written.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from tracker.errors import DatabaseUnavailable
from tracker.hit import Hit
from tracker.queueing.entry import Entry
from tracker.store import access_logs, imported_filtered, imports
from tracker.store.access_logs import HitIdentity
from tracker.store.database import Database

_ZONES_APART: Final = timedelta(hours=27)
"""A line that was read with another time zone before lies so far away at most."""


class ReadLine(NamedTuple):
    """A line that was read: its hit's id and columns that are not NULL, and the entry that is to bring it."""

    hit_id: int
    columns: Mapping[str, Any]
    entry: Entry


class Sifted(NamedTuple):
    """Lines by whether they are stored: those to queue, and how many others were left alone or written anew."""

    new: list[Entry]
    known: int = 0
    replaced: int = 0


Sift = Callable[[int, Sequence[ReadLine]], Sifted]
"""Sifts lines of the import of that number."""
Replace = Callable[[int, Sequence[HitIdentity], Sequence[Entry]], None]
"""Takes the hits that stand under some identities out, and keeps the entries that bring them back."""


def all_new(_import_id: int, lines: Sequence[ReadLine]) -> Sifted:
    """Queue every line: whoever writes them recognises what is stored."""
    return Sifted([line.entry for line in lines])


class KnownLines:
    """Looks lines up, as far as anything of their import was stored before."""

    def __init__(self, database: Database, replace: Replace | None = None, *, takes_filtered: bool = False) -> None:
        """`takes_filtered` says that lines are taken which another run may have left out and counted."""
        self._database, self._replace, self._takes_filtered = database, replace, takes_filtered
        self._has_hits: dict[int, bool] = {}

    def sift(self, import_id: int, lines: Sequence[ReadLine]) -> Sifted:
        """Sift lines of one import.

        Raises DatabaseUnavailable only where lines are to be written anew or may have been left out: else they are
        queued.
        """
        if self._takes_filtered:
            with self._database.transaction() as tx:
                imported_filtered.take_back(tx, import_id, [line.hit_id for line in lines])
        try:
            stored = self._stored(import_id, lines)
        except DatabaseUnavailable:
            if self._replace is not None:
                raise
            return all_new(import_id, lines)
        if not stored:
            return all_new(import_id, lines)
        new = [line.entry for line in lines if line.hit_id not in stored]
        known = [line for line in lines if line.hit_id in stored]
        if self._replace is None:
            return Sifted(new, known=len(known))
        changed = [line for line in known if stored[line.hit_id] != [Hit(**line.columns)]]
        if changed:
            identities = [(hit.id, hit.created_at) for line in changed for hit in stored[line.hit_id]]
            self._replace(import_id, identities, [line.entry for line in changed])
        return Sifted(new, known=len(known) - len(changed), replaced=len(changed))

    def _stored(self, import_id: int, lines: Sequence[ReadLine]) -> dict[int, list[Hit]]:
        """Return what is stored under the lines' ids.

        More than one hit where a line was read with several time zones.
        """
        if not lines or (self._replace is None and not self._has_any(import_id)):
            return {}
        application_id, app_id = lines[0].columns["application_id"], lines[0].columns["app_id"]
        times = [line.columns["created_at"] for line in lines]
        with self._database.transaction() as tx:
            rows = access_logs.known(
                tx,
                application_id,
                [line.hit_id for line in lines],
                first=min(times) - _ZONES_APART,
                last=max(times) + _ZONES_APART,
            )
        found: dict[int, list[Hit]] = {}
        for row in rows:
            hit = Hit(application_id=application_id, app_id=app_id, **row)
            found.setdefault(hit.id, []).append(hit)
        return found

    def _has_any(self, import_id: int) -> bool:
        if import_id not in self._has_hits:
            with self._database.transaction() as tx:
                self._has_hits[import_id] = imports.has_stored(tx, import_id)
        return self._has_hits[import_id]
