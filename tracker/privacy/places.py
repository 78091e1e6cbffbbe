"""Where an address is: looked up before it is shortened, and written with the hit in its place.

The database (MMDB) is the operator's. It is read from a copy of its own, which nobody changes: where a file that is
mapped into memory is written over, the next look at it ends the process.
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import maxminddb

from tracker.log import logger

MAX_LENGTH: Final = 200
_LOOK_SECONDS: Final = 5.0
"""So often it is looked whether the file is another one."""
_CACHED: Final = 8192

_log = logger(__name__)


class Place(NamedTuple):
    """A country in two letters (ISO 3166), and a region and a city by their English names where they are known."""

    country: str
    region: str | None = None
    city: str | None = None

    def text(self, *, is_country_only: bool = False) -> str:
        """Return it as it is stored: `DE`, `DE/Bavaria`, `DE/Bavaria/Munich`, `DE//Munich`."""
        if is_country_only or not (self.region or self.city):
            return self.country
        parts = (self.country, self.region, self.city)
        return "/".join((part or "").replace("/", " ") for part in parts).rstrip("/")[:MAX_LENGTH]


class Places:
    """The database, where the operator has one. Thread-safe; opened with the first address, anew when it is replaced.

    A file that cannot be read is said once in the log, and counting goes on: with what was read before, or without.
    """

    def __init__(self, file: Path | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._monotonic = monotonic
        self._look_at = float("-inf")
        self._seen: tuple[int, int, int] | None = None
        self._reader: maxminddb.Reader | None = None
        self._lock = threading.Lock()
        self._find = lru_cache(maxsize=_CACHED)(self._looked_up)
        self.problem: str | None = None
        """What is wrong with the file."""

    @property
    def has_file(self) -> bool:
        """Return whether there is a database to ask; without one nothing is known of any address."""
        return self._file is not None

    def place_of(self, address: str) -> Place | None:
        """Return where a canonical address is; None for one that is nobody's, and without a database."""
        if self._file is None:
            return None
        if self._monotonic() >= self._look_at:
            self.look()
        return self._find(address)

    def about(self) -> tuple[str, datetime] | None:
        """Return what the database calls itself, and when it was built; None where it cannot be read."""
        self.look()
        if self._reader is None:
            return None
        told = self._reader.metadata()
        return told.database_type, datetime.fromtimestamp(told.build_epoch, UTC)

    def look(self) -> None:
        """Open the file where it is another one than before."""
        if self._file is None or not self._lock.acquire(blocking=False):
            return  # Another thread looks.
        try:
            self._look_at = self._monotonic() + _LOOK_SECONDS
            status = self._file.stat()
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
            if seen != self._seen:
                self._reader = _open(self._file)
                self._seen = seen
                self._find.cache_clear()
            self._say(None)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            self._say(f"TRACKER_GEOIP_FILE ({self._file}) cannot be read as a database (MMDB): {_reason(error)}.")
        finally:
            self._lock.release()

    def _say(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            if problem is not None:
                _log.warning("places not read", reason=problem, has_older=self._reader is not None)
            else:
                _log.info("places are read again")

    def _looked_up(self, address: str) -> Place | None:
        reader = self._reader
        try:
            return None if reader is None else _place_in(reader.get(address))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None  # An address of the other kind than the database's, or a damaged part of it.


def _open(file: Path) -> maxminddb.Reader:
    with tempfile.NamedTemporaryFile(prefix="tracker-places-") as copy:
        with file.open("rb") as source:
            shutil.copyfileobj(source, copy)
        copy.flush()
        # Once it is mapped, it needs no name any more.
        return maxminddb.open_database(copy.name, maxminddb.MODE_AUTO)


def _place_in(record: object) -> Place | None:
    """Return the place of a record as MaxMind and DB-IP write it, as ip-location-db does, or as IPinfo does.

    Of IPinfo's files some have a country's name where others have its letters.
    """
    if not isinstance(record, dict):
        return None
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code", country)
    if not (isinstance(code, str) and len(code) == 2):  # noqa: PLR2004 ISO 3166-1 alpha-2
        return None
    regions = record.get("subdivisions")
    region = (
        _name_in(regions[0])
        if isinstance(regions, list) and regions
        else _text(record.get("state1") or record.get("region"))
    )
    return Place(code, region, _name_in(record.get("city")))


def _name_in(named: object) -> str | None:
    names = named.get("names") if isinstance(named, dict) else None
    return _text(names.get("en")) if isinstance(names, dict) else _text(named)


def _text(value: object) -> str | None:
    return value.replace("\0", "") or None if isinstance(value, str) else None


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else "it is none, or not whole"


NOWHERE: Final = Places(None)
"""Without a database."""
