"""What browsers keep for the dashboard and bring again, signed with TRACKER_SECRET_KEY."""

import hashlib

from itsdangerous import URLSafeSerializer


def signer(secret_key: str, purpose: str) -> URLSafeSerializer:
    """Return what signs for a purpose, which makes a key of its own: nothing signed or encrypted elsewhere counts."""
    derivation = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(secret_key.encode(), salt=purpose, signer_kwargs=derivation)
