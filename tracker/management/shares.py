"""Links with which anybody may look at one application's numbers: made, listed, revoked.

A token has 256 random bits and is stored as its SHA-256, as keys are (decision 0012).
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from tracker.application import Application, hash_key
from tracker.domains import ascii_host
from tracker.errors import conflict, invalid, not_found
from tracker.management import passwords
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.names import id_of, name_of
from tracker.store import shares
from tracker.store.database import Database, Transaction
from tracker.store.shares import Share

MAX_SHARES: Final = 20
MAX_ORIGINS: Final = 10
_TOKEN_BYTES: Final = 32
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?")


def list_(database: Database, app_id: str) -> list[dict[str, Any]]:
    """Return an application's links without their tokens, the oldest first. Raises Refused."""
    with database.transaction() as tx:
        return shares.list_rows(tx, known(tx, app_id).id)


def find(
    database: Database, token: str, application_of: Callable[[Transaction, str, datetime], Application | None]
) -> tuple[Share, Application] | None:
    """Return the link of a token and its application, as `application_of` finds it, if both are there."""
    with database.look() as tx:
        linked = shares.find(tx, hash_key(token))
        if linked is None:
            return None
        share, changed_at = linked
        application = application_of(tx, share.app_id, changed_at)
    return None if application is None or application.deleted else (share, application)


def create(
    database: Database,
    app_id: str,
    *,
    name: str,
    frame_origins: str = "",
    expires_at: datetime | None = None,
    password: str = "",
    by: Actor = COMMAND,
) -> tuple[UUID, str]:
    """Make a link and return its id and, this once, its token. Raises Refused.

    `frame_origins` are separated by blanks or commas. Whoever comes by a link with a `password` is asked for it; a
    frame on another site, in which nothing can be kept, cannot show such a link.
    """
    columns = {"name": name_of(name), "frame_origins": _origins(frame_origins), "expires_at": expires_at}
    if password and columns["frame_origins"]:
        reason = "A link with a password cannot stand in a frame on another site: leave one of the two out."
        raise invalid(reason, password=[reason])
    if password:
        passwords.require_length(password)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if len(shares.list_rows(tx, application.id)) >= MAX_SHARES:
            raise conflict(f"An application has at most {MAX_SHARES} share links: revoke another first.")
        # Last, since it costs a quarter of a second: who may make no link has none of it.
        password_hash = passwords.hash_of(password) if password else None
        share_id = shares.insert(
            tx,
            application.id,
            token_hash=hash_key(token),
            password_hash=password_hash,
            **columns,  # type: ignore[arg-type] # columns by name
        )
        after = {**columns, "has_password": password_hash is not None}
        note(tx, by, application, "share.created", str(share_id), after=after)
    return share_id, token


def revoke(database: Database, app_id: str, share_id: str, *, by: Actor = COMMAND) -> None:
    """End a link, with the next request. Raises Refused where there is none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = shares.delete(tx, application.id, id_of(share_id, "share link"))
        if gone is None:
            raise not_found("The application has no such share link.")
        note(tx, by, application, "share.revoked", share_id, before=gone)


def _origins(text: str) -> list[str]:
    """Return origins as a browser compares them. Raises Refused for a wildcard, a path, another scheme."""
    origins = list(dict.fromkeys(map(_origin, text.replace(",", " ").split())))
    if len(origins) > MAX_ORIGINS:
        reason = f"At most {MAX_ORIGINS} origins may be named."
        raise invalid(reason, frame_origins=[reason])
    return origins


def _origin(text: str) -> str:
    try:
        split = urlsplit(text)
        host, port = ascii_host(split.hostname or ""), split.port
    except ValueError:
        host, port = None, None
    is_plain = split.path in ("", "/") and not (split.query or split.fragment or split.username)
    if host is None or not _HOST.fullmatch(host) or split.scheme not in ("http", "https") or not is_plain:
        reason = "An origin is a scheme and a host, such as https://www.example.org."
        raise invalid(reason, frame_origins=[reason])
    return f"{split.scheme}://{host}{'' if port is None else f':{port}'}"
