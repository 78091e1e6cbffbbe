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
    email: str | None,
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
        "email": email,
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


def join(tx: Transaction, member_id: UUID, key_id: UUID, *, issuer: str | None, subject: str | None) -> bool:
    """Give an invited person their key, and remember as whom a provider knows them.

    Returns whether the invitation had not been used. Raises Unstorable for who is a member of the application already.
    """
    params = {"id": member_id, "key_id": key_id, "issuer": issuer, "subject": subject}
    return execute(tx, "members/join", params) == 1


def of_identity(tx: Transaction, issuer: str, subject: str) -> list[Row]:
    """Return the applications of somebody whom a provider knows, by name."""
    return fetch_all(tx, "members/of_identity", {"issuer": issuer, "subject": subject})


def key_of_identity(tx: Transaction, issuer: str, subject: str, app_id: str) -> UUID | None:
    """Return the key of somebody whom a provider knows, None where they are no member of the application."""
    row = fetch_one(tx, "members/key_of_identity", {"issuer": issuer, "subject": subject, "app_id": app_id})
    return None if row is None else row["key_id"]


def invitations_of_email(tx: Transaction, email: str, now: datetime) -> list[Row]:
    """Return invitations that were made to an address, as long as they count."""
    return fetch_all(tx, "members/invitations_of_email", {"email": email, "now": now})


def move_key(tx: Transaction, application_id: UUID, old_id: UUID, new_id: UUID) -> None:
    """Let the member whose key was replaced, if there is one, have the new one, and what waits of their invitations."""
    execute(tx, "members/move_key", {"application_id": application_id, "old_id": old_id, "new_id": new_id})


def delete(tx: Transaction, application_id: UUID, member_id: UUID) -> Row | None:
    """Remove a member or an invitation and return what it was, or None where there is none."""
    return fetch_one(tx, "members/delete", {"application_id": application_id, "id": member_id})
