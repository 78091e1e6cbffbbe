"""What a line of a log says, whatever its format, and the one reason why it may say nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

Fields = dict[str, str]
"""What a format found in a line, unescaped and decoded, by these names; an absent one is None, `-` or empty:

`address`, `forwarded_for` (lists allowed), `time`, `offset` (of that time), `request` (the whole request line) or
`method`, `target`, `path`, `decoded_path` (the server undid percent escapes), `written_path` (it may have),
`written_target` (the same with the query), `query`, `protocol`; `scheme`, `host`, `port`;
`status`, `bytes`, `referrer`, `user_agent`; `rest` (what was written behind them).
"""

Kind = Literal["page", "asset", "error", "request"]
"""What a request was for: a page that was read, a file that a page needs, an answer of 4xx or 5xx, anything else."""


def field_by_name(names: Mapping[str, str]) -> dict[str, str]:
    """Return the field that each name of a server stands for; `names` has those of each field, separated by blanks."""
    return {name: field for field, of_field in names.items() for name in of_field.split()}


class Malformed(ValueError):
    """A line that cannot become a hit: the message says why, without quoting it."""


class Record(Struct, frozen=True, gc=False):
    """The columns of `access_logs` that one line fills, and its time, aware, in UTC.

    A struct, as a hit is: made in a quarter of a named tuple's time, for each line.
    """

    created_at: datetime
    columns: Mapping[str, Any]
    host: str | None = None
    """The site that the request was for, `name` or `name:port`, where the line says it."""
    kind: Kind = "page"
    is_event: bool = False
    """Whether its columns are those of an event of ours, which may be any, rather than those of a request."""
