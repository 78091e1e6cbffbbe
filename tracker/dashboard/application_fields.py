"""What an application is called, takes and may, as fields of a form, and what of it whoever sends the form has changed.

Beside each field the form holds the version of what it showed, so that what somebody else has changed meanwhile is
neither put back nor in the way, as with settings (`setting_fields`).
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from tracker.domains import readable_host
from tracker.errors import Refused, invalid
from tracker.management import application_input
from tracker.management.applications import ApplicationRow
from tracker.management.versions import version_of

COLUMNS: Final = ("name", "domain", "description", "rate_limit_per_minute", "status")


def seen_of(application: ApplicationRow) -> dict[str, str]:
    """Return the version of each column, which its field brings along."""
    return {name: version_of({name: asdict(application)[name]}) for name in COLUMNS}


def changes_of(entered: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a form says of each column that it has, and the version that was seen of it. Raises Refused."""
    changes = {name: _value(name, entered[name]) for name in COLUMNS if name in entered}
    return changes, {name: entered[f"was:{name}"] for name in changes if f"was:{name}" in entered}


def texts_of(application: ApplicationRow, entered: Mapping[str, str]) -> dict[str, str]:
    """Return what each field shows; of a form that was refused, what its sender has changed."""
    shown = {name: str("" if value is None else value) for name, value in asdict(application).items()}
    shown["domain"] = readable_host(shown["domain"])
    of_this = entered if entered.get("action") == "application" else {}
    return {name: of_this[name] if _is_changed(name, of_this) else shown[name] for name in COLUMNS}


def rate_limit_of(text: str) -> int:
    """Return the number of hits in a field. Raises Refused for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 digits of any number that can be meant
        reason = "It needs a whole number."
        raise invalid(f"The rate limit is not accepted: {reason}", rate_limit_per_minute=[reason])
    return int(text)


def _value(name: str, text: str) -> Any:  # noqa: ANN401 as the column has it
    if name == "rate_limit_per_minute":
        return rate_limit_of(text)
    return text or None if name in ("domain", "description") else text


def _is_changed(name: str, entered: Mapping[str, str]) -> bool:
    """Return whether a form has another value of a column than the one that it was shown with."""
    if name not in entered:
        return False
    try:
        value = application_input.checked({name: _value(name, entered[name])})[name]
    except Refused:
        return True
    return version_of({name: value}) != entered.get(f"was:{name}")
