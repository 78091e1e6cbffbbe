"""The provider: what it says about itself, the way to it and back (authorization code, PKCE, state, nonce).

What it says and its keys are kept in this process for an hour. A token that does not hold under them has them read
again, once: providers change their keys when they like.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tracker.clock import Clock
from tracker.errors import Refused
from tracker.log import logger
from tracker.oidc import claims, http_client
from tracker.oidc.identity import Identity, ProviderSettings, SignInAttempt
from tracker.server_urls import is_private_on_the_way

KEPT_SECONDS: Final = 3600.0
_AT_ONCE: Final = 4
"""Requests of a process that wait for the provider: a slow one must not take all the threads."""
_SCOPE: Final = "openid email profile"
_MAX_KEYS: Final = 100
_MAX_CODE_LENGTH: Final = 4096

# Their lines quote URLs, in which codes stand.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)
_log = logger(__name__)


class Provider:
    """One of it a process. Thread-safe. Nothing is asked before somebody signs in."""

    def __init__(self, settings: ProviderSettings, clock: Clock) -> None:
        self.settings, self._clock = settings, clock
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def authorization_url(self, attempt: SignInAttempt) -> str:
        """Return where the browser is to go. Raises Refused where the provider does not answer."""
        with self._asked():
            endpoint = _endpoint(self._about(), "authorization_endpoint")
            with self._session(attempt.redirect_uri) as session:
                url, _ = session.create_authorization_url(
                    endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
                )
        return str(url)

    def identity(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> Identity:
        """Return who came back with the provider's answer, whose state has been compared. Raises Refused."""
        if "error" in answer:
            raise Refused("FORBIDDEN", 403, "The provider did not sign you in.")
        code = answer.get("code", "")
        if not 0 < len(code) <= _MAX_CODE_LENGTH:
            raise _unusable("no code came back")
        with self._asked():
            about = self._about()
            named = answer.get("iss")
            if named is None and about.get("authorization_response_iss_parameter_supported") is True:
                raise ValueError("the answer does not say which provider it is from")
            if named not in (None, self.settings.issuer):
                raise ValueError("the answer is another provider's")
            with self._session(attempt.redirect_uri, about) as session:
                token = session.fetch_token(
                    _endpoint(about, "token_endpoint"), code=code, code_verifier=attempt.verifier
                )
                checked = self._checked(about, token, attempt)
                if "email" not in checked and about.get("userinfo_endpoint"):
                    told = _userinfo(session, about, checked["sub"])
                    # Whether an address is verified is said beside it, or nowhere.
                    checked = {**told, **checked, "email_verified": told.get("email_verified")}
            return claims.identity(checked)

    def logout_url(self, back: str) -> str | None:
        """Return where somebody ends their session at the provider too; None where it has no such page, or is away."""
        try:
            with self._asked():
                about = self._about()
                if not about.get("end_session_endpoint"):
                    return None
                endpoint = _endpoint(about, "end_session_endpoint")
        except Refused:
            return None
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    def _checked(self, about: Mapping[str, Any], token: Mapping[str, Any], attempt: SignInAttempt) -> Mapping[str, Any]:
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise ValueError("the answer has no ID token")  # noqa: TRY004 as every other answer that is none
        against = {
            "issuer": self.settings.issuer,
            "client_id": self.settings.client_id,
            "nonce": attempt.nonce,
            "access_token": str(token.get("access_token") or ""),
            "now": self._clock.now().timestamp(),
        }
        kept = self._kept_keys()
        try:
            return claims.checked(id_token, kept or self._new_keys(about), **against)  # type: ignore[arg-type] # by name
        except (JoseError, ValueError):
            if kept is None:
                raise
            # The provider may have other keys by now.
            return claims.checked(id_token, self._new_keys(about), **against)  # type: ignore[arg-type] # as above

    def _about(self) -> Mapping[str, Any]:
        """Return what the provider says about itself."""
        now = self._clock.monotonic()
        kept = self._metadata
        if kept is not None and now - kept[0] < KEPT_SECONDS:
            return kept[1]
        with self._session() as session:
            about = _json(session, get_well_known_url(self.settings.issuer, external=True))
        if about.get("issuer") != self.settings.issuer:
            raise ValueError("it calls itself by another name than TRACKER_OIDC_ISSUER does")
        self._metadata = now, about
        return about

    def _kept_keys(self) -> KeySet | None:
        kept = self._keys
        return None if kept is None or self._clock.monotonic() - kept[0] >= KEPT_SECONDS else kept[1]

    def _new_keys(self, about: Mapping[str, Any]) -> KeySet:
        with self._session() as session:
            answered = _json(session, _endpoint(about, "jwks_uri"))
        listed = answered.get("keys")
        if not isinstance(listed, list) or len(listed) > _MAX_KEYS:
            raise ValueError("it has no list of keys")
        keys = KeySet([key for listed_key in listed for key in _key(listed_key)])
        self._keys = self._clock.monotonic(), keys
        return keys

    def _session(self, redirect_uri: str | None = None, about: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - Authlib has no types
        secret = self.settings.client_secret
        # By default a secret goes as HTTP's Basic (OpenID Connect Discovery, 3).
        methods = (about or {}).get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return http_client.session(
            client_id=self.settings.client_id,
            client_secret=secret,
            token_endpoint_auth_method=method if secret else "none",
            scope=_SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Let a few wait for the provider at a time, and make one sentence of whatever is wrong with it."""
        if not self._places.acquire(blocking=False):
            raise _unavailable(None, "too many wait for it")
        try:
            yield
        except requests.RequestException as error:
            raise _unavailable(error, str(error) or type(error).__name__) from error
        except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError) as error:
            raise _unusable(str(error) or type(error).__name__) from error
        finally:
            self._places.release()


def _json(session: Any, url: str) -> Mapping[str, Any]:  # noqa: ANN401 - Authlib has no types
    answer = session.get(url, withhold_token=True, headers={"Accept": "application/json"})
    answer.raise_for_status()
    answered = answer.json()
    if not isinstance(answered, dict):
        raise ValueError("it answers with no JSON object")  # noqa: TRY004 as every other answer that is none
    return answered


def _userinfo(session: Any, about: Mapping[str, Any], subject: str) -> Mapping[str, Any]:  # noqa: ANN401 - Authlib has no types
    answer = session.get(_endpoint(about, "userinfo_endpoint"), headers={"Accept": "application/json"})
    answer.raise_for_status()
    answered = answer.json()
    # OpenID Connect Core, 5.3.2: what is said of somebody else is not used.
    if not isinstance(answered, dict) or answered.get("sub") != subject:
        raise ValueError("it tells about somebody else")
    return answered


def _endpoint(about: Mapping[str, Any], name: str) -> str:
    url = about.get(name)
    if not isinstance(url, str) or not is_private_on_the_way(url):
        raise ValueError(f"its {name} is no address with HTTPS")
    return url


def _key(described: object) -> list[Any]:
    """Return a key that signs, none for what is no such key: a provider may list kinds that are not known here."""
    if not isinstance(described, dict) or described.get("use", "sig") != "sig" or described.get("kty") == "oct":
        return []
    try:
        return list(KeySet.import_key_set({"keys": [described]}).keys)
    except (JoseError, ValueError, TypeError, KeyError):
        return []


def _unavailable(error: Exception | None, reason: str) -> Refused:
    kind = None if error is None else type(error).__name__
    _log.warning("sign-in provider unavailable", reason=reason if kind is None else kind)
    return Refused(
        "SERVICE_UNAVAILABLE",
        503,
        "The sign-in provider does not answer as it should: try again in a while, or sign in with a key.",
        retry_after=10,
    )


def _unusable(reason: str) -> Refused:
    _log.warning("sign-in refused", reason=reason)
    return Refused("FORBIDDEN", 403, "The provider's answer is not accepted: sign in once more.")
