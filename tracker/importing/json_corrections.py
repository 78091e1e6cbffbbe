"""What objects of particular servers say in another way than their names tell."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import orjson

from tracker.importing.escapes import as_sent
from tracker.importing.json_aliases import NamesOfObject, value_at
from tracker.importing.record import Fields, Malformed
from tracker.importing.wrappers import json_of
from tracker.privacy.addresses import is_inside, normalise

_HEADERS = ("referrer", "user_agent")
_NO_TARGET = re.compile(r'[ "<>]')
_REQUEST_LINE = re.compile(r"[A-Za-z_-]+ (?:/|\*|http)|.* HTTP/\d")
_MAY_LACK_ESCAPES = frozenset(
    (
        *(
            "url",
            "uri",
            "document_uri",
            "URI",
            "path",
            "request_path",
            "url.path",
            "uri_path",
            "requestPath",
            "request.path",
        ),
        *("reqPath", "resourcePath", "original_path"),
        *("CsUriStem", "properties.CsUriStem"),
    )
)
"""Names of targets that some servers give to a path whose percent escapes they undid; others hold what was sent."""
_CHALLENGED = "CHALLENGE"
_STOPPED = {"BLOCK": 403, "CAPTCHA": 405, _CHALLENGED: 403}
"""Statuses of what Amazon's WAF stopped, by its word for that. To a challenge it answers 202."""
_TIMES_OF_CLOUDFRONT = frozenset(("time", "timestamp", "timestamp(ms)"))
_METHODS = {
    "Get": "GET",
    "List": "GET",
    "Head": "HEAD",
    "Post": "POST",
    "Delete": "DELETE",
    "Put": "PUT",
    "Copy": "PUT",
    "Complete": "PUT",
}
"""Of the operations of stores of files, by their first word."""
_OPERATION = re.compile(r"([A-Z][a-z]+)\w*?(Properties|Metadata)?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?", re.ASCII)
_ENDS = ("request_finished", "request_failed")


def _may_lack_escapes(values: dict[str, Any], known: NamesOfObject) -> bool:
    targets = (path for field, paths in known.paths if field == "target" for path in paths)
    first = next((path for path in targets if value_at(values, path) not in (None, "", "-")), ())
    return ".".join(first) in _MAY_LACK_ESCAPES


def _has_query(values: dict[str, Any], known: NamesOfObject) -> bool:
    queries = (path for field, paths in known.paths if field == "query" for path in paths)
    return any(value_at(values, path) is not None for path in queries)


def _first_address(text: str) -> str | None:
    """Return the first of a list of addresses; None where there is none."""
    return normalise(text.partition(",")[0].strip())


def is_cloudfront(values: Mapping[str, Any]) -> bool:
    """Return whether an object has the names of a W3C log, as CloudFront's JSON does."""
    return "c-ip" in values and not _TIMES_OF_CLOUDFRONT.isdisjoint(values)


def unfold(values: dict[str, Any]) -> None:
    """Put what two of the clouds' services write in a way of their own where its name is looked for."""
    if isinstance(text := values.get("properties"), str) and text.startswith("{"):
        # Azure's App Service writes an object as a text.
        with suppress(orjson.JSONDecodeError):
            values["properties"] = json_of(text.encode("utf-8", "replace"))
    request = values.get("httpRequest")
    if isinstance(request, dict) and isinstance(headers := request.get("headers"), list):
        # Amazon's WAF lists headers with their names, and says nothing of the status that it answers by itself.
        pairs = ((pair.get("name"), pair.get("value")) for pair in headers if isinstance(pair, dict))
        request["headers"] = {name.lower(): value for name, value in pairs if isinstance(name, str)}
        action = values.get("action")
        if action in _STOPPED and (values.get("responseCodeSent") is None or action == _CHALLENGED):
            values["responseCodeSent"] = _STOPPED[action]


def check_told_once(fields: Fields, values: Mapping[str, Any]) -> None:
    """Raises Malformed for the second of two objects that tell the same request."""
    if values.get("event") in _ENDS and "code" in values and "request" in fields:
        raise Malformed("the end of a request whose beginning django-structlog has told already")


def _method_of(values: Mapping[str, Any]) -> str | None:
    """Return what MinIO's or Azure's store was asked for, which write the operation alone; None for what is no name."""
    api = values.get("api")
    of_azure = values.get("operationName") if "callerIpAddress" in values else None
    operation = api.get("name") if isinstance(api, dict) and "statusCode" in api else of_azure
    match = _OPERATION.fullmatch(operation) if isinstance(operation, str) else None
    return ("HEAD" if match[2] else _METHODS.get(match[1])) if match else None


def correct(fields: Fields, values: Mapping[str, Any]) -> None:
    """Correct the fields that were found in an object by its names."""
    _correct_of_services(fields, values)
    if "cliIP" in values:  # Akamai's DataStream encodes what visitors sent.
        fields.update((name, unquote(fields[name])) for name in _HEADERS if name in fields)
    if "clientip" in values and "verb" in values:
        # Logstash before it had Elastic's names: `path` is the log's, `host` its machine's, and headers keep quotes.
        if "ident" in values:
            fields.pop("host", None)
        fields.update((name, fields[name].strip('"')) for name in _HEADERS if name in fields)
    host = fields.get("host", "")
    if "address" not in fields and host == values.get("host") and normalise(host):
        # Tomcat's valve calls the client `host`; a site of that name would be an address as well.
        fields["address"] = fields.pop("host")
    if (method := fields.get("method", "")).islower():
        fields["method"] = method.upper()  # As hapi writes it, whatever was sent.
    if "target" in fields and "request" in fields and not _REQUEST_LINE.match(fields["request"]):
        request = fields.pop("request")
        if request.startswith(("/", "http://", "https://")):
            fields["target"] = request  # A `path` beside it is that of a file.
        # Else it is an id of the request's, or what its application calls it.
    address, word = fields.get("address"), values.get("address")
    # The very same text, or a number: no other name gave one. It may be the server's, a street or an index.
    if address is not None and (address is word or address == repr(word)):
        first, forwarded = _first_address(address), _first_address(fields.get("forwarded_for", ""))
        if first is None or (forwarded is not None and is_inside(first)):
            del fields["address"]


def _correct_of_services(fields: Fields, values: Mapping[str, Any]) -> None:
    if "method" not in fields and (method := _method_of(values)):
        fields["method"] = method
    if "uri_param" in values:
        _correct_parts(fields, values)
    if "container" in values and "address" not in fields and (address := _first_address(str(values.get("from")))):
        fields["address"] = address  # Scalingo's router.


def _correct_parts(fields: Fields, values: Mapping[str, Any]) -> None:
    """Take what Alibaba's and Huawei's networks write under names that mean something else elsewhere, or in parts."""
    if "unixtime" not in values:
        # Elsewhere it is how long a request took.
        if not _EPOCH.fullmatch(at := str(values.get("request_time"))):
            return
        fields.setdefault("time", at)
    if isinstance(host := values.get("domain"), str):
        fields.setdefault("host", host)
    scheme, domain, path, query = (
        value if isinstance(value := values.get(f"refer_{part}"), str) and value != "-" else ""
        for part in ("protocol", "domain", "uri", "param")
    )
    if scheme and domain:
        fields["referrer"] = f"{scheme}://{domain}{path}{'?' if query else ''}{query}"


def complete_target(fields: Fields, values: dict[str, Any], known: NamesOfObject) -> None:
    """Put percent escapes back that nginx' `$uri` and Apache's `%U` lack; a query that stands apart goes with them.

    Where no query has a name of its own, be it empty, letters may have been sent so; where a target has a query beside
    such a name, it is what was sent. A blank in a path whose query stands apart was undone, whatever the path's name.
    """
    path, mark, query = fields["target"].partition("?")
    if "://" not in path:
        # Nearly all paths are what was sent, and cost no more than this.
        if (escaped := as_sent(path)) is not path:
            has_blank = _NO_TARGET.search(path) is not None
            is_apart = _has_query(values, known)
            if (has_blank and not mark and "query" in fields) or (
                (has_blank or is_apart) and not (mark and is_apart) and _may_lack_escapes(values, known)
            ):
                path = escaped
                fields["target"] = path + mark + query
        if not mark and "query" in fields:
            del fields["target"]
            fields["path"] = path
            return
    fields.pop("query", None)
