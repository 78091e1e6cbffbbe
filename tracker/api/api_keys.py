"""API keys of an application. The key it was made with goes by the id `first`."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, notify_receivers, target
from tracker.api.fields import CONTROLS, Moment, QueryFlag, Text, Whole, choice
from tracker.api.pages import PageQuery, page_after, page_of
from tracker.api.services import current_services
from tracker.application import PERMISSIONS
from tracker.management import keys
from tracker.management.keys import DEFAULT_GRACE, MAX_GRACE_SECONDS, KeyRow

blueprint = Blueprint("api-keys", description="API keys: what each may, until when, and when it was last used.")

_PATH = "/v1/applications/<application>/api-keys"
_NAME = f"^[^{CONTROLS}]*[^{CONTROLS}\\s][^{CONTROLS}]*$"


class KeyView(Schema):
    """A key; the key itself is shown once, when it is made."""

    id = fields.String(required=True, metadata={"description": "A UUID, or `first`."})
    name = fields.String(required=True, allow_none=True)
    permissions = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)
    last_used_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Written about once a minute."}
    )
    expires_at = fields.DateTime(required=True, allow_none=True)
    is_active = fields.Boolean(required=True)
    created_at = fields.DateTime(required=True)


class NewKeyView(KeyView):
    """A key that was just made, with the key itself, this once."""

    api_key = fields.String(required=True)


class KeyQuery(PageQuery):
    """Which keys."""

    is_active = QueryFlag(load_default=None)


def _permissions(**more: Any) -> fields.List[Any]:  # noqa: ANN401 marshmallow's options
    told = " ".join(f"`{name}`: {meaning}" for name, meaning in PERMISSIONS.items())
    return fields.List(
        fields.String(validate=choice(*PERMISSIONS)),
        validate=validate.Length(1, 50, error="Must name 1 to 50 permissions."),
        metadata={"description": told},
        **more,
    )


class KeyChanges(Schema):
    """What is to change; the rest stays."""

    name = Text(255, shortest=1, allow_none=True, pattern=_NAME)
    permissions = _permissions()
    expires_at = Moment(allow_none=True, metadata={"description": "In the future; null: it does not end."})


class NewKeyForm(KeyChanges):
    """A new key."""

    permissions = _permissions(required=True)


class WholeKeyForm(NewKeyForm):
    """All that there is to say of a key; what is left out gets its default: no name, no end."""

    name = Text(255, shortest=1, allow_none=True, pattern=_NAME, load_default=None)
    expires_at = Moment(allow_none=True, load_default=None, metadata={"description": "In the future; null: no end."})


class RotationForm(Schema):
    """How long the old key goes on counting."""

    grace_seconds = Whole(0, MAX_GRACE_SECONDS, load_default=DEFAULT_GRACE)


@blueprint.route(_PATH)
class AllKeys(MethodView):
    @blueprint.access("keys:write")
    @blueprint.arguments(KeyQuery, location="query")
    @blueprint.response(200, page_of(KeyView))
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List an application's keys: the first one, then the others, oldest first, revoked ones too."""
        rows = [
            row
            for row in keys.list_(current_services().database, target().app_id)
            if query["is_active"] in (None, row.is_active)
        ]
        return answer(page_after(rows, query, _place))

    @blueprint.access("keys:write")
    @blueprint.arguments(NewKeyForm)
    @blueprint.response(201, NewKeyView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Create a key with no more permissions than the caller's; it is shown only this once."""
        row, api_key = keys.create(current_services().database, target().app_id, by=caller().actor, **given)
        notify_receivers()
        return answer(keys.shown(row, api_key), status=201)


@blueprint.route(f"{_PATH}/<key_id>")
class OneKey(MethodView):
    @blueprint.access("keys:write")
    @blueprint.response(200, KeyView)
    def get(self, application: str, key_id: str) -> Response:  # noqa: ARG002
        """Show one key."""
        return answer(keys.get(current_services().database, target().app_id, key_id), versioned=True)

    @blueprint.access("keys:write", conditional=True, conflicts=True)
    @blueprint.arguments(WholeKeyForm)
    @blueprint.response(200, KeyView)
    def put(self, given: dict[str, Any], application: str, key_id: str) -> Response:  # noqa: ARG002
        """Replace a key's name, permissions and expiry."""
        return _changed_to(given, key_id)

    @blueprint.access("keys:write", conditional=True, conflicts=True)
    @blueprint.arguments(KeyChanges)
    @blueprint.response(200, KeyView)
    def patch(self, given: dict[str, Any], application: str, key_id: str) -> Response:  # noqa: ARG002
        """Change a key's name, permissions or expiry."""
        return _changed_to(given, key_id)

    @blueprint.access("keys:write", conditional=True, conflicts=True)
    @blueprint.response(200, KeyView)
    def delete(self, application: str, key_id: str) -> Response:  # noqa: ARG002
        """Revoke a key; within 5 seconds it is void everywhere."""
        row = keys.revoke(current_services().database, target().app_id, key_id, by=caller().actor, expected=expected())
        notify_receivers()
        return answer(row, versioned=True)


@blueprint.route(f"{_PATH}/<key_id>/rotate")
class Rotation(MethodView):
    @blueprint.access("keys:write", conditional=True, conflicts=True)
    @blueprint.arguments(RotationForm)
    @blueprint.response(201, NewKeyView)
    def post(self, given: dict[str, int], application: str, key_id: str) -> Response:  # noqa: ARG002
        """Rotate a key: a new one replaces it, and the old one stays valid for a grace period."""
        row, api_key = keys.rotate(
            current_services().database, target().app_id, key_id, by=caller().actor, expected=expected(), **given
        )
        notify_receivers()
        return answer(keys.shown(row, api_key), status=201)


def _changed_to(given: dict[str, Any], key_id: str) -> Response:
    row = keys.update(
        current_services().database, target().app_id, key_id, given, by=caller().actor, expected=expected()
    )
    notify_receivers()
    return answer(row, versioned=True)


def _place(key: KeyRow) -> tuple[str, str]:
    return ("" if key.id == keys.FIRST else key.created_at.isoformat(), str(key.id))
