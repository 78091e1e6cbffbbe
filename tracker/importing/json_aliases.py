"""The names under which servers, in their usual configurations, write the fields of a request as JSON.

The more particular name stands first. A point leads into an object within the object.
"""

from typing import Final

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    field: tuple(names.split())
    for field, names in {
        "address": """
            remote_addr request.client_ip request.remote_ip remote_ip client_ip clientip ClientHost
            ClientAddr client.ip client.address source.ip source.address httpRequest.remoteIp ClientIP
            remoteAddr remoteIP remote client ip remote_host downstream_remote_address c_ip clientIp
            request.remote_addr req.remoteAddress meta.req.ip meta.req.remoteAddress source.remoteAddress remoteAddress
            properties.clientIp properties.clientIP CIp properties.CIp proxy.clientIp remotehost
        """,
        "forwarded_for": """
            http_x_forwarded_for x_forwarded_for xff forwarded_for request.headers.X-Forwarded-For
            request.headers.x-forwarded-for
            request_X-Forwarded-For X-Forwarded-For requestHeaders.X-Forwarded-For http_x_real_ip
            req.headers.x-forwarded-for meta.req.headers.x-forwarded-for x-forwarded-for
        """,
        "time": """
            timestamp @timestamp time_iso8601 time_local time ts msec StartUTC StartLocal start_time
            datetime date_time EdgeStartTimestamp event_time date __REALTIME_TIMESTAMP timeStamp requestTime
            asctime started_at
        """,
        "request": "request requestLine request_line http_request requested_url",
        "method": """
            request_method method request.method RequestMethod http.request.method httpRequest.requestMethod
            verb ClientRequestMethod http_method requestMethod req.method meta.req.method httpMethod
            properties.httpMethod proxy.method CsMethod properties.CsMethod
        """,
        "target": """
            request_uri request.uri RequestPath url.original url.full url.path
            httpRequest.requestUrl ClientRequestURI uri
            path requestURI request_path original_path req.url
            meta.req.originalUrl meta.req.url url uri_path requestPath x-envoy-origin-path requested_uri
            properties.originalRequestUriWithArgs properties.requestUri proxy.path CsUriStem properties.CsUriStem
        """,
        "query": "query_string args query uri_query request_query req.query url.query CsUriQuery properties.CsUriQuery",
        "protocol": "server_protocol protocol request.proto RequestProtocol proto",
        "scheme": "scheme RequestScheme url.scheme ClientRequestScheme",
        "host": """
            http_host request.host RequestHost url.domain ClientRequestHost req.headers.host req.host
            meta.req.headers.host host vhost virtual_host server_name authority :authority
            properties.hostName properties.originalHost properties.host proxy.host hostname CsHost properties.CsHost
            request.headers.host
        """,
        "status": """
            status statusCode status_code DownstreamStatus http.response.status_code httpRequest.status
            response_code EdgeResponseStatus res.statusCode meta.res.statusCode response code response_status
            properties.httpStatusCode properties.httpStatus proxy.statusCode ScStatus properties.ScStatus
            response.status
        """,
        "bytes": """
            body_bytes_sent bytes_sent size DownstreamContentSize http.response.body.bytes
            httpRequest.responseSize bytes EdgeResponseBytes response_size length bytes_out response_body_size
            content_length responseLength properties.responseBytes properties.sentBytes ScBytes properties.ScBytes
            response.size
        """,
        "referrer": """
            http_referer http_referrer referer referrer request_Referer request.headers.Referer
            requestHeaders.Referer http.request.referrer httpRequest.referer ClientRequestReferer Referer
            req.headers.referer meta.req.headers.referer request_referer source.referer properties.referer proxy.referer
            properties.Referer request.headers.referer
        """,
        "user_agent": """
            http_user_agent user_agent request_User-Agent request.headers.User-Agent requestHeaders.User-Agent
            user_agent.original httpRequest.userAgent ClientRequestUserAgent userAgent agent User-Agent useragent
            req.headers.user-agent meta.req.headers.user-agent user-agent request_user_agent source.userAgent
            properties.userAgent proxy.userAgent UserAgent properties.UserAgent
            request.headers.user-agent
        """,
    }.items()
}
