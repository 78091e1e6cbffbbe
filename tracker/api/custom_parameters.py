"""Definitions of custom parameters."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, notify_receivers, target
from tracker.api.fields import Flag, JsonObjectField, QueryFlag, Text, choice
from tracker.api.pages import PageQuery, page_after, page_of
from tracker.api.services import current_services
from tracker.management import parameters
from tracker.management.definition_check import TYPES

blueprint = Blueprint(
    "custom-parameters", description="What a custom parameter may hold, and that its values are kept for statistics."
)

_PATH = "/v1/applications/<application>/custom-parameters"
_MAX_TEXT_LENGTH = 10_000


class DefinitionView(Schema):
    """A definition."""

    application_id = fields.UUID(required=True)
    parameter_key = fields.String(required=True)
    parameter_name = fields.String(required=True)
    parameter_type = fields.String(required=True, validate=choice(*TYPES))
    description = fields.String(required=True, allow_none=True)
    is_required = fields.Boolean(required=True)
    default_value = fields.String(required=True, allow_none=True)
    validation_rules = fields.Dict(required=True, allow_none=True)


class DefinitionQuery(PageQuery):
    """Which definitions."""

    parameter_type = fields.String(validate=choice(*TYPES), load_default=None)
    is_required = QueryFlag(load_default=None)


class DefinitionChanges(Schema):
    """What is to change; the rest stays."""

    parameter_name = Text(255, shortest=1)
    parameter_type = fields.String(validate=choice(*TYPES))
    description = Text(_MAX_TEXT_LENGTH, allow_none=True)
    is_required = Flag()
    default_value = Text(_MAX_TEXT_LENGTH, allow_none=True)
    validation_rules = JsonObjectField(
        allow_none=True,
        metadata={"description": "allowed_values, min_value, max_value, pattern (RE2), max_length: what the type has."},
    )


class DefinitionForm(DefinitionChanges):
    """A whole definition; what is left out gets its default, the name its key."""

    parameter_type = fields.String(validate=choice(*TYPES), required=True)


class NewDefinitionForm(DefinitionForm):
    """A new definition."""

    parameter_key = Text(100, shortest=1, required=True)


class DefinitionList(Schema):
    """Definitions."""

    items = fields.List(fields.Nested(DefinitionView), required=True)


@blueprint.route(_PATH)
class AllDefinitions(MethodView):
    @blueprint.access("params:write|stats:read")
    @blueprint.arguments(DefinitionQuery, location="query")
    @blueprint.response(200, page_of(DefinitionView))
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List an application's definitions, by key."""
        rows = [
            row
            for row in parameters.list_(current_services().database, target().app_id)
            if query["parameter_type"] in (None, row.parameter_type) and query["is_required"] in (None, row.is_required)
        ]
        return answer(page_after(rows, query, lambda row: (row.parameter_key,)))

    @blueprint.access("params:write", conflicts=True)
    @blueprint.arguments(NewDefinitionForm)
    @blueprint.response(201, DefinitionView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Define a parameter."""
        key = given.pop("parameter_key")
        row = parameters.create(current_services().database, target().app_id, key, given, by=caller().actor)
        notify_receivers()
        return answer(row, status=201, versioned=True)


@blueprint.route(f"{_PATH}/<path:key>")
class OneDefinition(MethodView):
    @blueprint.access("params:write|stats:read")
    @blueprint.response(200, DefinitionView)
    def get(self, application: str, key: str) -> Response:  # noqa: ARG002
        """Show one definition."""
        return answer(parameters.get(current_services().database, target().app_id, key), versioned=True)

    @blueprint.access("params:write", conditional=True)
    @blueprint.arguments(DefinitionForm)
    @blueprint.response(200, DefinitionView)
    @blueprint.alt_response(201, schema=DefinitionView, description="It is new.", success=True)
    def put(self, given: dict[str, Any], application: str, key: str) -> Response:  # noqa: ARG002
        """Define a parameter, or define it anew."""
        row, is_new = parameters.put(
            current_services().database, target().app_id, key, given, by=caller().actor, expected=expected()
        )
        notify_receivers()
        return answer(row, status=201 if is_new else 200, versioned=True)

    @blueprint.access("params:write", conditional=True)
    @blueprint.arguments(DefinitionChanges)
    @blueprint.response(200, DefinitionView)
    def patch(self, given: dict[str, Any], application: str, key: str) -> Response:  # noqa: ARG002
        """Change some of a definition."""
        row = parameters.change(
            current_services().database, target().app_id, key, given, by=caller().actor, expected=expected()
        )
        notify_receivers()
        return answer(row, versioned=True)

    @blueprint.access("params:write", conditional=True)
    @blueprint.response(200, DefinitionView)
    def delete(self, application: str, key: str) -> Response:  # noqa: ARG002
        """Delete a definition; values stored under it stay."""
        gone = parameters.get(current_services().database, target().app_id, key)
        parameters.delete(current_services().database, target().app_id, key, by=caller().actor, expected=expected())
        notify_receivers()
        return answer(gone)


@blueprint.route("/v1/applications/<application>/presets/<name>")
class OnePreset(MethodView):
    @blueprint.access("params:write")
    @blueprint.response(200, DefinitionList)
    def post(self, application: str, name: str) -> Response:  # noqa: ARG002
        """Define a whole set of parameters, `ecommerce` or `news`; definitions of the same keys are overwritten."""
        rows = parameters.apply_preset(current_services().database, target().app_id, name, by=caller().actor)
        notify_receivers()
        return answer({"items": rows})
