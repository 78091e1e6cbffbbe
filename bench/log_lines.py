"""Lines of access logs as servers write them, of the last day: the same visitors and pages whatever the format."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
)
_DAY: Final = 86_400
_Line = Callable[[datetime, str, str, str], str]
"""Time, address, target, agent."""


def _combined(at: datetime, address: str, target: str, agent: str) -> str:
    clf = f"{at:%d/%b/%Y:%H:%M:%S} +0000"
    return f'{address} - - [{clf}] "GET {target} HTTP/1.1" 200 5120 "https://shop.example/list" "{agent}"'


def _common(at: datetime, address: str, target: str, _agent: str) -> str:
    return f'{address} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET {target} HTTP/1.1" 200 5120'


def _haproxy(at: datetime, address: str, target: str, agent: str) -> str:
    return (
        f"{address}:51234 [{at:%d/%b/%Y:%H:%M:%S}.187] web app/web1 0/0/1/4/5 200 5120 - - ---- 1/1/0/0/0 0/0 "
        f'{{{agent}}} "GET {target} HTTP/1.1"'
    )


def _nginx_json(at: datetime, address: str, target: str, agent: str) -> str:
    return orjson.dumps(
        {
            "time": at.isoformat(), "remote_addr": address, "request_method": "GET", "request_uri": target,
            "host": "shop.example", "status": 200, "body_bytes_sent": 5120, "http_referer": "https://shop.example/list",
            "http_user_agent": agent,
        }
    ).decode()  # fmt: skip


def _caddy(at: datetime, address: str, target: str, agent: str) -> str:
    headers = {"User-Agent": [agent], "Referer": ["https://shop.example/list"]}
    asked = {"remote_ip": address, "method": "GET", "host": "shop.example", "uri": target, "headers": headers}
    return orjson.dumps({"ts": at.timestamp(), "request": asked, "status": 200, "size": 5120}).decode()


def _alb(at: datetime, address: str, target: str, agent: str) -> str:
    return (
        f"https {at:%Y-%m-%dT%H:%M:%S}.186641Z app/lb/50dc {address}:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 5120 "
        f'"GET https://shop.example:443{target} HTTP/1.1" "{agent}" ECDHE TLSv1.2 arn:x "Root=1" '
        '"shop.example" "arn:y" 1 - "-"'
    )


def _squid(at: datetime, address: str, target: str, _agent: str) -> str:
    url = f"https://shop.example{target}"
    return f"{at.timestamp():.3f}    180 {address} TCP_MISS/200 5120 GET {url} - DIRECT/10.0.0.1 text/html"


def _iis(at: datetime, address: str, target: str, agent: str) -> str:
    path, _, query = target.partition("?")
    return f"{at:%Y-%m-%d %H:%M:%S} 10.0.0.1 GET {path} {query} 443 - {address} {agent.replace(' ', '+')} - 200"


FORMATS: Final[dict[str, _Line]] = {
    "combined": _combined,
    "common": _common,
    "vhost": lambda *line: f"shop.example:443 {_combined(*line)}",
    "haproxy": _haproxy,
    "nginx json": _nginx_json,
    "caddy": _caddy,
    "alb": _alb,
    "squid": _squid,
    "iis": _iis,
    "combined in syslog": lambda *line: f"<190>Nov 28 20:58:25 web1 nginx: {_combined(*line)}",
    "combined in cri": lambda *line: f"2026-11-28T20:58:25.123456789Z stdout F {_combined(*line)}",
}
HEADERS: Final = {
    "iis": "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    "cs(Referer) sc-status"
}


def lines(count: int, format_: str = "combined", *, until: datetime | None = None) -> Iterator[bytes]:
    """`count` lines over the day before `until`, in the order of their times."""
    end = until or datetime.now(UTC)
    line = FORMATS[format_]
    for n in range(count):
        at = end - timedelta(seconds=_DAY * (count - n) // count)
        target = f"/products/{n % 1000}?ref=list&page={n % 7}"
        yield f"{line(at, f'198.51.{n % 100}.{n % 250}', target, _AGENTS[n % 3])}\n".encode()
