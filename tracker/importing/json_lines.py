"""Lines of JSON, an object each: of our own names (the columns of `access_logs`), or of those that servers use.

Under our own names a value that the receiver would refuse makes the line malformed, and one that it would cut is cut,
so that no line that is taken can fail when it is written. Under a server's names the rules of `log_record` hold.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from tracker.hit_values import MAX_DESCRIPTION_LENGTHS, MAX_IDENTIFIER_LENGTHS, MAX_PARAMETER_KEY_LENGTH
from tracker.importing import w3c
from tracker.importing.escapes import letters_as_bytes
from tracker.importing.json_aliases import ALIASES
from tracker.importing.log_record import NO_RULES, ReadingRules, record_of
from tracker.importing.record import Fields, Malformed, Record
from tracker.importing.wrappers import json_of
from tracker.json_rules import MAX_DEPTH, faults, is_plain
from tracker.privacy.addresses import normalise

_OBJECTS = ("event_data", "custom_params")
_MAX_PATH_LENGTH = 200
_SHOWN_NAMES = 8

_OWN_NAMES: Final = frozenset(
    (*MAX_IDENTIFIER_LENGTHS, *MAX_DESCRIPTION_LENGTHS, *_OBJECTS, "ip_address", "screen_res", "timestamp")
)
_SERVER_ONLY: Final = frozenset(
    name
    for field in ("address", "forwarded_for", "request", "method", "target", "status", "bytes")
    for name in ALIASES[field]
) - {"url"}
_TELLING: Final = frozenset(("address", "request", "method", "target", "referrer", "user_agent"))
"""Fields of which an object must have one to be a request's: a time, a host or a status alone are not."""
_REQUEST: Final = frozenset(("request", "target"))
_TEXTS: Final = frozenset(("request", "target", "query", "referrer", "user_agent"))
_NO_TARGET: Final = re.compile(r'[ "<>]')
_SAFE_IN_QUERIES: Final = "/:@!$'()*,;?[]{}|"
_COLUMNS_AS_FIELDS: Final = {"ip_address": "address", "created_at": "time", "timestamp": "time", "url": "target"}
MAPPABLE: Final = tuple(sorted({*ALIASES, *_COLUMNS_AS_FIELDS}))
"""What `--map NAME=THEIR_NAME` takes for NAME."""


class UnknownNames(Malformed):
    """An object that says nothing about a request under names that are known."""


def json_object(line: bytes) -> Record:
    """Return the record of one line of our own names, or of a server's; raises Malformed."""
    try:
        return json_record(json_of(line), line)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg}") from error


def json_record(
    values: Any,  # noqa: ANN401 any JSON value
    line: bytes,
    rules: ReadingRules = NO_RULES,
    names: Mapping[str, str] | None = None,
    time: str | None = None,
) -> Record:
    """Return the record of a line's JSON value.

    `names` says where a field stands, by `--map`; `time` is that of what carried the line, for objects without one.
    Raises Malformed.
    """
    if not isinstance(values, dict):
        raise Malformed("not a JSON object")
    if not names and "timestamp" in values and not _SERVER_ONLY & values.keys():
        others = values.keys() - {"timestamp"}
        if not others or _OWN_NAMES & others:
            return _own_record(values, line)
    return _server_record(values, rules, names or {}, time)


def _own_record(values: dict[str, Any], line: bytes) -> Record:
    if b"\\u0000" in line or not is_plain(values, MAX_DEPTH):
        for path, reason in faults(values, "", MAX_DEPTH):
            raise Malformed(f"{path[:_MAX_PATH_LENGTH]}: {reason}")
    created_at = _time(values.get("timestamp"))
    if not values.get("screen_resolution"):
        values["screen_resolution"] = values.get("screen_res")
    columns: dict[str, Any] = {}
    for column_names, read in _READERS:
        # An empty text is an absent one: an empty session_id would become one session of everybody.
        columns.update(
            (name, read(name, value)) for name in column_names if (value := values.get(name)) not in (None, "")
        )
    return Record(created_at=created_at, columns=columns)


def _server_record(values: dict[str, Any], rules: ReadingRules, names: Mapping[str, str], time: str | None) -> Record:
    if "c-ip" in values and "time" in values:  # CloudFront's names, as in its files.
        return record_of(w3c.fields_of({name: str(value) for name, value in values.items()}), rules)
    fields = _fields_of(values, names)
    host = fields.get("host", "")
    if "address" not in fields and host == values.get("host") and normalise(host):
        # Tomcat's valve calls the client `host`; a site of that name would be an address as well.
        fields["address"] = fields.pop("host")
    if not _TELLING & fields.keys():
        raise UnknownNames(_unknown_names(values, "address"))
    if not _REQUEST & fields.keys() and not _has_name_of_request(tuple(values)):
        raise Malformed(_unknown_names(values, "target"))
    if fields.get("request", "").startswith("/") and "target" not in fields:
        fields["target"] = fields.pop("request")
    if (method := fields.get("method", "")).islower():
        fields["method"] = method.upper()  # As hapi writes it, whatever was sent.
    if time is not None:
        fields.setdefault("time", time)
    if "://" in fields.get("target", "") or "?" in fields.get("target", ""):
        fields.pop("query", None)
    elif "target" in fields and "query" in fields:
        path = fields.pop("target")
        # No target has these: nginx' $uri and Apache's %U are paths whose percent escapes are undone.
        fields["decoded_path" if _NO_TARGET.search(path) else "path"] = path
    return record_of(fields, rules)


def _fields_of(values: dict[str, Any], names: Mapping[str, str]) -> Fields:
    fields: Fields = {}
    for field, paths in _paths_among(tuple(values)):
        for path in paths:
            if (text := _text(values, path)) is not None:
                fields[field] = text
                break
    for name, theirs in names.items():
        if (text := _text(values, _Path.of(theirs))) is not None:
            fields[_COLUMNS_AS_FIELDS.get(name, name)] = text
    for field in _TEXTS & fields.keys():
        fields[field] = letters_as_bytes(fields[field])
    return fields


class _Path(NamedTuple):
    """Where a text stands: under a name, or under the last of several, each in the object of the one before."""

    name: str
    parts: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> "_Path":
        return cls(name, tuple(name.split(".")))


_PATHS: Final = {field: tuple(map(_Path.of, aliases)) for field, aliases in ALIASES.items()}


@lru_cache(maxsize=256)
def _paths_among(names: tuple[str, ...]) -> tuple[tuple[str, tuple[_Path, ...]], ...]:
    """Return the paths that an object of these names may have: a log's objects have all the same, or nearly."""
    present = frozenset(names)
    there = {
        field: tuple(path for path in paths if path.name in present or path.parts[0] in present)
        for field, paths in _PATHS.items()
    }
    return tuple((field, paths) for field, paths in there.items() if paths)


def _text(values: dict[str, Any], path: _Path) -> str | None:
    """Return the text at a path, numbers as they are written, of a list its items; None for nothing."""
    value: Any = values.get(path.name)
    if value is None and len(path.parts) > 1:
        value = values
        for name in path.parts:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
    if isinstance(value, str):
        return value if value not in ("", "-") else None
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict) and path.parts[-1] == "query":
        return _query_of(value) or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return repr(value)


def _query_of(values: dict[str, Any]) -> str:
    """Return the query that hapi and others took apart: they keep no other, and have undone its percent escapes."""
    return urlencode(values, doseq=True, quote_via=quote, safe=_SAFE_IN_QUERIES)


@lru_cache(maxsize=256)
def _has_name_of_request(names: tuple[str, ...]) -> bool:
    return not _REQUEST.isdisjoint(field for field, _ in _paths_among(names))


def _unknown_names(values: dict[str, Any], missing: str) -> str:
    shown = ", ".join(list(map(str, values))[:_SHOWN_NAMES])
    what = "none of its names is known" if missing == "address" else "none of its names is known for a request's target"
    return f"{what} ({shown[:_MAX_PATH_LENGTH]}): say which is which with --map {missing}=THEIR_NAME"


def _identifier(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    if not isinstance(value, str):
        raise Malformed(f"{name} is not a text")
    if len(value) > MAX_IDENTIFIER_LENGTHS[name]:
        raise Malformed(f"{name} is longer than {MAX_IDENTIFIER_LENGTHS[name]} characters")
    return value


def _description(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    if not isinstance(value, str):
        raise Malformed(f"{name} is not a text")
    return value[: MAX_DESCRIPTION_LENGTHS[name]]


def _object(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 any JSON value
    if not isinstance(value, dict):
        raise Malformed(f"{name} is not a JSON object")
    if name == "custom_params" and any(len(key) > MAX_PARAMETER_KEY_LENGTH for key in value):
        raise Malformed(f"a key of custom_params is longer than {MAX_PARAMETER_KEY_LENGTH} characters")
    return value


def _address(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    address = normalise(value) if isinstance(value, str) else None
    if address is None:
        raise Malformed(f"{name} is not an IP address")
    return address


def _time(value: Any) -> datetime:  # noqa: ANN401 any JSON value
    """RFC 3339 with a zone, or seconds since 1970, with a fraction or without."""
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            if time.tzinfo is None:
                raise Malformed("timestamp has no time zone (write 2026-01-31T12:00:00Z)")
            return time.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed("timestamp is not a time") from error
    raise Malformed("timestamp is missing" if value is None else "timestamp is not a time")


_READERS: tuple[tuple[tuple[str, ...], Callable[[str, Any], Any]], ...] = (
    (tuple(MAX_IDENTIFIER_LENGTHS), _identifier),
    (tuple(MAX_DESCRIPTION_LENGTHS), _description),
    (_OBJECTS, _object),
    (("ip_address",), _address),
)
