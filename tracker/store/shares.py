"""The table `shares`: links with which anybody may look at one application's numbers.

A link that ends by itself or has a password stands under the hash of its token's hash: a build that knows neither
column, and would open it to anybody for ever, does not find it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tracker.application import hash_key
from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class Share:
    """A link that counts; `frame_origins` are those whose pages may show it in a frame.

    `password_hash` is what `tracker.management.passwords` keeps of its password, None for a link without one.
    """

    id: UUID
    name: str
    app_id: str
    frame_origins: tuple[str, ...]
    password_hash: str | None


def find(tx: Transaction, token_hash: str) -> tuple[Share, datetime] | None:
    """Return the link whose token has this hash, and when its application was last changed."""
    row = fetch_one(tx, "shares/find", {"token_hashes": [token_hash, hash_key(token_hash)]})
    if row is None:
        return None
    share = Share(row["id"], row["name"], row["app_id"], tuple(row["frame_origins"]), row["password_hash"])
    return share, row["updated_at"]


def list_rows(tx: Transaction, application_id: UUID) -> list[Row]:
    """Return an application's links, the oldest first, those included that have expired.

    Each is `id`, `name`, `frame_origins`, `created_at`, `expires_at` and `has_password`.
    """
    return fetch_all(tx, "shares/list_rows", {"application_id": application_id})


def insert(
    tx: Transaction,
    application_id: UUID,
    *,
    name: str,
    token_hash: str,
    frame_origins: Sequence[str],
    expires_at: datetime | None,
    password_hash: str | None,
) -> UUID:
    """Add a link by the hash of its token, and return its id."""
    is_plain = expires_at is None and password_hash is None
    params = {
        "application_id": application_id,
        "name": name,
        "token_hash": token_hash if is_plain else hash_key(token_hash),
        "frame_origins": list(frame_origins),
        "expires_at": expires_at,
        "password_hash": password_hash,
    }
    row = fetch_one(tx, "shares/insert", params)
    assert row is not None
    share_id: UUID = row["id"]
    return share_id


def delete(tx: Transaction, application_id: UUID, share_id: UUID) -> Row | None:
    """Revoke a link and return what it was, or None where there is none."""
    return fetch_one(tx, "shares/delete", {"application_id": application_id, "id": share_id})
