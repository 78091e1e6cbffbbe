"""What an ID token says of somebody, after its signature, issuer, audience, times and nonce have been checked."""

from collections.abc import Mapping
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tracker.oidc.identity import Identity

SIGNED_BY: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures that are taken: a provider's own keys, never none, never a secret that both sides hold."""
CLOCKS_APART: Final = 120
"""Seconds by which the provider's clock may be ahead or behind."""
MAX_SUBJECT_LENGTH: Final = 255
MAX_EMAIL_LENGTH: Final = 254
_MAX_NAME_LENGTH: Final = 100


def checked(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now: float,
) -> Mapping[str, Any]:
    """Return the claims of an ID token. Raises JoseError and ValueError for one that does not hold."""
    decoded = jwt.decode(token, keys, algorithms=list(SIGNED_BY))
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
    }
    params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    claims = CodeIDToken(decoded.claims, decoded.header, options=options, params=params)
    claims.validate(now=int(now), leeway=CLOCKS_APART)
    return dict(claims)


def identity(claims: Mapping[str, Any]) -> Identity:
    """Return who they are about. Raises ValueError for a subject that OpenID Connect does not allow."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH or not subject.isascii():
        raise ValueError("the ID token names nobody")
    email = _verified_email(claims)
    name = claims.get("name") or claims.get("preferred_username")
    known_as = name.strip() if isinstance(name, str) and name.isprintable() else ""
    return Identity(subject, (known_as or email or subject)[:_MAX_NAME_LENGTH], email)


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    # Some providers write the truth value as a text.
    verified = claims.get("email_verified")
    if verified is not True and verified != "true":
        return None
    email = claims.get("email")
    if not isinstance(email, str) or not email.isprintable() or not 0 < len(email.strip()) <= MAX_EMAIL_LENGTH:
        return None
    # Of ASCII alone: other letters may have one lower case, such as k and the Kelvin sign, and be another's address.
    return email.strip().encode().lower().decode()
