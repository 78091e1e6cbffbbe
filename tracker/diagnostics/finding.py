"""What a health check found."""

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["ok", "warn", "fail"]
LEVELS: Final[tuple[Level, ...]] = ("ok", "warn", "fail")
"""From the best to the worst."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: how it ended, what was seen, and what to do unless all is well."""

    check: str
    level: Level
    seen: str
    to_do: str = ""


def graded(check: str, value: float, seen: str, to_do: str, *, warn_above: float, fail_above: float) -> Finding:
    """Return a finding about a number that is better when it is small."""
    if value > fail_above:
        return Finding(check, "fail", seen, to_do)
    if value > warn_above:
        return Finding(check, "warn", seen, to_do)
    return Finding(check, "ok", seen)


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
