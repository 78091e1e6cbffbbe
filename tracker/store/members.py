"""The table `members`: people of an application, who have a key each, and invitations that wait."""

from datetime import datetime
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all, fetch_one


def list_rows(tx: Transaction, application_id: UUID) -> list[Row]:
    """Return members and invitations, the oldest first; the latter have no `key_id`."""
    return fetch_all(tx, "members/list_rows", {"application_id": application_id})


def insert(
    tx: Transaction,
    application_id: UUID,
    *,
    name: str,
    role: str,
    token_hash: str,
    expires_at: datetime,
    invited_by: str,
    invited_by_key_id: UUID | None,
) -> UUID:
    """Add an invitation by the hash of its token, and return its id."""
    params = {
        "application_id": application_id,
        "name": name,
        "role": role,
        "token_hash": token_hash,
        "expires_at": expires_at,
        "invited_by": invited_by,
        "invited_by_key_id": invited_by_key_id,
    }
    row = fetch_one(tx, "members/insert", params)
    assert row is not None
    member_id: UUID = row["id"]
    return member_id


def find_invitation(tx: Transaction, token_hash: str, now: datetime) -> Row | None:
    """Return the invitation whose token has this hash, while it counts."""
    return fetch_one(tx, "members/find_invitation", {"token_hash": token_hash, "now": now})


def join(tx: Transaction, member_id: UUID, key_id: UUID) -> bool:
    """Give an invited person their key; whether the invitation had not been used."""
    return execute(tx, "members/join", {"id": member_id, "key_id": key_id}) == 1


def move_key(tx: Transaction, old_id: UUID, new_id: UUID) -> None:
    """Let the member whose key was replaced, if there is one, have the new one."""
    execute(tx, "members/move_key", {"old_id": old_id, "new_id": new_id})


def delete(tx: Transaction, application_id: UUID, member_id: UUID) -> Row | None:
    """Remove a member or an invitation and return what it was, or None where there is none."""
    return fetch_one(tx, "members/delete", {"application_id": application_id, "id": member_id})
