"""The version of a thing that people change, so that nobody overwrites what they have not seen.

A version is a digest of what is shown of the thing. Over HTTP it is the `ETag`, and what a caller expects comes in
`If-Match` (RFC 9110, 8.8.3 and 13.1.1). Each service compares in the transaction that writes, after it has locked the
application, so that of two who saw the same version only one writes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import orjson

from tracker.errors import Refused

Expected = frozenset[str] | None
"""The versions that a caller takes for the present one; None where any will do."""

_PASSING = frozenset({"last_used_at", "last_triggered_at", "failure_count", "failing_since", "paused_until"})
"""Columns that change by themselves: who edits a thing has not overlooked anything when they do."""


def version_of(shown: Any) -> str:  # noqa: ANN401 a dataclass or a mapping
    """Return the version of a thing as it is shown, a dataclass or a mapping."""
    values: Mapping[str, Any] = asdict(shown) if is_dataclass(shown) and not isinstance(shown, type) else shown
    lasting = {name: value for name, value in values.items() if name not in _PASSING}
    text = orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return hashlib.sha256(text).hexdigest()[:32]


def columns_changed(columns: Mapping[str, Any], before: Mapping[str, Any], seen: Mapping[str, str]) -> dict[str, Any]:
    """Return the columns that differ from what was `seen` of them, a version each; those without one as they are.

    Raises Refused (PRECONDITION_FAILED) for one that is by now neither what was seen of it nor what it shall be.
    """
    changed = {
        name: value for name, value in columns.items() if name not in seen or version_of({name: value}) != seen[name]
    }
    for name in changed.keys() & seen.keys():
        if before[name] != changed[name] and version_of({name: before[name]}) != seen[name]:
            raise changed_meanwhile(name, before[name])
    return changed


def changed_meanwhile(name: str, value: object) -> Refused:
    """Return why something is not changed that somebody else has changed to `value`."""
    changed = f"{name} was changed in the meantime, to {str('' if value is None else value)[:100]!r}"
    sentence = f"{changed}. Nothing was saved: save again what you want."
    return Refused("PRECONDITION_FAILED", 412, sentence, details={name: [f"{changed}."]})


def require(expected: Expected, shown: Any) -> None:  # noqa: ANN401 a dataclass or a mapping
    """Raise Refused (PRECONDITION_FAILED) where a caller expects another version than the one there is."""
    if expected is not None and version_of(shown) not in expected:
        raise Refused(
            "PRECONDITION_FAILED", 412, "It was changed in the meantime: read it again, and change what you find then."
        )
