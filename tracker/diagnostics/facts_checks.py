"""Whether this machine sees the facts, which it may have to read, and the database of places, if it is to have one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tracker.diagnostics.finding import Finding
from tracker.errors import FactsUnavailable, TrackerError
from tracker.facts.folder import Folder
from tracker.privacy.places import Places
from tracker.store import facts_files, facts_tallies
from tracker.store.database import Database

_OLD: Final = timedelta(days=180)
_MADE_BY: Final = timedelta(hours=2)
"""So long after the last change a tally has been made, unless it cannot."""


def about_facts_here(database: Database, folder: Folder) -> list[Finding]:
    """Return whether the folder or bucket is seen from here; nothing before there are facts."""
    try:
        with database.transaction() as tx:
            state = facts_files.folder(tx)
    except TrackerError:
        return []  # The database's own checks say so.
    if state is None or state.id is None:
        return []
    try:
        folder.demand(state.id)
    except FactsUnavailable as error:
        to_do = "Give the TRACKER_FACTS_URL of receivers and scheduler here; where neither runs here, all is well."
        return [Finding("facts from here", "warn", str(error), to_do)]
    return [Finding("facts from here", "ok", f"seen in {folder.place}")]


def about_tallies(database: Database, now: datetime, *, facts: int, days: int, left_out: int) -> list[Finding]:
    """Return which applications with so many facts have no tally, and so slower reports; nothing where all have one.

    One that lacks more than so many of the last days is none.
    """
    last = now.astimezone(UTC).date() - timedelta(days=1)
    try:
        with database.transaction() as tx:
            missing = facts_tallies.missing(tx, last - timedelta(days=days - 1), last, facts=facts, left_out=left_out)
    except TrackerError:
        return []  # The database's own checks say so.
    late = [app_id for app_id, changed_at in missing if now - changed_at > _MADE_BY]
    if late:
        seen = f"reports of {', '.join(late)} take seconds: their days that are over could not be counted"
        to_do = (
            "See that a scheduler runs, and what its log says of them (tally put off): with session ids that never "
            "change, or more values than fit into 16 MB, none is kept, and all answers are as exact without."
        )
        return [Finding("tallies of reports", "warn", seen, to_do)]
    if missing:
        names = ", ".join(app_id for app_id, _ in missing)
        return [Finding("tallies of reports", "ok", f"to be made of {names}, ten minutes after the last late hit")]
    return []


def about_places(file: Path | None, now: datetime) -> list[Finding]:
    """Return whether the database of places can be read, of which kind it is, and how old; nothing without one."""
    if file is None:
        return []
    places = Places(file)
    about = places.about()
    if about is None:
        to_do = "Put a whole MMDB there, readable for this user, or leave TRACKER_GEOIP_FILE out: time zones tell then."
        return [Finding("places", "warn", str(places.problem), to_do)]
    kind, built_at = about
    seen = f"{kind or 'a database without a name'}, of {built_at.astimezone(UTC):%Y-%m-%d}"
    if now - built_at > _OLD:
        return [Finding("places", "warn", f"{seen}: addresses have moved since", "Put a newer file in its place.")]
    return [Finding("places", "ok", seen)]
