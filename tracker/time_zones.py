"""Time zones by the newest rules that there are: the machine's, or those of the pinned package `tzdata`.

Python takes the machine's wherever it has some, however old: Debian 12 without its updates lets clocks in Vancouver and
Winnipeg go back in November 2026, which they do no more, and each day of such a site begins an hour late.
"""

import zoneinfo
from functools import cache
from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

_LIST: Final = "tzdata.zi"
_REGIONS: Final = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"),
)
_HEAD: Final = "# version "
"""Before the version in the first line of the list, such as 2026f."""


def time_zone(name: str) -> ZoneInfo:
    """Return a zone by its IANA name. Raises ValueError where there is none."""
    _choose_rules()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"{name!r} is no time zone."
        raise ValueError(message) from error


@cache
def names() -> tuple[str, ...]:
    """Return the zones to choose from: UTC, and those of a place, without the names that only old systems use."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return ("UTC", *sorted(name for name in listed if name.partition("/")[0] in _REGIONS))


@cache
def _choose_rules() -> None:
    """Have `zoneinfo` read the package unless the machine's rules are newer; for the whole process, so once."""
    of_machine = next((folder for folder in map(Path, zoneinfo.TZPATH) if folder.joinpath(_LIST).is_file()), None)
    if of_machine is None or _version(of_machine) <= _version(files("tzdata").joinpath("zoneinfo")):
        reset_tzpath(())
        ZoneInfo.clear_cache()


def _version(folder: Traversable) -> str:
    """Return the version of the rules in a folder; empty where they do not say it."""
    with folder.joinpath(_LIST).open(encoding="utf-8") as file:
        head = file.readline()
    return head.removeprefix(_HEAD).strip() if head.startswith(_HEAD) else ""
