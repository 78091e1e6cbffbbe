"""Somebody with a browser in front of the dashboard: a client that keeps cookies and says where its forms come from."""

import re
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import Client, TestResponse

from tests.support.managing import Managing

OWN = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
"""What a browser says of a form on a page of the dashboard itself."""


class Browsing:
    """A browser of its own, on the application of `managing`."""

    def __init__(self, managing: Managing, *, address: str = "127.0.0.1", language: str = "en") -> None:
        self.managing = managing
        self._client = Client(managing.app)
        self._usual: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": address}}
        self.language = language

    def get(self, path: str = "/dashboard", *, headers: dict[str, str] | None = None, **arguments: Any) -> TestResponse:
        given = {"Accept-Language": self.language, **(headers or {})}
        return self._client.get(path, headers=given, **self._usual, **arguments)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> TestResponse:
        given = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": self.language}
        return self._client.post(
            path, data=urlencode(fields), headers={**given, **(OWN if headers is None else headers)}, **self._usual
        )

    def sign_in(self, key: str | None, **fields: str) -> TestResponse:
        return self.post("/dashboard/sign-in", key=key or "", **fields)

    def cookie(self, name: str = "tracker_session") -> str | None:
        cookie = self._client.get_cookie(name, path="/dashboard")
        return None if cookie is None else cookie.value

    def set_cookie(self, value: str, name: str = "tracker_session") -> None:
        self._client.set_cookie(name, value, path="/dashboard")


def text_of(page: TestResponse) -> str:
    """What a page says, without its tags; a place where a word may end a line is no blank."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text.replace("<wbr>", "")))


def heading(page: TestResponse) -> str:
    heading = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
    assert heading, page.text
    return heading[1].strip()


def cards(page: TestResponse) -> dict[str, str]:
    """The numbers of the cards by their names, as they are shown."""
    cards = re.findall(r'<div class="card (\w+)">.*?<p class="number">(.*?)</p>', page.text, re.DOTALL)
    return {name: re.sub(r"<[^>]*>", "", number) for name, number in cards}


def chart_rows(page: TestResponse) -> list[list[str]]:
    """The rows of the table below the chart, as they are shown."""
    table = page.text.partition('id="chart"')[2].partition("</details>")[0].rpartition("<tbody>")[2]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]
