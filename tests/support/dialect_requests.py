"""Requests of other trackers' clients, as the dialects read them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome
from tracker.dialects.table import DIALECT_AT, dialect_below
from tracker.errors import Refused

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEY = "alt_key"
TAKEN = HitOutcome(tracking_id=uuid4())
LATER = HitOutcome(refused=Refused("RATE_LIMIT_EXCEEDED", 429, "Later.", retry_after=9))
BAD = HitOutcome(refused=Refused("VALIDATION_ERROR", 400, "Bad.", details={"url": ["Bad."]}))
AWAY = Refused("SERVICE_UNAVAILABLE", 503, "Away.", retry_after=5)


def request(path: str, query: str = "", body: Any = b"", **headers: str) -> ClientRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ClientRequest("POST" if content else "GET", path, query, content, headers, NOW)


def dialect(path: str) -> Dialect:
    dialect_here = DIALECT_AT.get(path) or dialect_below(path)
    assert dialect_here is not None
    return dialect_here


def read(path: str, query: str = "", body: Any = b"", **headers: str) -> list[Any]:
    return list(dialect(path).read(request(path, query, body, **headers)))


def one(path: str, query: str = "", body: Any = b"", **headers: str) -> ClientHit:
    [hit] = read(path, query, body, **headers)
    assert isinstance(hit, ClientHit)
    return hit


def values(*arguments: Any, **headers: str) -> dict[str, Any]:
    client_values = one(*arguments, **headers).values
    assert client_values is not None
    return client_values
