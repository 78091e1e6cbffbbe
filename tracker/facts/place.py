"""Countries, as two letters (ISO 3166): of an address by a database, else of a time zone by the zones' own table."""

from functools import cache
from importlib.resources import files
from typing import Final

from tracker.privacy.places import Places

_WHOLE: Final = ("", "32", "128")
"""Bits of a network that is a single address."""


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


def country_of_address(address: str, places: Places) -> str | None:
    """Return the country of an address as PostgreSQL writes it (`192.0.2.1/32`); None for a network."""
    host, _, bits = address.partition("/")
    place = places.place_of(host) if bits in _WHOLE else None
    return place.country if place else None
