"""Erasures: asked for here, done by the scheduler; what was done is read as a receipt."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, target
from tracker.api.fields import Text
from tracker.api.pages import PageQuery, not_a_cursor, page, page_of, place_of
from tracker.api.services import current_services
from tracker.application import Application
from tracker.erasure import identifiers, requests
from tracker.hit_values import MAX_IDENTIFIER_LENGTHS
from tracker.management import audit
from tracker.store.database import Transaction

blueprint = Blueprint("erasures", description="Erasing one person's data, with a receipt that names nobody.")

_MAX_ADDRESS_LENGTH = 100


def _names(longest: int, meaning: str) -> fields.List[Any]:
    return fields.List(
        Text(longest, shortest=1),
        load_default=list,
        validate=validate.Length(max=identifiers.MAX_IDENTIFIERS, error=f"At most {identifiers.MAX_IDENTIFIERS}."),
        metadata={"description": meaning},
    )


class ErasureForm(Schema):
    """A person, by at least one identifier; what any of them finds is erased."""

    client_sub_id = _names(MAX_IDENTIFIER_LENGTHS["client_sub_id"], "Hits with one of these.")
    session_id = _names(MAX_IDENTIFIER_LENGTHS["session_id"], "Hits with one of these.")
    ip = _names(_MAX_ADDRESS_LENGTH, "Hits from one of these addresses, as they are stored.")


class DigestView(Schema):
    """An identifier that was named: its kind and a slow hash, salted with the receipt's id."""

    kind = fields.String(required=True)
    scrypt = fields.String(required=True)


class ReceiptView(Schema):
    """What was erased, where and when."""

    id = fields.UUID(required=True)
    app_id = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "waiting, running or done."})
    identifiers = fields.List(fields.Nested(DigestView), required=True)
    requested_at = fields.DateTime(required=True)
    started_at = fields.DateTime(required=True, allow_none=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
    counts = fields.Dict(
        required=True, keys=fields.String(), values=fields.Integer(), metadata={"description": "Rows by place."}
    )
    notes = fields.List(fields.String(), required=True)


@blueprint.route("/v1/applications/<application>/erasures")
class Erasures(MethodView):
    @blueprint.access("data:erase")
    @blueprint.arguments(ErasureForm)
    @blueprint.response(202, ReceiptView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """Ask for a person to be erased. The scheduler begins within seconds; `Location` says where the receipt is."""
        named = identifiers.checked(given["client_sub_id"], given["session_id"], given["ip"])
        app_id, services = target().app_id, current_services()
        receipt = requests.request_person(services.database, app_id, named, now=services.clock.now(), note=_note)
        return answer(receipt, status=202, location=f"/v1/applications/{app_id}/erasures/{receipt.id}")

    @blueprint.access("data:erase")
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, page_of(ReceiptView))
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """List the receipts, the newest first."""
        after = _after(query["cursor"])
        rows = requests.receipts(current_services().database, target().app_id, after=after, limit=query["limit"] + 1)
        return answer(page(rows, query["limit"], lambda erasure: (str(erasure.id),)))


@blueprint.route("/v1/applications/<application>/erasures/<uuid:erasure>")
class OneErasure(MethodView):
    @blueprint.access("data:erase")
    @blueprint.response(200, ReceiptView)
    def get(self, application: str, erasure: UUID) -> Response:  # noqa: ARG002
        """Show one receipt; `state` says whether it is done."""
        return answer(requests.receipt(current_services().database, target().app_id, erasure))


def request_purge(tx: Transaction, application: Application) -> None:
    """Note in the transaction that deletes an application that the scheduler is to purge it."""
    _, is_new = requests.request_purge(tx, application, now=current_services().clock.now())
    if is_new:
        audit.record(tx, caller().actor, application.id, "application.purged", application.app_id)


def _note(tx: Transaction, application: Application, erasure_id: UUID) -> None:
    audit.record(tx, caller().actor, application.id, "erasure.requested", str(erasure_id))


def _after(cursor: str | None) -> UUID | None:
    """List receipts; the cursor is the last receipt's id."""
    place = place_of(cursor, 1)
    if place is None:
        return None
    try:
        return UUID(str(place[0]))
    except ValueError:
        raise not_a_cursor() from None
