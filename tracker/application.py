"""What the receiver and the workers know of an application: a snapshot of its rows, cheap to keep and to pass on."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

Status = Literal["active", "inactive", "suspended"]
ParameterType = Literal["string", "number", "boolean", "array", "object"]

PERMISSIONS = {
    "track": "Send hits: one with its own time, and batches.",
    "track:trusted": "The same, and say which address and user agent the visitor has.",
    "stats:read": "Read statistics, sessions and the definitions of custom parameters.",
    "export:read": "Export hits.",
    "params:write": "Read and change the definitions of custom parameters.",
    "settings:write": "Read and change settings, and what the application is called.",
    "webhooks:write": "Read and change webhooks, and send deliveries again.",
    "data:erase": "Erase a person's data, and read the receipts.",
    "keys:write": "Read and change API keys, and read the audit log.",
}
"""The permissions that a key may have; the application's first key has all of them."""
_IMPLIED = {"track": "track:trusted"}
"""Permissions that another one includes."""


def hash_key(key: str) -> str:
    """Return the SHA-256, in hexadecimal, under which a key is stored (decision 0012: keys are random, 256 bits)."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as stored. `id` is None for the application's first key, which may do everything."""

    id: UUID | None
    key_hash: str
    permissions: frozenset[str] = frozenset()
    expires_at: datetime | None = None

    def may(self, permission: str) -> bool:
        return self.id is None or permission in self.permissions or _IMPLIED.get(permission) in self.permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterDefinition:
    """One custom parameter that an application has defined."""

    application_id: UUID
    parameter_key: str
    parameter_name: str
    parameter_type: ParameterType
    description: str | None = None
    is_required: bool = False
    default_value: str | None = None
    validation_rules: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ApplicationIdentity:
    """By what rows name an application: all that those who only read its rows have to know of it."""

    id: UUID
    app_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application with its settings and its usable keys, as PostgreSQL had them at one moment."""

    id: UUID
    app_id: str
    status: Status
    deleted: bool
    rate_limit_per_minute: int
    domain: str | None = None
    settings: Mapping[str, str | None] = field(default_factory=dict)
    keys: tuple[ApiKey, ...] = ()
    parameters: tuple[str, ...] = ()
    """The keys of the custom parameters that it has defined."""

    @property
    def takes_hits(self) -> bool:
        return self.status == "active" and not self.deleted

    def key(self, presented: str, now: datetime) -> ApiKey | None:
        """Return the unexpired key that `presented` is, or None. Every key is compared, each in constant time."""
        presented_hash = hash_key(presented)
        held = None
        for key in self.keys:
            if hmac.compare_digest(key.key_hash, presented_hash) and (key.expires_at is None or now < key.expires_at):
                held = key
        return held

    def encode(self) -> bytes:
        """JSON for the shared cache. It holds hashes of keys, never keys."""
        return orjson.dumps(
            {
                "id": self.id,
                "app_id": self.app_id,
                "status": self.status,
                "deleted": self.deleted,
                "rate_limit_per_minute": self.rate_limit_per_minute,
                "domain": self.domain,
                "settings": dict(self.settings),
                "keys": [
                    {
                        "id": key.id,
                        "key_hash": key.key_hash,
                        "permissions": sorted(key.permissions),
                        "expires_at": key.expires_at,
                    }
                    for key in self.keys
                ],
                "parameters": self.parameters,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "Application":
        """Return the snapshot that `encode` wrote; ValueError, TypeError or KeyError for anything else."""
        values: dict[str, Any] = orjson.loads(data)
        keys = tuple(
            ApiKey(
                id=UUID(key["id"]) if key["id"] else None,
                key_hash=key["key_hash"],
                permissions=frozenset(key["permissions"]),
                expires_at=datetime.fromisoformat(key["expires_at"]) if key["expires_at"] else None,
            )
            for key in values.pop("keys")
        )
        parameters = tuple(values.pop("parameters", ()))
        return cls(**{**values, "id": UUID(values["id"]), "keys": keys, "parameters": parameters})
