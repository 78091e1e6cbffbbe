"""What signing in by a provider is about, without the libraries that do it: who somebody is, what a provider does."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as the provider knows them. `email` is one that it has verified, in lower case, if it says any."""

    subject: str
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Which provider, and as whom this installation is known there. `name` is what people call it."""

    issuer: str
    client_id: str
    client_secret: str | None
    name: str


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A sign-in under way; whoever comes back has to bring what belongs to it."""

    redirect_uri: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


class SignInProvider(Protocol):
    """A provider by which people sign in: `tracker.oidc.provider`, imported only where one is set."""

    settings: ProviderSettings

    def authorization_url(self, attempt: SignInAttempt) -> str:
        """Return where the browser is to go. Raises Refused where the provider does not answer."""

    def identity(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> Identity:
        """Return who came back with the provider's answer, whose state has been compared. Raises Refused."""

    def logout_url(self, back: str) -> str | None:
        """Return where somebody ends their session at the provider too; None where it has no such page, or is away."""
