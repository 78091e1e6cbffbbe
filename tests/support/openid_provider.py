"""A real provider of OpenID Connect, from npm: started anew it has other keys, and knows nobody any more."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

import requests

from tests.support.client_packages import CLIENTS, node_modules
from tests.support.serving import free_port
from tests.support.waiting import PATIENCE

SECRET = "secret of the client, long enough to sign with"
CALLBACK = "/dashboard/sign-in/callback"


class OpenIdProvider:
    """The provider on its port, which stays the same; `start` and `stop` as often as a test likes."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "TRACKER_OIDC_ISSUER": self.issuer,
            "TRACKER_OIDC_CLIENT_ID": "tracker",
            "TRACKER_OIDC_CLIENT_SECRET": SECRET,
            "TRACKER_OIDC_NAME": "Example ID",
        }
        self._process: subprocess.Popen[str] | None = None

    def start(self, tracker: str, **options: Any) -> None:
        """Serve a receiver at that address. `secret` may be None, `clock_ahead` is in seconds."""
        self.stop()
        about = {
            "secret": SECRET,
            "redirect_uris": [f"{tracker}{CALLBACK}"],
            "post_logout_redirect_uris": [f"{tracker}/dashboard/sign-in"],
            **options,
        }
        command = ["node", str(CLIENTS / "openid_provider.mjs"), str(node_modules().parent), str(self.port)]
        self._process = subprocess.Popen(
            [*command, json.dumps(about)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        # It may say first that it is meant for another version of Node.
        assert any(line == "ready\n" for line in self._process.stdout)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """A provider that is not started yet; ended in the end."""
    provider = OpenIdProvider()
    try:
        yield provider
    finally:
        provider.stop()


class Visitor(requests.Session):
    """Somebody with a browser without scripts, at the receiver and at the provider."""

    def __init__(self, tracker: str) -> None:
        super().__init__()
        self.tracker = tracker

    def form(self, path: str, **fields: str) -> requests.Response:
        """Send a form of the dashboard's own."""
        headers = {"Origin": self.tracker, "Content-Type": "application/x-www-form-urlencoded"}
        return self.post(f"{self.tracker}{path}", fields, headers=headers, allow_redirects=False)

    def begin(self, **fields: str) -> requests.Response:
        """Begin to sign in at the provider."""
        return self.form("/dashboard/sign-in/provider", **fields)

    def answer_of_provider(self, begun: requests.Response, name: str) -> str:
        """Sign in at the provider, and return where it sends the browser back to."""
        assert begun.status_code == 200, begun.text
        answer = self.get(refreshed(begun), allow_redirects=False)
        for _ in range(12):
            if answer.is_redirect:
                to = urljoin(answer.url, answer.headers["Location"])
                if to.startswith(self.tracker):
                    return to
                answer = self.get(to, allow_redirects=False)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'action="([^"]+)"', answer.text)
            assert action, answer.text
            hidden = dict(re.findall(r'name="(prompt)" value="(\w+)"', answer.text))
            fields = {**hidden, "login": name, "password": "any"}
            answer = self.post(urljoin(answer.url, action[1]), fields, allow_redirects=False)
        raise AssertionError("the provider does not send the browser back")

    def sign_in(self, name: str, **fields: str) -> requests.Response:
        """Go all the way, and return the page that one is led to."""
        back = self.get(self.answer_of_provider(self.begin(**fields), name), allow_redirects=False)
        return back if back.status_code != 200 else self.get(urljoin(self.tracker, refreshed(back)))


def refreshed(page: requests.Response) -> str:
    """Return where a page sends the browser on to."""
    target = re.search(r'content="0; url=([^"]+)"', page.text)
    assert target, page.text
    return target[1].replace("&amp;", "&")
