"""Which lines of a log are stored already: they are counted instead of taken again, or written anew.

Hits that still wait in the queue cannot be told; they are taken again, and recognised when they are written.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from tracker.errors import DatabaseUnavailable
from tracker.hit import Hit
from tracker.store import access_logs, imported_filtered, imports
from tracker.store.access_logs import HitIdentity
from tracker.store.database import Database

_ZONES_APART: Final = timedelta(hours=27)
"""A line that was read with another time zone before lies so far away at most."""


class Sifted(NamedTuple):
    """Hits by whether they are stored: those to take, and how many others were left alone or written anew."""

    new: Sequence[Hit]
    known: int = 0
    replaced: int = 0


Sift = Callable[[int, Sequence[Hit]], Sifted]
"""Sifts hits of the import of that number."""
Replace = Callable[[int, Sequence[HitIdentity], Sequence[Hit]], None]
"""Takes the hits that stand under some identities out, and brings others back in their places."""


def all_new(_import_id: int, hits: Sequence[Hit]) -> Sifted:
    """Take every hit: whoever writes them recognises what is stored."""
    return Sifted(hits)


class KnownLines:
    """Looks lines up, as far as anything of their import was stored before."""

    def __init__(self, database: Database, replace: Replace | None = None, *, takes_filtered: bool = False) -> None:
        """`takes_filtered` says that lines are taken which another run may have left out and counted."""
        self._database, self._replace, self._takes_filtered = database, replace, takes_filtered
        self._has_hits: dict[int, bool] = {}

    def sift(self, import_id: int, hits: Sequence[Hit]) -> Sifted:
        """Sift hits of one import.

        Raises DatabaseUnavailable only where lines are to be written anew or may have been left out: else all are
        taken.
        """
        if self._takes_filtered:
            with self._database.transaction() as tx:
                imported_filtered.take_back(tx, import_id, [hit.id for hit in hits])
        try:
            stored = self._stored(import_id, hits)
        except DatabaseUnavailable:
            if self._replace is not None:
                raise
            return all_new(import_id, hits)
        if not stored:
            return all_new(import_id, hits)
        new = [hit for hit in hits if hit.id not in stored]
        known = [hit for hit in hits if hit.id in stored]
        if self._replace is None:
            return Sifted(new, known=len(known))
        changed = [hit for hit in known if stored[hit.id] != [hit]]
        if changed:
            identities = [(old.id, old.created_at) for hit in changed for old in stored[hit.id]]
            self._replace(import_id, identities, changed)
        return Sifted(new, known=len(known) - len(changed), replaced=len(changed))

    def _stored(self, import_id: int, hits: Sequence[Hit]) -> dict[int, list[Hit]]:
        """Return what is stored under the hits' ids.

        More than one hit where a line was read with several time zones.
        """
        if not hits or (self._replace is None and not self._has_any(import_id)):
            return {}
        times = [hit.created_at for hit in hits]
        with self._database.transaction() as tx:
            stored = access_logs.known(
                tx,
                hits[0].application_id,
                [hit.id for hit in hits],
                first=min(times) - _ZONES_APART,
                last=max(times) + _ZONES_APART,
            )
        by_id: dict[int, list[Hit]] = {}
        for hit in stored:
            by_id.setdefault(hit.id, []).append(hit)
        return by_id

    def _has_any(self, import_id: int) -> bool:
        if import_id not in self._has_hits:
            with self._database.transaction() as tx:
                self._has_hits[import_id] = imports.has_stored(tx, import_id)
        return self._has_hits[import_id]
