"""The dashboard over HTTP, as somebody who is signed in gets it from a server that has just begun."""

import http.client
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from pathlib import Path
from secrets import token_bytes, token_hex
from urllib.parse import urlencode

from bench import processes, web
from bench.errors import NotMeasured
from bench.stage import Stage

NO_ANSWER = "Reports cannot be shown"
_TIMEOUT = 60.0
_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Timed:
    """A page: seconds until its first byte and until its end, seconds of CPU of the server, and its text."""

    first: float
    whole: float
    cpu: float
    text: str


class Reader:
    """Gets pages by one connection: it is one process's, and what that has opened and looked at serves what follows."""

    def __init__(self, connection: http.client.HTTPConnection, process: processes.Process, cookie: str) -> None:
        self._connection, self._process, self._cookie = connection, process, cookie

    def get(self, path: str) -> Timed:
        """Get a page below /dashboard to its end. Raises NotMeasured where there is none, or an answer is missing."""
        before, began = self._process.cpu_seconds, time.perf_counter()
        self._connection.request("GET", f"/dashboard{path}", headers={"Cookie": self._cookie, "Accept-Language": "en"})
        answer = self._connection.getresponse()
        head = answer.read(1)
        first = time.perf_counter() - began
        text = (head + answer.read()).decode()
        whole = time.perf_counter() - began
        if answer.status != HTTPStatus.OK or NO_ANSWER in text:
            raise NotMeasured(f"{path} was answered by {answer.status}, or without some answer: {text[-500:]}")
        return Timed(first, whole, self._process.cpu_seconds - before, text)


@contextmanager
def signed_in(stage: Stage, facts: Path) -> Iterator[Reader]:
    """Start a server that reads this folder of facts, sign in as the operator, and stop it after the block."""
    token = token_hex(32)
    environment = {
        "TRACKER_FACTS_URL": str(facts),
        "TRACKER_ADMIN_TOKEN": token,
        "TRACKER_SECRET_KEY": b64encode(token_bytes(32)).decode(),
    }
    with (
        web.product(stage, environment) as (port, process),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)) as connection,
    ):
        yield Reader(connection, process, _cookie(connection, token))


def p95(values: list[float]) -> float:
    """Return the least value that is as large as 95 % of them."""
    return sorted(values)[ceil(_SHARE * len(values)) - 1]


def _cookie(connection: http.client.HTTPConnection, token: str) -> str:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    connection.request("POST", "/dashboard/sign-in", urlencode({"key": token}), headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != HTTPStatus.SEE_OTHER:
        raise NotMeasured(f"signing in was answered by {answer.status}")
    return answer.headers.get("Set-Cookie", "").partition(";")[0]
