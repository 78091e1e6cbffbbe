"""A provider is no more trusted than any server: what it says is checked, and what it sends is bounded."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.integration.conftest import MovableClock
from tests.support.odd_provider import CLIENT_ID, OddProvider, json_answer, key_of
from tests.support.waiting import wait_until
from tracker.errors import Refused
from tracker.oidc import http_client
from tracker.oidc.identity import Identity, ProviderSettings, SignInAttempt
from tracker.oidc.provider import KEPT_SECONDS, Provider

SECRET = "secret of the client, long enough to sign with"
ATTEMPT = SignInAttempt("http://127.0.0.1:9/dashboard/sign-in/callback", nonce="n")
ALICE = Identity("alice", "Alice", "alice@shop.example")


@pytest.fixture
def odd(clock: MovableClock) -> Iterator[OddProvider]:
    made = OddProvider()
    made.now = lambda: clock.now().timestamp()
    made.claims["nonce"] = "n"
    yield made
    made.close()


@pytest.fixture
def provider(odd: OddProvider, clock: MovableClock) -> Provider:
    return Provider(ProviderSettings(odd.issuer, CLIENT_ID, SECRET, "Example ID"), clock)


def signed_in(provider: Provider, **answer: str) -> Identity:
    return provider.identity(ATTEMPT, {"code": "c", **answer})


def refusal(provider: Provider, **answer: str) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        signed_in(provider, **answer)
    return raised.value.status, raised.value.message


def test_the_way_there_names_everything_and_what_it_says_is_kept(
    provider: Provider, odd: OddProvider, clock: MovableClock
) -> None:
    url = provider.authorization_url(ATTEMPT)
    assert url.startswith(f"{odd.issuer}/auth?")
    for part in (
        "response_type=code",
        "code_challenge_method=S256",
        f"state={ATTEMPT.state}",
        "nonce=n",
        "scope=openid+email",
    ):
        assert part in url
    assert ATTEMPT.verifier not in url
    assert [signed_in(provider) for _ in range(3)] == [ALICE] * 3
    assert [odd.asked.count(path) for path in ("/.well-known/openid-configuration", "/jwks", "/token")] == [1, 1, 3]
    clock.advance(KEPT_SECONDS + 1)
    signed_in(provider)
    assert odd.asked.count("/jwks") == 2
    assert str(provider.logout_url("http://t/x?")).endswith(
        "/end?client_id=tracker&post_logout_redirect_uri=http%3A%2F%2Ft%2Fx%3F"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"aud": "somebody else"},
        {"aud": [CLIENT_ID, "other"]},
        {"nonce": "another"},
        {"exp": 1},
        {"exp": "soon"},
        {"iat": int(time.time()) + 100_000},
        {"nbf": int(time.time()) + 100_000},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"azp": "other"},
        {"at_hash": "wrong"},
    ],
)
def test_a_token_for_somebody_else_or_another_time_is_not_taken(
    provider: Provider, odd: OddProvider, change: dict[str, Any]
) -> None:
    odd.claims |= change
    assert refusal(provider) == (403, "The provider's answer is not accepted: sign in once more.")


def forged(odd: OddProvider, kind: str) -> Callable[[], str]:
    claims = {"iat": int(time.time()), "exp": int(time.time()) + 300, **odd.claims}
    other = key_of(3)
    made = {
        "none": odd.unsigned,
        "none in other letters": lambda: odd.unsigned(alg="NoNe"),
        "without a signature": lambda: odd.signed().rpartition(".")[0] + ".",
        "cut off": lambda: odd.signed()[:-20],
        "another key": lambda: jwt.encode(
            {"alg": "RS256", "kid": str(odd.key.kid)}, claims, other, algorithms=["RS256"]
        ),
        "another key, named in the token": lambda: jwt.encode(
            {"alg": "RS256", "jwk": other.as_dict(private=False)}, claims, other, algorithms=["RS256"]
        ),
        "the secret": lambda: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"]),
        "the public key as a secret": lambda: jwt.encode(
            {"alg": "HS256", "kid": str(odd.key.kid)},
            claims,
            OctKey.import_key(odd.key.as_dict(private=False)["n"]),
            algorithms=["HS256"],
        ),
        "no token": lambda: "no token",
    }
    return made[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "none",
        "none in other letters",
        "without a signature",
        "cut off",
        "another key",
        "another key, named in the token",
        "the secret",
        "the public key as a secret",
        "no token",
    ],
)
def test_a_forged_token_is_not_taken(provider: Provider, odd: OddProvider, kind: str) -> None:
    odd.token = forged(odd, kind)
    assert refusal(provider)[0] == 403


def test_new_keys_are_read_when_a_token_needs_them(provider: Provider, odd: OddProvider, clock: MovableClock) -> None:
    assert signed_in(provider) == ALICE
    odd.key = key_of(2)
    assert signed_in(provider) == ALICE
    assert odd.asked.count("/jwks") == 2
    listed = [{**odd.key.as_dict(private=False)}, {"kty": "odd"}, "none", {"kty": "oct", "k": "AAAA"}, {"kty": "RSA"}]
    odd.answers["/jwks"] = lambda: json_answer({"keys": listed})
    clock.advance(KEPT_SECONDS)
    assert signed_in(provider) == ALICE, "what is no key that is known here does not hide one that is"


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
def test_an_address_that_is_not_verified_is_none(provider: Provider, odd: OddProvider, verified: object) -> None:
    odd.claims["email_verified"] = verified
    assert signed_in(provider).email is None


def test_letters_that_only_look_alike_in_lower_case_stay_apart(provider: Provider, odd: OddProvider) -> None:
    odd.claims["email"] = "\N{KELVIN SIGN}IM@Shop.example"
    assert signed_in(provider).email == "\N{KELVIN SIGN}im@shop.example"


def test_claims_come_from_userinfo_where_the_token_has_none(provider: Provider, odd: OddProvider) -> None:
    del odd.claims["email"]
    assert signed_in(provider).email == "me@shop.example"
    odd.answers["/me"] = lambda: json_answer({"sub": "alice", "email": "me@shop.example"})
    assert signed_in(provider).email is None, "what the token says is verified is another address"
    odd.answers["/me"] = lambda: json_answer({"sub": "mallory", "email": "alice@shop.example", "email_verified": True})
    assert refusal(provider)[0] == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://other.example"),
        ("authorization_endpoint", "http://other.example/auth"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("authorization_endpoint", None),
        ("authorization_endpoint", ["https://other.example"]),
    ],
)
def test_what_it_says_of_itself_is_checked(provider: Provider, odd: OddProvider, name: str, value: object) -> None:
    odd.about[name] = value
    with pytest.raises(Refused):
        provider.authorization_url(ATTEMPT)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", (200, {}, b"[]")),
        ("/.well-known/openid-configuration", (200, {}, b"\xff<html>")),
        ("/.well-known/openid-configuration", (500, {}, b"")),
        ("/.well-known/openid-configuration", (302, {"Location": "http://169.254.169.254/"}, b"")),
        ("/.well-known/openid-configuration", (200, {}, b'{"a":"' + b"x" * http_client.MAX_ANSWER_BYTES + b'"}')),
        ("/jwks", (200, {}, b'{"keys": 3}')),
        ("/jwks", json_answer({"keys": [{}] * 101})),
        ("/jwks", json_answer({})),
        ("/token", (200, {}, b"null")),
        ("/token", (200, {}, b"{}")),
        ("/token", (400, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}')),
        ("/token", json_answer({"access_token": "a", "token_type": "Bearer", "id_token": 7})),
        ("/token", (307, {"Location": "http://127.0.0.1:9/"}, b"")),
        ("/token", (200, {}, b"x" * (http_client.MAX_ANSWER_BYTES + 1))),
    ],
)
def test_an_answer_that_is_none_is_one_sentence(
    provider: Provider, odd: OddProvider, path: str, answer: tuple[int, dict[str, str], bytes]
) -> None:
    odd.answers[path] = lambda: answer
    status, message = refusal(provider)
    assert status in {403, 503}
    assert "\n" not in message


def test_a_provider_that_drips_is_given_up_and_takes_no_more_than_its_places(
    provider: Provider, odd: OddProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "WHOLE_SECONDS", 3.0)
    odd.answers["/.well-known/openid-configuration"] = lambda: b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000
    began, ends = time.monotonic(), list[tuple[int, str]]()
    threads = [threading.Thread(target=lambda: ends.append(refusal(provider))) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(odd.asked) == 4)
    assert refusal(provider)[0] == 503, "there is no place, and nobody waits for one"
    assert time.monotonic() - began < 3
    for thread in threads:
        thread.join()
    assert {status for status, _ in ends} == {503}
    assert time.monotonic() - began < 20
    odd.answers["/.well-known/openid-configuration"] = lambda: json_answer(odd.about)
    assert signed_in(provider) == ALICE


def test_who_it_says_an_answer_is_from_is_compared(provider: Provider, odd: OddProvider) -> None:
    assert signed_in(provider, iss=odd.issuer) == ALICE
    assert refusal(provider, iss="https://evil.example")[0] == 403
    odd.about["authorization_response_iss_parameter_supported"] = True
    strict = Provider(provider.settings, MovableClock())
    assert refusal(strict)[0] == 403
    assert refusal(strict, error="access_denied") == (403, "The provider did not sign you in.")
