"""What a line of a log says, whatever its format, and the one reason why it may say nothing."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LONGEST_TEXTS = {"url": 8192, "referrer": 8192, "user_agent": 2000}
"""Characters at which texts that describe a hit are cut: the same as where hits arrive over HTTP."""


class Malformed(ValueError):
    """A line that cannot become a hit: the message says why, without quoting it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The columns of `access_logs` that one line fills, and its time, aware, in UTC."""

    created_at: datetime
    columns: Mapping[str, Any] = field(default_factory=dict)


def address_of(text: str) -> str | None:
    """The IP address as PostgreSQL's inet takes it, or None where the text is not one (a resolved host name, `-`).

    A zone index (`fe80::1%eth0`) names an interface of another machine and is left out; an IPv4 address mapped
    into IPv6 becomes the IPv4 address that it is.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
