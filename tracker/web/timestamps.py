"""Days and points in time as requests write them."""

import re
from datetime import UTC, datetime
from typing import Any

_REST = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
DAY = re.compile(_DATE)
"""YYYY-MM-DD alone: ISO 8601 has more forms of as many characters, and Python reads `2026-W05-6` too."""
STRICT = re.compile(f"{_DATE}[Tt]{_REST}")
"""RFC 3339, section 5.6, as OpenAPI's `date-time` means it."""
WITH_SPACE = re.compile(f"{_DATE}[Tt ]{_REST}")
"""The same with the space that the section's note allows, as beacons send it."""
NO_TIMESTAMP = "Must be a time with its offset, such as 2026-01-31T12:00:00Z (RFC 3339)."


def in_utc(value: Any, form: re.Pattern[str]) -> datetime | None:  # noqa: ANN401 whatever a request has there
    """Return the time that a text of this form says, in UTC, fractions cut to microseconds; None where it says none."""
    if type(value) is str and form.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return None
