"""What is to be erased is noted first, so that a killed process leaves nothing half done; and the receipts of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from tracker.application import Application
from tracker.erasure.identifiers import Identifiers, columns_of, digests_of, notes_on, person_of
from tracker.errors import invalid, not_found
from tracker.store import applications, erasures, imports
from tracker.store.database import Database, Transaction
from tracker.store.erasures import ErasureKind

Note = Callable[[Transaction, Application, UUID], object]
"""Called in the transaction that notes an erasure: whoever keeps a log of changes writes there who asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was erased, where, when and of whom, without naming anybody.

    `identifiers` are pairs of a kind and a slow hash, salted with the receipt's id (`identifiers.digests_of`).
    `counts` says how many rows went from which place; while it is `waiting` or `running`, so far.
    """

    id: UUID
    app_id: str
    kind: str
    state: str
    identifiers: Sequence[Mapping[str, str]]
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: Mapping[str, int]
    notes: Sequence[str]


def request_person(
    database: Database,
    app_id: str,
    identifiers: Identifiers,
    *,
    now: datetime,
    note: Note = lambda *_: None,
) -> Receipt:
    """Note that a person is to be erased; one who is being erased already is noted once.

    Raises Refused where there is no such application; a deleted one still is one.
    """
    with database.transaction() as tx:
        application = applications.existing(tx, app_id)
        named = columns_of(person_of(application, identifiers))
        notes = notes_on(application, identifiers)
        erasure_id, is_new = _noted(tx, application, "person", named, whose=identifiers, notes=notes, now=now)
        if is_new:
            note(tx, application, erasure_id)
        return _one(tx, application, erasure_id)


def request_purge(tx: Transaction, application: Application, *, now: datetime) -> tuple[UUID, bool]:
    """Note that a deleted application is to be purged, in the caller's transaction; its id, and whether it is new."""
    return _noted(tx, application, "application", {}, now=now)


def request_undoing(
    database: Database, app_id: str, source: str, *, now: datetime, note: Note = lambda *_: None
) -> Receipt:
    """Note that an import is to be undone; one that is being undone already is noted once.

    Raises Refused where there is no such application, or nothing was imported under that name.
    """
    with database.transaction() as tx:
        application = applications.existing(tx, app_id)
        import_id = imports.find(tx, application.id, source)
        if import_id is None:
            raise not_found(
                f"Nothing was imported into {app_id!r} as {source!r}: `python -m tracker import list` shows the names."
            )
        named = {"import": [str(import_id)]}
        notes = [f"The import {source} was undone."]
        erasure_id, is_new = _noted(tx, application, "import", named, notes=notes, now=now)
        if is_new:
            note(tx, application, erasure_id)
        return _one(tx, application, erasure_id)


def receipt(database: Database, app_id: str, erasure_id: UUID) -> Receipt:
    """One receipt. Raises Refused where there is none."""
    with database.transaction() as tx:
        return _one(tx, applications.existing(tx, app_id), erasure_id)


def receipts(database: Database, app_id: str, *, after: UUID | None = None, limit: int = 100) -> list[Receipt]:
    """Return the receipts of an application, the newest first; `after` is the id of the last one of the page before.

    Raises Refused, also (`cursor`) where the application has no such receipt: none comes after that.
    """
    with database.transaction() as tx:
        application = applications.existing(tx, app_id)
        if after is not None and not erasures.list_rows(tx, application.id, erasure_id=after):
            reason = "Is not a cursor that a page of this list ended with."
            raise invalid(f"cursor: {reason}", cursor=[reason])
        rows = erasures.list_rows(tx, application.id, after=after, limit=limit)
    return [_receipt(application, row) for row in rows]


def _noted(
    tx: Transaction,
    application: Application,
    kind: ErasureKind,
    named: Mapping[str, Sequence[str]],
    *,
    whose: Identifiers | None = None,
    notes: Sequence[str] = (),
    now: datetime,
) -> tuple[UUID, bool]:
    """Note an erasure of what is `named`; its id, and whether it is new: the very same that is not done yet is kept.

    The receipt of a person's has digests of `whose` it is.
    """
    erasure_id = erasures.open_like(tx, application_id=application.id, kind=kind, identifiers=named)
    if erasure_id is not None:
        return erasure_id, False
    erasure_id = uuid4()
    erasures.insert(
        tx,
        erasure_id=erasure_id,
        application_id=application.id,
        kind=kind,
        identifiers=named,
        digests=[] if whose is None else digests_of(erasure_id, whose),
        notes=notes,
        requested_at=now,
    )
    return erasure_id, True


def _one(tx: Transaction, application: Application, erasure_id: UUID) -> Receipt:
    rows = erasures.list_rows(tx, application.id, erasure_id=erasure_id)
    if not rows:
        raise not_found(f"The application {application.app_id!r} has no erasure {erasure_id}.")
    return _receipt(application, rows[0])


def _receipt(application: Application, row: Mapping[str, Any]) -> Receipt:
    columns = dict(row)
    return Receipt(app_id=application.app_id, identifiers=columns.pop("digests"), **columns)
