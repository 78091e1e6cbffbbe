"""Whether this machine sees the facts, which it may have to read, and the database of places, if it is to have one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tracker.diagnostics.finding import Finding
from tracker.errors import FactsUnavailable, TrackerError
from tracker.facts.folder import Folder
from tracker.privacy.places import Places
from tracker.store import facts_files
from tracker.store.database import Database

_OLD: Final = timedelta(days=180)


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
