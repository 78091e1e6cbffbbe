"""Settings of an application."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, notify_receivers, target
from tracker.api.fields import Text
from tracker.api.services import current_services
from tracker.application_settings import SETTINGS
from tracker.management import settings

blueprint = Blueprint("settings", description="What holds for an application's hits: domains, bots, privacy.")

_MAX_LENGTH = 20_000


class SettingView(Schema):
    """A setting as it holds."""

    setting_key = fields.String(required=True)
    setting_value = fields.String(required=True)
    default = fields.String(required=True)
    is_default = fields.Boolean(required=True)
    accepted = fields.String(required=True, metadata={"description": "What it takes."})
    meaning = fields.String(required=True)


class SettingList(Schema):
    """All settings; there are not so many that they would need pages."""

    items = fields.List(fields.Nested(SettingView), required=True)


class SettingForm(Schema):
    """A value of the application's own."""

    setting_value = Text(_MAX_LENGTH, required=True)


def _form_of_several() -> type[Schema]:
    members: dict[str, Any] = {
        key: Text(
            _MAX_LENGTH, allow_none=True, metadata={"description": f"{setting.meaning} It takes {setting.accepted}."}
        )
        for key, setting in SETTINGS.items()
    }
    return type("SettingsForm", (Schema,), members)


@blueprint.route("/v1/applications/<application>/settings")
class AllSettings(MethodView):
    @blueprint.access("settings:write")
    @blueprint.response(200, SettingList)
    def get(self, application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List an application's settings, those that are defaults included."""
        return answer({"items": settings.list_(current_services().database, target().app_id)})

    @blueprint.access("settings:write")
    @blueprint.arguments(_form_of_several())
    @blueprint.response(200, SettingList)
    def patch(self, given: dict[str, str | None], application: str) -> Response:  # noqa: ARG002
        """Set several settings at once, or reset them to their defaults (null): all of them, or none."""
        rows = settings.change(current_services().database, target().app_id, given, by=caller().actor)
        notify_receivers()
        return answer({"items": rows})


@blueprint.route("/v1/applications/<application>/settings/<key>")
class OneSetting(MethodView):
    @blueprint.access("settings:write")
    @blueprint.response(200, SettingView)
    def get(self, application: str, key: str) -> Response:  # noqa: ARG002
        """Show one setting, what it takes and what it means."""
        return answer(settings.get(current_services().database, target().app_id, key), versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.arguments(SettingForm)
    @blueprint.response(200, SettingView)
    def put(self, given: dict[str, str], application: str, key: str) -> Response:  # noqa: ARG002
        """Set a setting. It applies to hits within a few seconds."""
        row = settings.set_(
            current_services().database,
            target().app_id,
            key,
            given["setting_value"],
            by=caller().actor,
            expected=expected(),
        )
        notify_receivers()
        return answer(row, versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.response(200, SettingView)
    def delete(self, application: str, key: str) -> Response:  # noqa: ARG002
        """Reset a setting to its default."""
        row = settings.unset(current_services().database, target().app_id, key, by=caller().actor, expected=expected())
        notify_receivers()
        return answer(row, versioned=True)
