"""Small readers that the dialects share. Clients send numbers as texts, JSON inside texts, and the word `undefined`."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from tracker.errors import Refused
from tracker.json_rules import MAX_DEPTH, MAX_INTEGER, check, faults, is_plain, parse, refusal
from tracker.privacy.addresses import normalise
from tracker.web.envelope import PRIVATE, Answer, Headers

MAX_HITS: Final = 1000
"""Hits of one request, as of our own batches."""
MAX_AGE: Final = timedelta(hours=24)
"""How old a hit may be that comes without a key."""
_NOTHING: Final = frozenset({"", "undefined"})
_KEY_PREFIX: Final = "alt_"
_MAX_DIGITS: Final = 20


def parameters_of(query: str | bytes) -> dict[str, str]:
    """Return the parameters of a query or a form.

    Of a name given twice the last holds, and what says nothing is left out.

    Raises Refused for one that holds NUL, and for more than a thousand.
    """
    text = query.encode("latin-1", "replace") if isinstance(query, str) else query
    try:
        pairs = parse_qsl(text.decode("utf-8", "replace"), errors="replace", max_num_fields=MAX_HITS)
    except ValueError as error:
        raise refusal("body", f"Has more than {MAX_HITS} parameters.") from error
    parameters = {name: value for name, value in pairs if value.strip() not in _NOTHING}
    if any("\0" in part for pair in parameters.items() for part in pair):
        check(parameters, suspicious=True)
    return parameters


def json_of(body: bytes, *, hits: bool = False) -> Any:  # noqa: ANN401 any JSON value
    """Return the JSON value of a body, held to the rules for our own hits. Raises Refused.

    In a list of `hits` a Refused stands for one that breaks them: the others are taken.
    """
    parsed = parse(body)
    if hits and isinstance(parsed.value, list):
        return each_checked(parsed.value, "body", MAX_DEPTH - 1, suspicious=parsed.suspicious)
    if isinstance(parsed.value, dict | list):
        check(parsed.value, suspicious=parsed.suspicious)
    return parsed.value


def object_of(body: bytes, *, hits: str | None = None) -> dict[str, Any]:
    """Return the JSON object of a body. Raises Refused.

    In the list that it calls `hits`, if it has one, a Refused stands for a hit that breaks the rules.
    """
    parsed = parse(body)
    if not isinstance(parsed.value, dict):
        raise refusal("body", "Must be a JSON object.")
    told = parsed.value.pop(hits) if hits is not None and isinstance(parsed.value.get(hits), list) else None
    check(parsed.value, suspicious=parsed.suspicious)
    if told is None:
        return parsed.value
    return {**parsed.value, str(hits): each_checked(told, str(hits), MAX_DEPTH - 2, suspicious=parsed.suspicious)}


def each_checked(hits: Sequence[Any], name: str, depth: int, *, suspicious: bool) -> list[Any]:
    """Return hits of a list called `name`, with a Refused for each that breaks the rules or nests over `depth`."""
    checked = []
    for place, hit in enumerate(hits):
        fault = None
        if suspicious or not is_plain([hit], depth + 1):
            fault = next(faults(hit, f"{name}[{place}]", depth), None)
        checked.append(hit if fault is None else refusal(*fault))
    return checked


def list_in(value: Any, name: str) -> list[Any]:  # noqa: ANN401 any JSON value
    """Return the value, if it is a list of as many hits as one request may bring. Raises Refused."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_HITS:
        raise refusal(name, f"Must be an array of 1 to {MAX_HITS} hits.")
    return value


def text_of(value: Any) -> str | None:  # noqa: ANN401 any JSON value
    """Return the text of a text or a number; None for nothing and for the words that stand for it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    return None if text.strip() in _NOTHING else text


def number_of(value: Any) -> int | float | None:  # noqa: ANN401 any JSON value
    """Return the number that a value is or spells; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not value or len(value) > _MAX_DIGITS or "_" in value:  # Python's own `1_000`.
            return None
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or not -MAX_INTEGER <= value <= MAX_INTEGER:
        return None
    return int(value) if value == int(value) else value


def number_or_text(value: Any) -> int | float | str | None:  # noqa: ANN401 any JSON value
    """Return the number that a value spells, else its text."""
    number = number_of(value)
    return text_of(value) if number is None else number


def inner_json(text: Any, kind: type[dict[str, Any]] | type[list[Any]]) -> Any:  # noqa: ANN401 any JSON value
    """Return the object or list that a text spells as JSON, or that a value is.

    None for anything else, which is tolerated.
    """
    if isinstance(text, str):
        try:
            text = json_of(text.encode("utf-8", "replace"))
        except Refused:
            return None
    return text if isinstance(text, kind) else None


def mapping_in(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object at `name`; an empty one where there is none."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def given(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 a hit's fields
    """Return the fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", {})}


def resolution(width: Any, height: Any) -> str | None:  # noqa: ANN401 any JSON value
    """`1920x1080`, where both are positive numbers."""
    w, h = number_of(width), number_of(height)
    return f"{int(w)}x{int(h)}" if w and h and w > 0 and h > 0 else None


def preferred_language(headers: Mapping[str, Any]) -> str | None:
    """Return the first language of `Accept-Language` (RFC 9110, 12.5.4)."""
    return first_language(headers.get("HTTP_ACCEPT_LANGUAGE"))


def first_language(value: Any) -> str | None:  # noqa: ANN401 any JSON value
    """Return the first language of a list such as `de-AT,de;q=0.7`; servers pass on the whole of a visitor's header."""
    first = (text_of(value) or "").partition(",")[0].partition(";")[0].strip()
    return first if first.isascii() and first not in ("", "*") else None


def visitor_of(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return whom a server's request speaks for, by the headers that it passes on: believed from a trusted key."""
    nearest = str(headers.get("HTTP_X_FORWARDED_FOR") or "").partition(",")[0]
    return given(ip_address=normalise(nearest.strip()), user_agent=headers.get("HTTP_USER_AGENT"))


def own_key(text: Any) -> str | None:  # noqa: ANN401 any JSON value
    """Return the text, where it is a key of ours: other services' tokens count as nothing."""
    return text.strip() if isinstance(text, str) and text.strip().startswith(_KEY_PREFIX) else None


def key_in(headers: Mapping[str, Any]) -> str | None:
    """Return the key of ours in `X-API-Key` or `Authorization`, as a bearer's or as either part of Basic."""
    scheme, _, token = str(headers.get("HTTP_AUTHORIZATION") or "").partition(" ")
    given_there = (token,) if scheme.lower() == "bearer" else basic_credentials(headers)
    return own_key(headers.get("HTTP_X_API_KEY")) or next((key for text in given_there if (key := own_key(text))), None)


def basic_credentials(headers: Mapping[str, Any]) -> tuple[str, str]:
    """Return user and password of `Authorization: Basic` (RFC 7617); empty ones where there are none."""
    scheme, _, credentials = str(headers.get("HTTP_AUTHORIZATION") or "").partition(" ")
    try:
        pair = base64.b64decode(credentials.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:  # Neither base64 nor UTF-8.
        pair = ""
    user, _, password = pair.partition(":")
    return user, password


def instant_of(value: Any) -> datetime | None:  # noqa: ANN401 any JSON value
    """Return a time as clients write it.

    Seconds or milliseconds since 1970, or a date and time, in UTC without a zone.
    """
    number = number_of(value)
    try:
        if number is not None:
            # From the year 1973 on milliseconds have more digits than seconds have before the year 5138.
            return datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC)  # noqa: PLR2004
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return instant if instant is None or instant.tzinfo else instant.replace(tzinfo=UTC)


def happened(instant: datetime | None, request_time: datetime, *, keyed: bool) -> dict[str, Any]:
    """Return the fields that say when a hit happened: a `timestamp` with a key, else how long ago.

    One ahead of us is now.

    Raises Refused for one that is too old to come without a key.
    """
    if instant is None or instant >= request_time:
        return {}
    if keyed:
        return {"timestamp": instant.isoformat()}
    age = request_time - instant
    if age > MAX_AGE:
        raise refusal("timestamp", "Must lie within the last 24 hours where no key is given.")
    return {"age_ms": age // timedelta(milliseconds=1)}


def json_reply(content: Any, status: int = 200, headers: Headers = ()) -> Answer:  # noqa: ANN401 any JSON value
    """Return an answer in a client's own JSON."""
    body = orjson.dumps(content)
    return Answer(body, status, (*PRIVATE, *headers, ("Content-Length", str(len(body)))))


def text_reply(text: str, status: int, headers: Headers = ()) -> Answer:
    """Return an answer of plain text; an empty one for a status that has no body."""
    body = text.encode()
    kind: Headers = (
        (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")) if body else ()
    )
    length: Headers = (("Content-Length", str(len(body))),) if status != 204 else ()  # noqa: PLR2004 No Content
    return Answer(body, status, (*kind, ("Cache-Control", "no-store"), *headers, *length))
