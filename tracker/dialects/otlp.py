"""OpenTelemetry's protocol, as its collectors send logs: `/v1/logs`, JSON (OTLP/HTTP 1.x), with a key of ours.

A record is a hit. Its attributes have their names of the semantic conventions, or ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome, read_each
from tracker.dialects.values import (
    MAX_HITS,
    each_checked,
    first_language,
    given,
    happened,
    instant_of,
    json_reply,
    key_in,
    list_in,
    mapping_in,
    number_or_text,
    text_of,
)
from tracker.errors import Refused
from tracker.json_rules import MAX_DEPTH, MAX_INTEGER, check, parse, refusal
from tracker.web.envelope import Answer, retry_headers

_RECORDS: Final = UUID("0d1f3a0e-5f0f-5b8f-8d8c-6f1f0a6a4c55")
"""The namespace of records' own ids, which are ULIDs or UUIDs or anything else."""
_MAX_DIGITS: Final = 19
_TIMES: Final = ("timeUnixNano", "observedTimeUnixNano")
_OF_64_BITS: Final = frozenset({*_TIMES, "intValue"})
_LEVELS_ABOVE: Final = 6
"""Levels of a body in which a record stands: three objects and their lists."""
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "url": ("url.full", "http.url", "url"),
    "referrer": ("http.request.header.referer", "referrer"),
    "user_agent": ("user_agent.original", "http.user_agent", "http.request.header.user-agent", "user_agent"),
    "ip_address": ("client.address", "source.address", "http.client_ip", "ip_address"),
    "session_id": ("session.id", "session_id"),
    "client_sub_id": ("user.id", "enduser.id", "client_sub_id"),
    "module_id": ("module_id",),
    "screen_resolution": ("screen_resolution",),
    "timezone": ("timezone",),
    "language": ("http.request.header.accept-language", "browser.language", "language"),
}
"""Our fields, and the attributes that say them, those of newer conventions first."""
_EVENT_NAMES: Final = ("event.name", "event_name")
_PARTS_OF_A_URL: Final = (
    *("url.path", "http.target", "server.address", "server.port", "http.host", "url.scheme", "url.query"),
)
_USUAL_PORTS: Final = {"http": "80", "https": "443"}
_CUSTOM: Final = "cp."
_RECORD_ID: Final = "log.record.uid"
_PLACED: Final = frozenset(
    {*(name for names in _FIELDS.values() for name in names), *_EVENT_NAMES, *_PARTS_OF_A_URL, _RECORD_ID}
)


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    key = key_in(request.headers)
    if key is None:
        raise Refused("AUTHENTICATION_ERROR", 401, "A key is needed, as X-API-Key or Authorization: Bearer.")
    if _is_protobuf(request):
        # No hit, so that whoever may send some is told what to change, and others that nothing is here.
        return [ClientHit(None, None, key)]
    records = list(_records(_content(request.body)))
    if not 1 <= len(records) <= MAX_HITS:
        raise refusal(
            "resourceLogs", f"Must have 1 to {MAX_HITS} records; a collector's send_batch_max_size bounds them."
        )
    return read_each(records, lambda told: ClientHit(None, _values(*told, request), key))


def _content(body: bytes) -> dict[str, Any]:
    """Return the object of a body; a Refused stands for a record that breaks the rules. Raises Refused."""
    parsed = parse(body)
    if not isinstance(parsed.value, dict):
        raise refusal("body", "Must be a JSON object.")
    records_of = [
        (of_a_scope, of_a_scope.pop("logRecords"))
        for of_a_resource in _objects(list_in(parsed.value.get("resourceLogs"), "resourceLogs"))
        for of_a_scope in _objects(of_a_resource.get("scopeLogs"))
        if isinstance(of_a_scope.get("logRecords"), list)
    ]
    # What is left are the attributes of resources and scopes.
    _spell_whole_numbers(parsed.value)
    check(parsed.value, suspicious=parsed.suspicious)
    for of_a_scope, records in records_of:
        _spell_whole_numbers(records)
        of_a_scope["logRecords"] = each_checked(
            records, "logRecords", MAX_DEPTH - _LEVELS_ABOVE, suspicious=parsed.suspicious
        )
    return parsed.value


def _spell_whole_numbers(told: dict[str, Any] | list[Any]) -> None:
    """Make texts of the whole numbers that a double does not hold.

    Protobuf's mapping to JSON has 64 bits as a text and takes a number too. OpenTelemetry's exporters for JavaScript
    send numbers: attributes still with 0.301, times before 0.44.
    """
    containers: list[Any] = [told]
    while containers:
        container = containers.pop()
        for place, item in container.items() if type(container) is dict else enumerate(container):
            if type(item) is dict or type(item) is list:
                containers.append(item)
            elif type(item) is int and place in _OF_64_BITS and not -MAX_INTEGER <= item <= MAX_INTEGER:
                container[place] = str(item)


def _is_protobuf(request: ClientRequest) -> bool:
    return "protobuf" in str(request.headers.get("CONTENT_TYPE") or "")


def _records(content: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Any] | Refused]:
    """Give each record, with the attributes of its resource, or why it is refused."""
    for of_a_resource in _objects(list_in(content.get("resourceLogs"), "resourceLogs")):
        resource = _attributes(mapping_in(of_a_resource, "resource").get("attributes"))
        for of_a_scope in _objects(of_a_resource.get("scopeLogs")):
            records = of_a_scope.get("logRecords")
            for record in records if isinstance(records, list) else ():
                yield record if isinstance(record, Refused) else (resource, record)


def _objects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 any JSON value
    for one in value if isinstance(value, list) else ():
        if not isinstance(one, dict):
            raise refusal("resourceLogs", "Must hold objects.")
        yield one


def _attributes(pairs: Any) -> dict[str, Any]:  # noqa: ANN401 any JSON value
    """Return a list of `{"key", "value"}` as an object."""
    attributes = {}
    for pair in pairs if isinstance(pairs, list) else ():
        name = text_of(pair.get("key")) if isinstance(pair, dict) else None
        if name is not None:
            attributes[name] = _plain(pair.get("value"))
    return attributes


def _plain(value: Any) -> Any:  # noqa: ANN401 any JSON value
    """Return an AnyValue as JSON has it; whole numbers of 64 bits come as texts."""
    if not isinstance(value, dict):
        return None
    for kind, content in value.items():
        if kind == "arrayValue":
            items = content.get("values") if isinstance(content, dict) else None
            return [_plain(item) for item in items or ()]
        if kind == "kvlistValue":
            return _attributes(content.get("values") if isinstance(content, dict) else None)
        return number_or_text(content) if kind == "intValue" else content
    return None


def _values(resource: dict[str, Any], record: Any, request: ClientRequest) -> dict[str, Any]:  # noqa: ANN401 any JSON value
    if not isinstance(record, dict):
        raise refusal("logRecords", "Must hold objects.")
    told = _attributes(record.get("attributes"))
    attributes = {**resource, **told}
    values = {field: _first(attributes, names) for field, names in _FIELDS.items()}
    values["url"] = values["url"] or _built(attributes)
    values["language"] = first_language(values["language"])
    name, record_id = (
        text_of(record.get("eventName")) or _first(attributes, _EVENT_NAMES),
        text_of(told.get(_RECORD_ID)),
    )
    data: dict[str, Any] = {}
    if name is not None:
        # Events say what they are about in their attributes, older ones in the body.
        body = _plain(record.get("body"))
        rest = {key: value for key, value in told.items() if key not in _PLACED and not key.startswith(_CUSTOM)}
        data = {**rest, **(body if isinstance(body, dict) else {})}
    return {
        **given(
            **values,
            event_name=name,
            event_data=data,
            custom_params={key[3:]: value for key, value in attributes.items() if key.startswith(_CUSTOM)},
            event_id=str(uuid5(_RECORDS, record_id)) if record_id else None,
        ),
        **happened(_instant(record), request.now, keyed=True),
    }


def _instant(record: Mapping[str, Any]) -> datetime | None:
    """Return when it happened, else when it was seen: nanoseconds since 1970 as a text, 0 for not known."""
    for name in _TIMES:
        digits = text_of(record.get(name)) or ""
        if digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS and int(digits) > 0:
            return instant_of(int(digits) // 1000 / 1_000_000)
    return None


def _first(attributes: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the first of these attributes that says something; headers come as lists of their values."""
    for name in names:
        value = attributes.get(name)
        text = text_of(value[0] if isinstance(value, list) and value else value)
        if text is not None:
            return text
    return None


def _built(attributes: Mapping[str, Any]) -> str | None:
    """Return the page's address from its parts, as servers tell it."""
    path, host = _first(attributes, ("url.path", "http.target")), _first(attributes, ("server.address",))
    query, scheme = _first(attributes, ("url.query",)), _first(attributes, ("url.scheme",))
    if path is None:
        return None
    if host:
        host = _with_port(host, _first(attributes, ("server.port",)), scheme)
    host = host or _first(attributes, ("http.host",))
    whole = f"{path}?{query.removeprefix('?')}" if query and "?" not in path else path
    return f"{scheme or 'https'}://{host}/{whole.removeprefix('/')}" if host else whole


def _with_port(host: str, port: str | None, scheme: str | None) -> str:
    """Return a host as an address has it, with its port unless that is the usual one of its scheme, or of either."""
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    usual = _USUAL_PORTS.values() if scheme is None else [_USUAL_PORTS.get(scheme)]
    return host if port is None or port in usual or host.endswith(f":{port}") else f"{host}:{port}"


def _answer(request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:
    if _is_protobuf(request):
        return _refuse(request, refusal("body", "Must be JSON: say `encoding: json` to the exporter otlphttp."))
    refused = [outcome.refused for outcome in outcomes if outcome.refused]
    partial = {"rejectedLogRecords": str(len(refused)), "errorMessage": refused[0].message} if refused else {}
    return json_reply({"partialSuccess": partial})


def _refuse(request: ClientRequest, refused: Refused) -> Answer:  # noqa: ARG001 all are alike
    """Return google.rpc.Status; collectors send again what gets 429 or 503, after `Retry-After`."""
    return json_reply({"message": refused.message}, refused.status, retry_headers(refused))


OTLP: Final = Dialect("otlp", _read, _answer, _refuse)
