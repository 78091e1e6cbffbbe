"""Zones by the newest rules: those of the package where the machine's are older, else the machine's."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tracker import time_zones
from tracker.reports.zone_days import ZoneDays
from tracker.time_zones import time_zone

DECEMBER = datetime(2026, 12, 15, 7, 30, tzinfo=UTC)
"""00:30 in Vancouver, where clocks were not set back in November 2026; by the rules of before it is 23:30."""


def read_anew(*folders: str) -> None:
    zoneinfo.reset_tzpath(folders)
    ZoneInfo.clear_cache()
    time_zones._choose_rules.cache_clear()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """A machine's zones with the rules that Vancouver had: those that Los Angeles has."""
    before = zoneinfo.TZPATH
    (tmp_path / "America").mkdir()
    with as_file(files("tzdata") / "zoneinfo" / "America" / "Los_Angeles") as rules:
        (tmp_path / "America" / "Vancouver").write_bytes(rules.read_bytes())
    read_anew(str(tmp_path))
    yield tmp_path
    read_anew(*before)


@pytest.mark.parametrize("head", ["# version 2025b\n", "", None])
def test_old_rules_of_a_machine_make_no_day_begin_late(machine: Path, head: str | None) -> None:
    if head is not None:
        (machine / "tzdata.zi").write_text(head + "# a list\n")
    assert DECEMBER.astimezone(ZoneInfo("America/Vancouver")).utcoffset() == timedelta(hours=-8)
    assert DECEMBER.astimezone(time_zone("America/Vancouver")).utcoffset() == timedelta(hours=-7)
    assert ZoneDays(date(2026, 12, 15), date(2026, 12, 15), "America/Vancouver").start == DECEMBER - timedelta(
        minutes=30
    )


def test_newer_rules_of_a_machine_count(machine: Path) -> None:
    (machine / "tzdata.zi").write_text("# version 2099a\n")
    assert DECEMBER.astimezone(time_zone("America/Vancouver")).utcoffset() == timedelta(hours=-8)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../passwd", "/etc/passwd", "America", "", "a\0b"])
def test_what_is_no_zone_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        time_zone(name)
