"""What a line of a log says, whatever its format, and the one reason why it may say nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class Malformed(ValueError):
    """A line that cannot become a hit: the message says why, without quoting it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The columns of `access_logs` that one line fills, and its time, aware, in UTC."""

    created_at: datetime
    columns: Mapping[str, Any] = field(default_factory=dict)
