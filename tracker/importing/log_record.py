"""From the fields of a line to a record: one set of rules for every format."""

import re
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from tracker.hit_values import MAX_DESCRIPTION_LENGTHS
from tracker.importing.escapes import as_sent, quote_path, target_as_sent
from tracker.importing.log_times import log_time
from tracker.importing.record import Fields, Kind, Malformed, Record
from tracker.json_rules import MAX_INTEGER
from tracker.privacy.addresses import is_inside, normalise

AddressFrom = Literal["leftmost-public", "leftmost", "rightmost", "forwarded"]
PageViews = Literal["pages", "all"]

_REQUEST: Final = re.compile(r"([A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{0,31}) (.*?)(?: (HTTP/\d(?:\.\d)?|null))? ?")
"""Method, target, protocol (RFC 9112, section 3). Hypercorn writes `1.1` for the protocol, Tomcat `null` for none."""
_END: Final = re.compile(r" (?:HTTP/\d(?:\.\d)?|null) ?$")
_USUAL_METHODS: Final = frozenset(("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"))
_USUAL_PROTOCOLS: Final = frozenset(("HTTP/1.1", "HTTP/2.0", "HTTP/1.0", "HTTP/2", "HTTP/3.0", "HTTP/3"))
_ABSOLUTE: Final = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_HOST_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_]([A-Za-z0-9_-]*)(\.[A-Za-z0-9_-]+)*\.?")
_HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_TAB: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_NAMELESS: Final = frozenset(("", "-", "unknown", "unix:", "none", "null"))
_WITH_DECIMALS: Final = ("::", "64:ff9b::")
_DEFAULT_PORTS: Final = frozenset(("", "-", "0", "80", "443"))
_MAX_URL: Final = MAX_DESCRIPTION_LENGTHS["url"]
_MAX_REFERRER: Final = MAX_DESCRIPTION_LENGTHS["referrer"]
_MAX_USER_AGENT: Final = MAX_DESCRIPTION_LENGTHS["user_agent"]
_MAX_KEPT: Final = 512
"""Characters of a text for which it is kept what was read in it: longer ones are rare, and thousands would be many."""
_FIRST_STATUS: Final = 100
_LAST_STATUS: Final = 999
_ASSET: Final = re.compile(
    r"\.(?:css|js|mjs|map|json|xml|txt|ico|png|jpe?g|gif|svgz?|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[gv]"
    r"|wav|pdf|zip|gz|bz2|xz|tar|7z|rar|exe|dmg|apk|iso|webmanifest|wasm|rss|atom|ics|csv)$",
    re.IGNORECASE,
)
_OK: Final = range(200, 400)
_FAILED: Final = range(400, 600)


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """What an operator says about a log beyond its format."""

    address_from: AddressFrom = "leftmost-public"
    """Which of several addresses is the visitor's; `forwarded` prefers a field of its own (X-Forwarded-For)."""
    zone: tzinfo | None = None
    """The time zone of the log's times whatever offset is written there."""
    assume_zone: tzinfo | None = None
    """The time zone of times without an offset, where the format says it."""


NO_RULES: Final = ReadingRules()
_FORWARDED: Final = "X-Forwarded-For (read with --address-from forwarded)"
_BEHIND: Final = "what stands behind the usual fields"
"""How a summary calls addresses that a proxy passed on and nobody read, and further fields of a format."""


def record_of(fields: Fields, rules: ReadingRules = NO_RULES) -> Record:
    """Return the record that a line's fields make. Raises Malformed where a field is not what its format has there."""
    get = fields.get
    time = get("time")
    if not time:
        raise Malformed(
            "it has no time: import it with what carried it (journald, Docker), or have its server write one"
        )
    if offset := get("offset"):
        time = f"{time} {offset}"
    columns: dict[str, Any] = {"ip_address": _address(fields, rules)}
    method, url, is_asset, is_whole = _asked(fields)
    status = _status(get("status")) if is_whole else _status_of_part(fields)
    size = _size(get("bytes"))
    if url:
        columns["url"] = url[:_MAX_URL]
    if referrer := _link(get("referrer")):
        columns["referrer"] = referrer[:_MAX_REFERRER]
    if user_agent := _agent(get("user_agent")):
        columns["user_agent"] = user_agent[:_MAX_USER_AGENT]
    event_data: dict[str, Any] = {}
    if method:
        event_data["method"] = method
    if status is not None and _FIRST_STATUS <= status <= _LAST_STATUS:
        event_data["status"] = status
    if size is not None:
        event_data["bytes"] = size
    if event_data:
        columns["event_data"] = event_data
    created_at = log_time(time, rules.zone, rules.assume_zone)
    host = _host(host, get("port")) if (host := get("host")) else None
    return Record(created_at, columns, host, _kind(method, url, status, is_asset=is_asset))


def _status_of_part(fields: Fields) -> int | None:
    """Return the status of a request without a protocol. Raises Malformed where it has what HTTP/0.9 has not."""
    status = _status(fields.get("status"))
    has_headers = _link(fields.get("referrer")) or _agent(fields.get("user_agent"))
    if fields.get("status") == "-" or (has_headers and status in _OK):
        raise Malformed("its request has no protocol, and yet it was answered: it lost a part")
    return status


def note_passed_over(fields: Fields, rules: ReadingRules, unread: set[str]) -> None:
    """Add to `unread` what stood behind the fields, and other addresses than the one read: a proxy's visitors'."""
    if fields.get("rest"):
        unread.add(_BEHIND)
    forwarded = fields.get("forwarded_for")
    if forwarded in (None, "", "-") or rules.address_from == "forwarded":
        return
    if fields.get("address") not in (None, "", "-", forwarded):
        unread.add(_FORWARDED)


def _address(fields: Fields, rules: ReadingRules) -> str | None:
    first, second = _FORWARDED_FIRST if rules.address_from == "forwarded" else _ADDRESS_FIRST
    text = fields.get(first)
    if not text or text in _NAMELESS:
        text = fields.get(second)
        if not text or text in _NAMELESS:
            return None
    return (_chosen if len(text) <= _MAX_KEPT else _chosen.__wrapped__)(text, rules.address_from)


_ADDRESS_FIRST: Final = ("address", "forwarded_for")
_FORWARDED_FIRST: Final = _ADDRESS_FIRST[::-1]


@lru_cache(maxsize=4096)
def _chosen(text: str, address_from: AddressFrom) -> str | None:
    """One address of a list, or None where there are only names. Raises Malformed for what is neither."""
    if (address := normalise(text)) is not None:
        # Only what begins so has a part in decimals (RFC 5952, section 5): else one address was glued to another.
        if ":" in address and "." in text.partition("%")[0] and not text.lstrip("[").startswith(_WITH_DECIMALS):
            raise Malformed("its address is none")
        return address
    addresses: list[str] = []
    for part in text.split(","):
        item = part.strip()
        if (address := normalise(item)) is not None:
            addresses.append(address)
        elif item.lower() not in _NAMELESS and not item.startswith("unix:") and not _HOST_NAME.fullmatch(item):
            raise Malformed("its address is none")
    if not addresses:
        return None
    if address_from == "rightmost":
        return addresses[-1]
    if address_from == "leftmost":
        return addresses[0]
    return next((address for address in addresses if not is_inside(address)), addresses[0])


class _Requested(NamedTuple):
    """What was asked for: None for what the server could not read, or what names no page."""

    method: str | None
    url: str | None
    is_asset: bool
    is_whole: bool = True
    """Whether its protocol stands behind it."""


def _asked(fields: Fields) -> _Requested:
    if request := fields.get("request"):
        return (_of_request_line if len(request) <= _MAX_KEPT else _of_request_line.__wrapped__)(request)
    method, target = _request(fields)
    return (_requested if len(target or "") <= _MAX_KEPT else _requested.__wrapped__)(method, target)


@lru_cache(maxsize=8192)
def _of_request_line(request: str) -> _Requested:
    """Keep what was read: the visitors of a log ask for the same pages."""
    is_named = bool((parts := _parts_of(request))[0]) and parts[0] not in _NAMELESS
    has_end = request.endswith((" HTTP/1.1", " HTTP/2.0")) or _END.search(request) is not None
    is_whole = request in _NAMELESS or len(request) > _MAX_KEPT or (is_named and has_end)  # HAProxy cuts long ones.
    return _requested.__wrapped__(*parts, is_whole=is_whole)


@lru_cache(maxsize=8192)
def _requested(method: str | None, target: str | None, *, is_whole: bool = True) -> _Requested:
    method = None if method in _NAMELESS else method
    url = _url(method, target)
    return _Requested(method, url, url is not None and _is_asset(url), is_whole)


def _request(fields: Fields) -> tuple[str | None, str | None]:
    """Method and target of a line that has no request line; None for what the server could not read."""
    if target := fields.get("target") or target_as_sent(fields.get("written_target") or ""):
        return fields.get("method"), target
    path = fields.get("path")
    if decoded := fields.get("decoded_path"):
        path = quote_path(decoded)
    elif written := fields.get("written_path"):
        path = as_sent(written)
    if path:
        query = (fields.get("query") or "").removeprefix("?")
        # CloudFront's real-time logs have the query in the path as well.
        target = path if query in ("", "-") or path.endswith(f"?{query}") else f"{path}?{query}"
    return fields.get("method"), target


def _parts_of(request: str) -> tuple[str | None, str | None]:
    method, _, rest = request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if method in _USUAL_METHODS and protocol in _USUAL_PROTOCOLS and target:
        return method, target.strip()  # As the pattern reads it, in a fifth of the time.
    match = _REQUEST.fullmatch(request)
    return (match[1], match[2].strip()) if match and (match[3] or match[2].startswith("/")) else (None, None)


def _url(method: str | None, target: str | None) -> str | None:
    """Return the target where it names a page: a path or an absolute one; `-`, `*` and what CONNECT asks for do not."""
    if not target or method == "CONNECT":
        return None
    if not target.startswith("/"):
        if not _ABSOLUTE.match(target):
            return None
        scheme, _, rest = target.partition("://")
        authority = _AUTHORITY.match(rest)[0]  # type: ignore[index]  # It matches the empty text too.
        if authority == rest and rest.endswith("*"):
            return None  # Varnish's `OPTIONS *`.
        # Load balancers write the port that a scheme has anyway.
        host = authority.removesuffix(":443" if scheme.lower() == "https" else ":80")
        target = f"{scheme}://{host}{rest[len(authority) :]}"
    return target if target.isprintable() else _CONTROL.sub(_percent, target)


def _link(text: str | None) -> str | None:
    if not text or text == "-":
        return None
    return text if text.isprintable() else _CONTROL.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _agent(text: str | None) -> str | None:
    """Return a user agent without control characters, tabs excepted (RFC 9110, section 5.5)."""
    if not text or text == "-":
        return None
    return text if text.isprintable() else _CONTROL_BUT_TAB.sub("", text).strip() or None


@lru_cache(maxsize=1024)
def _host(text: str, port_apart: str | None) -> str | None:
    match = _HOST.fullmatch(text.strip())
    if match is None or match["name"] in _NAMELESS or match["name"] == "_":  # nginx' server_name of any host.
        return None
    name, port = match["name"].lower(), match["port"] or port_apart or ""
    return name if port in _DEFAULT_PORTS or not port.isdecimal() else f"{name}:{port}"


@lru_cache(maxsize=1024)
def _status(text: str | None) -> int | None:
    return _number(text, "status")


@lru_cache(maxsize=8192)
def _size(text: str | None) -> int | None:
    size = _number(text and text.removeprefix("+"), "number of bytes")
    return None if size is None else min(size, MAX_INTEGER)


def _number(text: str | None, name: str) -> int | None:
    if not text or text == "-":
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 what an integer column holds
        raise Malformed(f"its {name} is no number")
    return int(text)


def _kind(method: str | None, url: str | None, status: int | None, *, is_asset: bool) -> Kind:
    if status is not None and status in _FAILED:
        return "error"
    if url is None or method not in (None, "GET") or (status is not None and status not in _OK):
        return "request"
    return "asset" if is_asset else "page"


def _is_asset(url: str) -> bool:
    path = url.partition("?")[0].partition("#")[0]
    if not path.startswith("/"):
        path = path.partition("://")[2].partition("/")[2]
    return _ASSET.search(path) is not None
