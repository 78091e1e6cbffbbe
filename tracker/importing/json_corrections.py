"""What objects of particular servers say in another way than their names tell."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tracker.importing.escapes import as_sent
from tracker.importing.record import Fields
from tracker.privacy.addresses import normalise

_HEADERS = ("referrer", "user_agent")
_NO_TARGET = re.compile(r'[ "<>]')


def is_cloudfront(values: Mapping[str, Any]) -> bool:
    """Return whether an object has the names of a W3C log, as CloudFront's JSON does."""
    return "c-ip" in values and ("time" in values or "timestamp" in values)


def correct(fields: Fields, values: Mapping[str, Any]) -> None:
    """Correct the fields that were found in an object by its names."""
    if "cliIP" in values:  # Akamai's DataStream encodes what visitors sent.
        fields.update((name, unquote(fields[name])) for name in _HEADERS if name in fields)
    if "clientip" in values and "verb" in values:
        # Logstash before it had Elastic's names: `path` is the log's, `host` its machine's, and headers keep quotes.
        fields.pop("host", None)
        if fields.get("request", "").startswith("/"):
            fields["target"] = fields.pop("request")
        fields.update((name, fields[name].strip('"')) for name in _HEADERS if name in fields)
    host = fields.get("host", "")
    if "address" not in fields and host == values.get("host") and normalise(host):
        # Tomcat's valve calls the client `host`; a site of that name would be an address as well.
        fields["address"] = fields.pop("host")
    if (method := fields.get("method", "")).islower():
        fields["method"] = method.upper()  # As hapi writes it, whatever was sent.


def complete_target(fields: Fields, *, is_apart: bool) -> None:
    """Put percent escapes back that nginx' `$uri` and Apache's `%U` lack; a query that stands apart goes with them.

    `is_apart` says that the query has a name of its own, be it empty. Where it has none, letters may have been sent so.
    """
    path, mark, query = fields["target"].partition("?")
    if "://" not in path:
        if is_apart or _NO_TARGET.search(path):
            path = as_sent(path)
        if not mark and "query" in fields:
            del fields["target"]
            fields["path"] = path
            return
    fields["target"] = path + mark + query
    fields.pop("query", None)
