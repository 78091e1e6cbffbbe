"""Settings that are URLs: of servers, of the facts, of a provider of sign-ins."""

from pathlib import Path

import pytest

from tests.support.environments import Environment
from tracker import config


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    return Environment(monkeypatch, tmp_path)


@pytest.mark.parametrize("value", ["s3://facts", "s3://my.facts-1/shop/prefix"])
def test_facts_may_be_in_a_bucket(environment: Environment, value: str) -> None:
    environment.set(TRACKER_FACTS_URL=value)
    assert config.load().facts_url == value


@pytest.mark.parametrize("value", ["s3://", "s3:///prefix", "s3://key:hunter2@facts", "s3://Facts", "s3://facts?x=1"])
def test_what_names_no_bucket_is_refused_without_its_keys(environment: Environment, value: str) -> None:
    environment.set(TRACKER_FACTS_URL=value)
    assert environment.refused().startswith("TRACKER_FACTS_URL='s3://…' is not accepted: it must name a bucket")


@pytest.mark.parametrize("name", ["TRACKER_FACTS_URL", "TRACKER_FACTS_CACHE"])
@pytest.mark.parametrize("value", ["file://[x", "ftp://facts.example/", "file://facts.example/facts"])
def test_what_names_no_folder_is_refused_in_one_line(environment: Environment, name: str, value: str) -> None:
    environment.set(**{name: value})
    assert environment.refused().startswith(f"{name}={value!r} is not accepted: it must be a folder")


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize("missing", [None, "", "   "])
def test_a_missing_url_is_named(environment: Environment, name: str, missing: str | None) -> None:
    if missing is None:
        environment.unset(name)
    else:
        environment.set(**{name: missing})
    refusal = environment.refused()
    assert refusal.startswith(f"{name} is not set: it must be a URL that begins with ")
    assert "Write it into .env in " in refusal


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_MAINTENANCE_URL", "DATABASE_READ_URL", "REDIS_URL"])
@pytest.mark.parametrize("value", ["mysql://app:hunter2@db/tracker", "app:hunter2@db", "//hunter2@db"])
def test_a_refused_url_is_named_without_its_password(environment: Environment, name: str, value: str) -> None:
    environment.set(**{name: value})
    message = environment.refused()
    assert message.startswith(f"{name}=")
    assert "it must be a URL that begins with " in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "value", ["redis://:hunter2@queue:notaport/0", "redis://app:hunter2/rest@queue", "redis://[hunter2"]
)
def test_a_url_that_does_not_parse_is_refused_without_its_password(environment: Environment, value: str) -> None:
    environment.set(REDIS_URL=value)
    message = environment.refused()
    assert message.startswith("REDIS_URL='redis://…' is not accepted: it must read as a URL")
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example",
        "https://",
        "https://id.example?a=b",
        "https://id.example#a",
        "https://user:secret@id.example",
        "https://id.example:port",
        "https://[id.example",
        "ftp://id.example",
        "http://127.0.0.1.example",
    ],
)
def test_an_issuer_that_is_none_is_refused_without_its_secrets(environment: Environment, issuer: str) -> None:
    environment.set(TRACKER_OIDC_ISSUER=issuer, TRACKER_OIDC_CLIENT_ID="tracker")
    message = environment.refused()
    assert message.startswith("TRACKER_OIDC_ISSUER=")
    assert "secret" not in message


def test_a_provider_needs_a_client_id(environment: Environment) -> None:
    environment.set(TRACKER_OIDC_ISSUER="https://id.example/realms/main")
    assert environment.refused().startswith("TRACKER_OIDC_CLIENT_ID is not set")
    environment.set(TRACKER_OIDC_CLIENT_ID="tracker")
    settings = config.load()
    assert (settings.oidc_issuer, settings.oidc_client_secret) == ("https://id.example/realms/main", None)
    for issuer in ("http://localhost:8080", "http://127.0.0.1:8080/x", "http://[::1]:8080"):
        environment.set(TRACKER_OIDC_ISSUER=issuer)
        assert config.load().oidc_issuer == issuer
