"""A provider of OpenID Connect that lies, drips, floods or leads elsewhere, as a test tells it; right otherwise."""

import base64
import json
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "tracker"
Answer = tuple[int, dict[str, str], bytes]


@cache
def key_of(number: int) -> RSAKey:
    """Return a key, the same for the same number: making one takes a while."""
    assert number
    return RSAKey.generate_key(2048, auto_kid=True)


def json_answer(content: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


class OddProvider:
    """What it answers stands in `answers`, by path; `claims` and `header` are those of its next ID token."""

    def __init__(self) -> None:
        self.key = key_of(1)
        self.asked: list[str] = []
        self.now = time.time
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                answer = provider.answers[self.path]()
                if isinstance(answer, bytes):
                    self._drip(answer)
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 the name that the server asks for

            def _drip(self, answer: bytes) -> None:
                try:
                    for number in range(len(answer)):
                        self.wfile.write(answer[number : number + 1])
                        time.sleep(0.2)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.about: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/me",
            "end_session_endpoint": f"{self.issuer}/end",
        }
        self.claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "alice",
            "email": "Alice@Shop.example",
            "email_verified": True,
            "name": "Alice",
        }
        self.answers: dict[str, Callable[[], Answer | bytes]] = {
            "/.well-known/openid-configuration": lambda: json_answer(self.about),
            "/jwks": lambda: json_answer({"keys": [{**self.key.as_dict(private=False), "use": "sig"}]}),
            "/token": lambda: json_answer({"access_token": "a", "token_type": "Bearer", "id_token": self.token()}),
            "/me": lambda: json_answer({"sub": "alice", "email": "me@shop.example", "email_verified": True}),
        }
        self.token: Callable[[], str] = self.signed
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def signed(self, **header: str) -> str:
        times = {"iat": int(self.now()), "exp": int(self.now()) + 300}
        return jwt.encode(
            {"alg": "RS256", "kid": str(self.key.kid), **header},
            {**times, **self.claims},
            self.key,
            algorithms=["RS256"],
        )

    def unsigned(self, **header: str) -> str:
        """Return a token that says it needs no signature, or has one that is none."""
        parts = ({"alg": "none", **header}, {"iat": int(self.now()), "exp": int(self.now()) + 300, **self.claims})
        written = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return ".".join([*written, ""])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
