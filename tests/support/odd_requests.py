"""Odd but valid requests, as they go over the wire, and what is to be stored of each."""

import base64
from dataclasses import dataclass

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


@dataclass(frozen=True)
class Request:
    """A request, and what is stored of it; `url` where that is not the target."""

    target: str
    agent: bytes | None = BROWSER.encode()
    referrer: bytes | None = None
    method: str = "GET"
    version: str = "1.1"
    header: bytes = b""
    url: str | None = None
    stored_agent: str | None = None
    but: tuple[str, ...] = ()
    """Servers that refuse it, or do not write it."""

    def sent(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/{self.version}".encode(), b"Host: site.example"]
        lines += [b"User-Agent: " + self.agent] if self.agent is not None else []
        lines += [b"Referer: " + self.referrer] if self.referrer is not None else []
        lines += [self.header] if self.header else []
        return b"\r\n".join([*lines, b"Connection: close", b"", b""])

    def expected(self) -> tuple[str, str, str | None, str | None]:
        agent = None if not self.agent else self.stored_agent or self.agent.decode()
        referrer = None if self.referrer is None else self.referrer.decode()
        return self.method, self.url or self.target, agent, referrer


AUTHORIZATION = b"Authorization: Basic " + base64.b64encode(b'john doe"x:secret')
REQUESTS = [
    Request("/plain?a=1", referrer=b"https://ref.example/x?y=1"),
    Request("/quote", agent=rb'A "q" \ b'),
    Request("/utf-8", agent="Agent/日本".encode()),
    Request("/latin-1", agent=b"caf\xe9", stored_agent="caf\ufffd"),
    Request("/tab", agent=b"A\tB"),
    Request("/looks-escaped", agent=rb"\x41 \u00e9 #22 %41 \" \n C:\temp\new"),
    Request("/braces", agent=b"{a} | [b] - (c); d, e"),
    Request("/address", agent=b"192.0.2.1 - - [28/Nov/2026"),
    Request("/no-agent", agent=None),
    Request("/empty-agent", agent=b""),
    Request("/head", method="HEAD"),
    Request("/delete", method="DELETE", but=("lighttpd",)),
    Request("/own-method", method="PROPFIND", but=("lighttpd",)),
    Request("/p%C3%A9%20x%22?q=%E6%97%A5+b"),
    Request("/semi;a=1?b=[1]|{2}"),
    Request("/quotes'in?x='y'&&==", referrer=b"https://r.example/'q'"),
    Request("/referrer", referrer=rb'https://r.example/"q"\z'),
    # HAProxy cuts a target at 1,024 characters (tune.http.logurilen), Varnish a field at 255 bytes (vsl_reclen).
    Request("/long?" + "x" * 3000, but=("haproxy", "varnish")),
    Request("/old", version="1.0"),
    Request("/with-user", header=AUTHORIZATION),
    Request("/forwarded", header=b"X-Forwarded-For: 203.0.113.9, 198.51.100.4"),
    Request("http://site.example/absolute?z=2", url="/absolute?z=2"),
]
