"""The names under which servers, in their usual configurations, write the fields of a request as JSON.

The more particular name stands first. A point leads into an object within the object.
"""

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    field: tuple(names.split())
    for field, names in {
        "address": """
            remote_addr request.client_ip request.remote_ip remote_ip client_ip clientip ClientHost
            ClientAddr client.ip client.address source.ip source.address httpRequest.remoteIp ClientIP
            remoteAddr remoteIP remote client ip remote_host downstream_remote_address c_ip clientIp
            request.remote_addr req.remoteAddress meta.req.ip meta.req.remoteAddress source.remoteAddress remoteAddress
            properties.clientIp properties.clientIP CIp properties.CIp proxy.clientIp remotehost
            request.ip client.addr remote_address ClientIp RemoteIpAddress cliIP ibm_remoteHost fwd
            httpRequest.remoteIP logContent.data.clientAddr
            clientIP srcIp clientAddr address
            httpRequest.clientIp
            callerIpAddress protoPayload.ip network.client.ip event.request.headers.cf-connecting-ip sourceIp
            http.client_ip request.client.ip clientIp_s
        """,
        "forwarded_for": """
            http_x_forwarded_for x_forwarded_for xff forwarded_for request.headers.X-Forwarded-For
            request.headers.x-forwarded-for
            request_X-Forwarded-For X-Forwarded-For requestHeaders.X-Forwarded-For http_x_real_ip
            req.headers.x-forwarded-for meta.req.headers.x-forwarded-for x-forwarded-for xForwardedFor
            httpRequest.headers.x-forwarded-for
            xforwordfor
        """,
        "time": """
            timestamp @timestamp time_iso8601 time_local time ts msec StartUTC StartLocal start_time
            datetime date_time EdgeStartTimestamp event_time date __REALTIME_TIMESTAMP timeStamp requestTime
            asctime started_at
            @t reqTimeSec ibm_datetime start t
            logContent.time
            EdgeEndTimestamp
            EventTimestampMs eventTimestamp unixtime protoPayload.startTime
            TimeGenerated
            time_micros
        """,
        "request": "request requestLine request_line http_request requested_url logContent.data.request req",
        "method": """
            request_method method request.method RequestMethod http.request.method httpRequest.requestMethod
            verb ClientRequestMethod http_method requestMethod req.method meta.req.method httpMethod
            properties.httpMethod proxy.method CsMethod properties.CsMethod
            reqMethod ibm_requestMethod
            httpRequest.method
            httpRequest.httpMethod
            protoPayload.method http.method event.request.method Event.Request.Method clientRequestMethod request_type
            properties.method
            request.connection.method httpMethod_s
            cs_method
        """,
        "target": """
            proxy.path
            request_uri request.uri RequestPath url.original url.full url.path
            httpRequest.requestUrl ClientRequestURI uri
            path requestURI request_path original_path req.url
            meta.req.originalUrl meta.req.url url uri_path requestPath x-envoy-origin-path requested_uri
            properties.originalRequestUriWithArgs properties.requestUri CsUriStem properties.CsUriStem
            request.path reqPath ibm_uriPath resourcePath URL
            httpRequest.url URI
            httpRequest.uri
            ClientRequestPath clientRequestPath protoPayload.resource http.url event.request.url Event.Request.URL
            request_url
            properties.url request.url
            http.target request.connection.path requestUri_s
            cs_uri
        """,
        "query": """
            query_string args query uri_query request_query req.query url.query
            CsUriQuery properties.CsUriQuery queryStr ibm_queryString request.query
            request_querystring
            httpRequest.args
            uri_param
        """,
        "protocol": """
            server_protocol protocol request.proto RequestProtocol proto httpRequest.proto
            httpRequest.httpVersion
            protoPayload.httpVersion clientRequestProtocol
        """,
        "scheme": "scheme RequestScheme url.scheme ClientRequestScheme clientRequestScheme",
        "host": """
            proxy.host
            http_host request.host RequestHost url.domain ClientRequestHost req.headers.host req.host
            meta.req.headers.host host vhost virtual_host server_name authority :authority
            properties.hostName properties.originalHost properties.host hostname CsHost properties.CsHost
            request.headers.host
            reqHost ibm_requestHost
            httpRequest.headers.host
            protoPayload.host http.url_details.host clientRequestHost requestHost
            http.host hostName_s
            cs_host
        """,
        "status": """
            status statusCode status_code DownstreamStatus http.response.status_code httpRequest.status
            response_code EdgeResponseStatus res.statusCode meta.res.statusCode response code response_status
            properties.httpStatusCode properties.httpStatus proxy.statusCode ScStatus properties.ScStatus
            response.status
            StatusCode status-code ibm_responseCode
            httpResponse.status logContent.data.statusCode
            resp_status httpStatus
            responseCodeSent
            protoPayload.status http.status_code event.response.status Event.Response.Status responseStatus
            return_code http_code properties.responseCode api.statusCode
            request.connection.status httpStatusCode_d httpStatusCode_s
            sc_status
        """,
        "bytes": """
            body_bytes_sent bytes_sent size DownstreamContentSize http.response.body.bytes
            httpRequest.responseSize bytes EdgeResponseBytes response_size length bytes_out response_body_size
            content_length responseLength properties.responseBytes properties.sentBytes ScBytes properties.ScBytes
            response.size
            written_bytes write_bytes ibm_bytesSent response.length
            httpResponse.bytes logContent.data.sentBytes
            resp_size resp_body_size response_length responseSize txBytes len sentBytes
            protoPayload.responseSize network.bytes_written properties.responseBodySize properties.responseSize
            responseBytes contentLength api.tx bytes.out
            responseBytes_s
            sc_bytes
        """,
        "referrer": """
            http_referer http_referrer referer referrer request_Referer request.headers.Referer
            requestHeaders.Referer http.request.referrer httpRequest.referer ClientRequestReferer Referer
            req.headers.referer meta.req.headers.referer request_referer source.referer properties.referer proxy.referer
            properties.Referer request.headers.referer
            request.referer
            httpRequest.header.referer logContent.data.httpReferrer
            ref httpReferrer
            httpRequest.headers.referer
            protoPayload.referrer http.referer event.request.headers.referer clientRequestReferer
            properties.referrerHeader
            referer_s
            cs_referer
        """,
        "user_agent": """
            proxy.userAgent
            http_user_agent user_agent request_User-Agent request.headers.User-Agent requestHeaders.User-Agent
            user_agent.original httpRequest.userAgent ClientRequestUserAgent userAgent agent User-Agent useragent
            req.headers.user-agent meta.req.headers.user-agent user-agent request_user_agent source.userAgent
            properties.userAgent UserAgent properties.UserAgent
            request.headers.user-agent
            ua UA ibm_userAgent request.user-agent
            httpRequest.header.user-agent logContent.data.httpUserAgent
            clientUa
            httpRequest.headers.user-agent
            protoPayload.userAgent http.useragent event.request.headers.user-agent clientRequestUserAgent
            properties.userAgentHeader
            http.user_agent request.client.user_agent userAgent_s
            cs_user_agent
        """,
    }.items()
}
_METHOD: Final = re.compile(r"GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE")
_STATUS: Final = re.compile(r"[1-5]\d\d", re.ASCII)
_BYTES: Final = re.compile(r"\d+", re.ASCII)
_LOOKS: Final = {
    **dict.fromkeys(("request_type", "properties.method", "httpMethod_s"), _METHOD),
    **dict.fromkeys(("return_code", "http_code"), _STATUS),
    **dict.fromkeys(("contentLength", "responseBytes", "network.bytes_written"), _BYTES),
}
"""What stands under these names when they are a request's: others have them for something else."""
LATE_TIMES: Final = frozenset(
    ("EventTimestampMs", "eventTimestamp", "unixtime", "protoPayload.startTime", "TimeGenerated", "time_micros")
)
"""Read only where nothing around the object tells a time: a log that was imported keeps its times, and so its hits."""
NAMED_ONCE: Final = frozenset(part for names in ALIASES.values() for name in names for part in name.split("."))
"""Names, also of objects in objects, that a line says once: twice, and it is two lines."""

PECULIAR: Final = frozenset(
    ("c-ip", "event", "httpRequest", "properties", *(name.split(".")[0] for name in LATE_TIMES))
)
"""Names of objects that have to be looked at more closely: nearly none has one of them."""

_Path = tuple[str, ...]
"""Where a text stands: under a name, or under the last of several, each in the object of the one before."""


@lru_cache(maxsize=256)
def paths_of(name: str) -> tuple[_Path, ...]:
    """Return the paths that a name stands for: itself, and what its points lead to."""
    parts = tuple(name.split("."))
    return ((name,),) if len(parts) == 1 else ((name,), parts)


def value_at(values: dict[str, Any], path: _Path) -> Any:  # noqa: ANN401 any JSON value
    """Return what stands at a path; None where nothing does."""
    value: Any = values
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


class NameMeaning(NamedTuple):
    """What a name of an object stands for; none stands for two fields."""

    field: str
    """The field whose text it is; empty where it only leads to others."""
    rank: int
    """Which of the paths of its field it ends: of two that an object has the earlier is read."""
    within: dict[str, "NameMeaning"]
    """What may stand in it where it is an object."""
    looks: re.Pattern[str] | None
    """What its text looks like; any other says nothing of a request."""


class NamesOfObject(NamedTuple):
    """What the names of an object stand for."""

    paths: tuple[tuple[str, tuple[_Path, ...]], ...]
    """Of each field those that the object may have."""
    meanings: dict[str, NameMeaning]
    """The same paths, by the names that lead to them."""
    unread: frozenset[str]
    """Names that stand for none."""
    is_peculiar: bool
    """Whether one of PECULIAR is among them."""


def has_late_time(values: dict[str, Any], known: NamesOfObject) -> bool:
    """Return whether the time of an object stands under one of LATE_TIMES alone."""
    paths = dict(known.paths).get("time", ())
    return all(".".join(path) in LATE_TIMES for path in paths if value_at(values, path) is not None)


@lru_cache(maxsize=256)
def names_among(names: tuple[str, ...]) -> NamesOfObject:
    """Return what the names of an object stand for, kept: a log's objects have all the same ones, or nearly."""
    present = frozenset(names)
    there = {
        field: tuple(path for alias in aliases for path in paths_of(alias) if path[0] in present)
        for field, aliases in ALIASES.items()
    }
    # There the host's name is that of the machine: pino, bunyan; Liberty.
    of_machine = {("hostname",)} if "pid" in present else {("host",)} if "ibm_serverName" in present else set()
    there["host"] = tuple(path for path in there["host"] if path not in of_machine)
    read = {path[0] for paths in there.values() for path in paths}
    by_field = tuple((field, paths) for field, paths in there.items() if paths)
    return NamesOfObject(by_field, _meanings_of(by_field), present - read, not PECULIAR.isdisjoint(present))


def _meanings_of(by_field: tuple[tuple[str, tuple[_Path, ...]], ...]) -> dict[str, NameMeaning]:
    meanings: dict[str, NameMeaning] = {}
    for field, paths in by_field:
        for rank, path in enumerate(paths):
            within = meanings
            for name in path[:-1]:
                within = within.setdefault(name, NameMeaning("", 0, {}, None)).within
            led_to = within.get(path[-1])
            beyond = {} if led_to is None else led_to.within
            within[path[-1]] = NameMeaning(field, rank, beyond, _LOOKS.get(".".join(path)))
    return meanings
