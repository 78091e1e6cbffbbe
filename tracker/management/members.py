"""People of an application: invited by a link, with a role; each who joins has a key of their own.

So a person may what their key may, a change of theirs stands in the audit log under that key, and whoever is removed
is refused with the next request.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast
from uuid import UUID

from tracker.application import PERMISSIONS, Application, hash_key
from tracker.errors import Refused, conflict, invalid, not_found
from tracker.management import keys
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.keys import KeyRow
from tracker.management.known_application import known, locked
from tracker.management.names import id_of, name_of
from tracker.store import api_keys, members
from tracker.store.database import Database, Transaction
from tracker.store.queries import Row

Role = Literal["owner", "editor", "viewer"]
ROLES: Final[Mapping[Role, tuple[str, ...]]] = {
    "owner": tuple(PERMISSIONS),
    "editor": ("stats:read", "export:read", "params:write", "settings:write"),
    "viewer": ("stats:read",),
}
MAX_MEMBERS: Final = 100
MAX_EMAIL_LENGTH: Final = 254
INVITATION_LASTS: Final = timedelta(days=7)
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A member, or an invitation (no `key_id`). `role` is None for one whose key's permissions are those of no role.

    `has_identity` says that they sign in by a provider; `email` is the address that they were invited by, if any.
    `replaced_key_ids` are keys of theirs that others have replaced, which count until their grace ends.
    """

    id: UUID
    name: str
    role: Role | None
    key_id: UUID | None
    is_active: bool
    last_used_at: datetime | None
    expires_at: datetime
    email: str | None
    has_identity: bool
    replaced_key_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is invited to which application, as what."""

    name: str
    role: Role
    app_id: str
    application_name: str
    id: UUID


@dataclass(frozen=True, slots=True)
class MemberIdentity:
    """Somebody as a provider of sign-ins knows them: who it is, its name for them, and an address it has verified."""

    issuer: str
    subject: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Membership:
    """An application that somebody is a member of."""

    app_id: str
    application_name: str
    role: Role | None


def list_(database: Database, app_id: str) -> list[MemberRow]:
    """Return members and invitations, the oldest first. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        return [_row(row) for row in members.list_rows(tx, known(tx, app_id).id)]


def names_by_key(database: Database, app_id: str) -> dict[UUID, str]:
    """Return what members are called by the ids of their keys, those included that others have replaced.

    Raises Refused for an unknown application.
    """
    joined = (member for member in list_(database, app_id) if member.key_id is not None)
    return {key_id: member.name for member in joined for key_id in (member.key_id, *member.replaced_key_ids) if key_id}


def invite(
    database: Database, app_id: str, *, name: str, role: str, now: datetime, email: str = "", by: Actor = COMMAND
) -> tuple[UUID, str]:
    """Invite somebody and return the invitation's id and, this once, its token. Raises Refused.

    Whoever a provider knows by `email` may use it without the token. FORBIDDEN where `by` may less than the role.
    """
    called, chosen, address = name_of(name), _role(role), _email(email)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with database.transaction() as tx:
        application = locked(tx, app_id)
        keys.require_power(tx, by, application, ROLES[chosen], None)
        if len(members.list_rows(tx, application.id)) >= MAX_MEMBERS:
            raise conflict(f"An application has at most {MAX_MEMBERS} members: remove another first.")
        member_id = members.insert(
            tx,
            application.id,
            name=called,
            role=chosen,
            email=address,
            token_hash=hash_key(token),
            expires_at=now + INVITATION_LASTS,
            invited_by=by.kind,
            invited_by_key_id=by.key_id,
        )
        note(
            tx,
            by,
            application,
            "member.invited",
            str(member_id),
            after={"name": called, "role": chosen, "email": address},
        )
    return member_id, token


def invitation_of(database: Database, token: str, now: datetime) -> Invitation | None:
    """Return the invitation of a token, while it counts."""
    with database.transaction() as tx:
        row = members.find_invitation(tx, hash_key(token), now)
    return None if row is None else _invitation(row)


def invitations_to(database: Database, person: MemberIdentity, now: datetime) -> list[Invitation]:
    """Return the invitations that name the person's address, as long as they count."""
    if person.email is None:
        return []
    with database.transaction() as tx:
        return [_invitation(row) for row in members.invitations_of_email(tx, person.email, now)]


def memberships(database: Database, person: MemberIdentity) -> list[Membership]:
    """Return the applications that somebody is a member of, by name."""
    with database.transaction() as tx:
        rows = members.of_identity(tx, person.issuer, person.subject)
    return [Membership(row["app_id"], row["application_name"], _role_of(row["permissions"])) for row in rows]


def join(database: Database, token: str, now: datetime, person: MemberIdentity | None = None) -> tuple[str, str]:
    """Use an invitation and return the application's app_id and, this once, the person's key.

    Raises Refused: NOT_FOUND for an invitation that does not count any more, FORBIDDEN where whoever invited may not
    do so any more, CONFLICT for a `person` who is a member already.
    """
    with database.transaction() as tx:
        return _join(tx, members.find_invitation(tx, hash_key(token), now), person)


def join_by_email(database: Database, invitation_id: str, now: datetime, person: MemberIdentity) -> str:
    """Use an invitation that names the person's address, and return the application's app_id. Raises as `join` does."""
    with database.transaction() as tx:
        rows = [] if person.email is None else members.invitations_of_email(tx, person.email, now)
        return _join(tx, next((row for row in rows if str(row["id"]) == invitation_id), None), person)[0]


def _join(tx: Transaction, waiting: Row | None, person: MemberIdentity | None) -> tuple[str, str]:
    if waiting is None:
        raise _gone()
    application = locked(tx, waiting["app_id"])
    if person is not None and members.key_of_identity(tx, person.issuer, person.subject, application.app_id):
        raise conflict("You are a member of this application already.")
    inviter = Actor(waiting["invited_by"], waiting["invited_by_key_id"])
    key_id, api_key = keys.add(
        tx, application, permissions=ROLES[_role(waiting["role"])], name=waiting["name"], by=inviter
    )
    issuer, subject = (None, None) if person is None else (person.issuer, person.subject)
    if not members.join(tx, waiting["id"], key_id, issuer=issuer, subject=subject):
        raise _gone()  # Somebody else has used it since; the transaction takes the key back.
    after = {"name": waiting["name"], "role": waiting["role"], "key_id": key_id, "issuer": issuer, "subject": subject}
    note(tx, Actor("key", key_id), application, "member.joined", str(waiting["id"]), after=after)
    return application.app_id, api_key


def change_role(database: Database, app_id: str, member_id: str, role: str, *, by: Actor = COMMAND) -> None:
    """Give a member another role. Raises Refused, FORBIDDEN also where `by` may less than either role."""
    chosen = _role(role)
    with database.transaction() as tx:
        application = locked(tx, app_id)
        member = _member(members.list_rows(tx, application.id), member_id)
        if member.key_id is None:
            raise conflict("Whoever is invited has no role yet: withdraw the invitation, and make another.")
        changes = {"permissions": list(ROLES[chosen])}
        keys.change(tx, application, keys.key_of(tx, application, str(member.key_id)), changes, by=by)
        for key in _replaced(tx, application, member):
            keys.change(tx, application, key, changes, by=by)


def remove(database: Database, app_id: str, member_id: str, *, by: Actor = COMMAND) -> None:
    """Remove a member, whose keys end at once, or withdraw an invitation. Raises Refused as `change_role` does."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        member = _member(members.list_rows(tx, application.id), member_id)
        ending = _replaced(tx, application, member)
        if member.key_id is not None and member.is_active:
            ending.append(keys.key_of(tx, application, str(member.key_id)))
        for key in ending:
            keys.require_power(tx, by, application, [name for name in PERMISSIONS if name in key.permissions], None)
            api_keys.revoke(tx, application.id, cast(UUID, key.id))
        members.delete(tx, application.id, member.id)
        before = {"name": member.name, "role": member.role, "key_id": member.key_id}
        note(tx, by, application, "member.removed", member_id, before=before)


def _replaced(tx: Transaction, application: Application, member: MemberRow) -> list[KeyRow]:
    """Return the keys that a member had before, and that may still count."""
    rows = [keys.key_of(tx, application, str(key_id)) for key_id in member.replaced_key_ids]
    return [row for row in rows if row.is_active]


def _member(rows: Sequence[Mapping[str, Any]], member_id: str) -> MemberRow:
    wanted = id_of(member_id, "member")
    member = next((_row(row) for row in rows if row["id"] == wanted), None)
    if member is None:
        raise not_found("The application has no such member.")
    return member


def _row(row: Mapping[str, Any]) -> MemberRow:
    role: Role | None = row["role"] if row["key_id"] is None else _role_of(row["permissions"])
    return MemberRow(
        id=row["id"],
        name=row["name"],
        role=role,
        key_id=row["key_id"],
        is_active=bool(row["is_active"]),
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
        email=row["email"],
        has_identity=row["has_identity"],
        replaced_key_ids=row["replaced_key_ids"],
    )


def _invitation(row: Row) -> Invitation:
    return Invitation(row["name"], row["role"], row["app_id"], row["application_name"], row["id"])


def _role_of(permissions: Mapping[str, object] | None) -> Role | None:
    granted = {name for name, is_granted in (permissions or {}).items() if is_granted is True}
    return next((role for role, needed in ROLES.items() if granted == set(needed)), None)


def _email(text: str) -> str | None:
    """Return an address in lower case, as it is compared with what a provider has verified. Raises Refused."""
    address = text.strip()
    if not address:
        return None
    if len(address) > MAX_EMAIL_LENGTH or not re.fullmatch(r"[^\s@]+@[^\s@]+", address) or not address.isprintable():
        raise invalid("The e-mail address is not one.", email=["It must read like name@example.org."])
    return address.encode().lower().decode()  # Of ASCII alone, as there.


def _role(text: str) -> Role:
    if text not in ROLES:
        raise invalid("There is no such role.", role=["Must be one of " + ", ".join(ROLES)])
    return cast(Role, text)


def _gone() -> Refused:
    return not_found("The invitation is not there any more: it was used, withdrawn or has expired. Ask for another.")
