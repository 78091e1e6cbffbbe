"""Countries, as two letters (ISO 3166): of an address by a database, else of a time zone by the zones' own table."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import maxminddb

from tracker.errors import FactsUnavailable


def country_of_zone(zone: str) -> str | None:
    """Return the country of an IANA time zone; None for one that is no single country's."""
    table = _zones()
    return table.get(zone) or table.get(_links().get(zone, ""))


@cache
def _zones() -> dict[str, str]:
    """Zones by `zone.tab`, which names one country for each."""
    country_of = {}
    for line in _lines("zone.tab"):
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            country_of[zone] = country
    return country_of


@cache
def _links() -> dict[str, str]:
    """Old names of zones."""
    return {alias: target for _, target, alias in (line.split() for line in _lines("tzdata.zi") if line[:2] == "L ")}


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()


class Countries:
    """A database of countries (MMDB), where the operator has one. Thread-safe; opened with the first address."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._reader: maxminddb.Reader | None = None

    def country_of(self, address: str) -> str | None:
        """Return the country of an address, None for one that is nobody's or no single address.

        Raises FactsUnavailable where the file cannot be read.
        """
        if self._file is None or "/" in address:
            return None
        try:
            if self._reader is None:
                self._reader = maxminddb.open_database(self._file)
            record = self._reader.get(address)
        except ValueError:
            return None  # An address of the other kind than the database's.
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise FactsUnavailable(f"TRACKER_GEOIP_FILE ({self._file}) cannot be read as a database (MMDB).") from error
        return _code(record)


def _code(record: object) -> str | None:
    """Return the country of a record as MaxMind and DB-IP write it, or as ip-location-db does."""
    if not isinstance(record, dict):
        return None
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code")
    return code if isinstance(code, str) and len(code) == 2 else None  # noqa: PLR2004 ISO 3166-1 alpha-2
