"""Lines of JSON, an object each: of our own names (the columns of `access_logs`), or of those that servers use.

Under our own names a value that the receiver would refuse makes the line malformed, and one that it would cut is cut,
so that no line that is taken can fail when it is written. Under a server's names the rules of `log_record` hold.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from tracker.hit_values import MAX_DESCRIPTION_LENGTHS, MAX_IDENTIFIER_LENGTHS, MAX_PARAMETER_KEY_LENGTH
from tracker.importing import w3c
from tracker.importing.json_aliases import ALIASES, NAMED_ONCE, NamesOfObject, has_late_time, names_among, value_at
from tracker.importing.json_corrections import (
    check_told_once,
    complete_target,
    correct,
    is_cloudfront,
    unfold,
)
from tracker.importing.json_fields import COLUMNS_AS_FIELDS, fields_of_object
from tracker.importing.line_format import TWO_RECORDS
from tracker.importing.log_record import NO_RULES, ReadingRules, note_passed_over, record_of
from tracker.importing.record import Fields, Malformed, Record
from tracker.importing.wrappers import json_of
from tracker.json_rules import MAX_DEPTH, faults, is_plain, may_hold_nul
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
) - {"url", "address", "len", "req"}
"""Names that our own objects have not, and that are no common words, which anybody may give a further field."""
_ONCE: Final = _OWN_NAMES | NAMED_ONCE
_TELLING: Final = frozenset(("address", "request", "method", "target", "referrer", "user_agent"))
"""Fields of which an object must have one to be a request's: a time, a host or a status alone are not."""
_REQUEST: Final = frozenset(("request", "target"))
_BARE_REQUEST: Final = re.compile(r"([A-Z]+) (/\S*)")
"""As who names fields writes `$request_method $request_uri`."""
MAPPABLE: Final = tuple(sorted({*ALIASES, *COLUMNS_AS_FIELDS}))
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
    *,
    unread: set[str] | None = None,
) -> Record:
    """Return the record of a line's JSON value.

    `names` says where a field stands, by `--map`; `time` is that of what carried the line, for objects without one.
    `unread` takes what was passed over. Raises Malformed.
    """
    if not isinstance(values, dict):
        raise Malformed("not a JSON object")
    _check_names(values, line)
    if not names and "timestamp" in values and not _SERVER_ONLY & values.keys():
        others = values.keys() - {"timestamp"}
        if not others or _OWN_NAMES & others:
            if unread is not None:
                unread |= others - _OWN_NAMES
            return _own_record(values, line)
    known = names_among(tuple(values))
    if known.is_peculiar:
        unfold(values)
    fields = _server_fields(values, known, names or {}, time)
    if b'\\n"' in line and any(text.endswith("\n") for text in fields.values()):
        raise Malformed(TWO_RECORDS)  # No header ends so, but a line that something carried does.
    if unread is not None:
        note_passed_over(fields, rules, unread)
        if not (unread.issuperset(known.unread) or is_cloudfront(values)):
            unread.update(known.unread - {name.partition(".")[0] for name in (names or {}).values()})
    return record_of(fields, rules)


def _count_names(values: dict[str, Any]) -> int:
    count = len(values)
    for value in values.values():
        if type(value) is dict:
            count += _count_names(value)
    return count


def _check_names(values: dict[str, Any], line: bytes) -> None:
    """Raises Malformed where an object says two things under one name: it is two objects, of which each lost a part."""
    colons = line.count(b'":')
    # Counted so in nearly all objects: those with others within cost more, and those with escaped quotes most.
    if not line or colons == len(values) or colons == (count := _count_names(values)):
        return
    if colons - line.count(b'\\":') == count:
        return
    with suppress(json.JSONDecodeError):
        json.loads(line.decode("utf-8", "replace"), strict=False, object_pairs_hook=_object_of)


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in _ONCE and values.get(name, value) != value:
            raise Malformed(f"{TWO_RECORDS}: it says {name} twice")
        values[name] = value
    return values


def _own_record(values: dict[str, Any], line: bytes) -> Record:
    if may_hold_nul(line) or not is_plain(values, MAX_DEPTH):
        for path, reason in faults(values, "", MAX_DEPTH):
            raise Malformed(f"{path[:_MAX_PATH_LENGTH]}: {reason}")
    created_at = _time(values.get("timestamp"))
    if not values.get("screen_resolution"):
        values["screen_resolution"] = values.get("screen_res")
    columns: dict[str, Any] = {}
    for column_names, read in _READERS:
        # A text that says nothing is an absent one: an empty session_id would become one session of everybody.
        columns.update(
            (name, read(name, value)) for name in column_names if not _says_nothing(value := values.get(name))
        )
    return Record(created_at=created_at, columns=columns, is_event=True)


def _says_nothing(value: Any) -> bool:  # noqa: ANN401 any JSON value
    return value is None or value == "" or (isinstance(value, str) and value.isspace())


def _server_fields(values: dict[str, Any], known: NamesOfObject, names: Mapping[str, str], time: str | None) -> Fields:
    if known.is_peculiar and is_cloudfront(values):
        return w3c.fields_of({name: str(value) for name, value in values.items()})
    fields = fields_of_object(values, known, names)
    if known.is_peculiar:
        check_told_once(fields, values)
    correct(fields, values)
    if "target" not in fields:
        _check_request(fields, values, known)
    if time is not None and (
        "time" not in fields or (known.is_peculiar and not names and has_late_time(values, known))
    ):
        fields["time"] = time
    if "target" in fields:
        complete_target(fields, values, known)
    return fields


def _check_request(fields: Fields, values: dict[str, Any], known: NamesOfObject) -> None:
    """Take a request line that is a path alone for one. Raises Malformed where no name of a request's is there."""
    request = fields.get("request")
    if request is not None:
        if request == "*" or request.startswith(("/", "http://", "https://")):
            fields["target"] = fields.pop("request")
        elif match := _BARE_REQUEST.fullmatch(request):
            del fields["request"]
            fields["method"], fields["target"] = match.groups()
        return
    if not _TELLING & fields.keys():
        raise UnknownNames(_unknown_names(values, "address"))
    paths_of_request = [path for field, paths in known.paths if field in _REQUEST for path in paths]
    if any(isinstance(value_at(values, path), str) for path in paths_of_request):
        return
    # Envoy has null for the target of what it could not read, and a status for its answer.
    if "status" not in fields or not any(path[0] in values and values[path[0]] is None for path in paths_of_request):
        raise Malformed(_unknown_names(values, "target"))


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
