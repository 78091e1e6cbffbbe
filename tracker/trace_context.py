"""Whose trace a request belongs to: the header `traceparent` (W3C Trace Context, Level 1); pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

NAME: Final = "traceparent"
ENVIRON_KEY: Final = "HTTP_TRACEPARENT"
_FORM: Final = re.compile(r"(?!ff)[0-9a-f]{2}(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?")
_VERSION: Final = "00"
_MARK: Final = f'"{NAME}"'


def traceparent(value: object) -> str | None:
    """Return the header in version 00, whose fields later versions keep; None where it is none (section 4.3)."""
    if not isinstance(value, str):
        return None
    form = _FORM.fullmatch(value)
    if form is None or (form[2] and value.startswith(_VERSION)):
        return None
    return _VERSION + form[1]


def traceparent_in(environ: Mapping[str, Any]) -> str | None:
    """Return that of a request."""
    return traceparent(value) if (value := environ.get(ENVIRON_KEY)) is not None else None


def trace_of(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return what a hit keeps of it on its way: the field, or nothing."""
    value = traceparent_in(environ)
    return {} if value is None else {NAME: value}


def traceparent_of_hit(tracking_data: bytes) -> str | None:
    """Return that of the request which brought a hit. Hits hardly ever have one: they cost a search."""
    if _MARK.encode() not in tracking_data:
        return None
    columns = orjson.loads(tracking_data)
    return traceparent(columns.get(NAME)) if isinstance(columns, dict) else None


def traceparent_of_payload(payload: str) -> str | None:
    """Return that of the hit which a webhook's body is about."""
    if _MARK not in payload:
        return None
    return traceparent(orjson.loads(payload)["data"].get(NAME))
