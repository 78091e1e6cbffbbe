"""The blueprint of every resource: flask-smorest's, with this project's envelope, errors, callers and versions.

A view of one resource reads:

    blueprint = Blueprint("settings", description="...")

    @blueprint.route("/v1/applications/<application>/settings/<key>")
    class OneSetting(MethodView):
        @blueprint.access("settings:write")
        @blueprint.response(200, SettingView)
        def get(self, application: str, key: str) -> Response:
            return answer(settings.get(parts().database, target().app_id, key), versioned=True)

`access` stands on top and runs first: who may not see a thing does not learn what is wrong with their arguments either.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

import flask_smorest
from flask.views import MethodView
from marshmallow import Schema

from tracker.api.answers import enveloped
from tracker.api.arguments import Arguments
from tracker.api.caller import ADMIN_ONLY, ANY_KEY, FIRST_KEY, access, identify

View = TypeVar("View", bound=Callable[..., Any])
T = TypeVar("T")

_NEEDED = "_needed_permission"
_BODY_ERRORS = (HTTPStatus.LENGTH_REQUIRED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_USUAL_ERRORS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "The `ETag` of what the change was made from; where it is another by now, nothing is changed (412).",
    "required": False,
    "schema": {"type": "string"},
}


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc] # it has no types
    """A resource of the API. `name` is its heading in the document, `description` the text below it."""

    ARGUMENTS_PARSER = Arguments()

    def __init__(self, name: str, *, description: str) -> None:
        super().__init__(name, f"tracker.api.{name}", description=description)
        self.before_request(identify)
        self._prepare_doc_cbks.append(_document_access)

    def route(self, rule: str, **options: Any) -> Callable[[T], T]:  # noqa: ANN401 Flask's signature
        """Add a view. One that does not say who may use it is a fault of the programmer's."""
        add: Callable[[T], T] = super().route(rule, **options)

        def decorator(view: T) -> T:
            named = view.methods if isinstance(view, type(MethodView)) else None
            for method in [getattr(view, name.lower()) for name in named] if named else [view]:
                if not hasattr(method, _NEEDED):
                    raise TypeError(f"{rule}: {method} does not say who may use it: add @blueprint.access(...).")
            return add(view)

        return decorator

    def arguments(self, schema: type[Schema], *, location: str = "json", **options: Any) -> Callable[[View], View]:  # noqa: ANN401
        """Check the JSON body, or the query (`location="query"`), and hand it to the view as its first argument."""
        decorator: Callable[[View], View] = super().arguments(schema, location=location, **options)
        return decorator

    def response(self, status_code: int, schema: type[Schema] | None = None, **options: Any) -> Callable[[View], View]:  # noqa: ANN401
        """Describe what a view answers: `schema` is the form of the `data` in the envelope."""
        decorator: Callable[[View], View] = super().response(status_code, schema, **options)
        return decorator

    def alt_response(self, status_code: int, *args: Any, **options: Any) -> Callable[[View], View]:  # noqa: ANN401
        """Describe what a view answers in other cases."""
        decorator: Callable[[View], View] = super().alt_response(status_code, *args, **options)
        return decorator

    def access(
        self, permission: str, *, about: str | None = "path", conditional: bool = False, conflicts: bool = False
    ) -> Callable[[View], View]:
        """Say what a view asks of its caller, and about which application it is: see `tracker.api.caller.access`.

        For the document: `conditional` views heed `If-Match`, and some views answer 409 where something `conflicts`.
        """

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 any view's
                access(permission, kwargs, about=about)
                return view(*args, **kwargs)

            wrapper._apidoc = deepcopy(getattr(view, "_apidoc", {}))  # type: ignore[attr-defined] # noqa: SLF001 the place where flask-smorest's decorators write
            wrapper._apidoc["access"] = {  # type: ignore[attr-defined] # noqa: SLF001
                "permission": permission,
                "conditional": conditional,
                "conflicts": conflicts,
            }
            setattr(wrapper, _NEEDED, permission)
            return wrapper  # type: ignore[return-value] # the same signature

        return decorator

    @staticmethod
    def _make_doc_response_schema(schema: Schema | None) -> Any:  # noqa: ANN401 flask-smorest's signature
        """Return the envelope around what a view answers."""
        return enveloped(type(schema)) if isinstance(schema, Schema) else schema


def _document_access(doc: dict[str, Any], doc_info: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: ANN401 flask-smorest's
    """Return what every operation may answer, and who may call it."""
    needed = doc_info["access"]
    responses = doc.setdefault("responses", {})
    errors = [*_USUAL_ERRORS]
    if "requestBody" in doc:
        errors += _BODY_ERRORS
    if needed["conflicts"]:
        errors.append(HTTPStatus.CONFLICT)
    if needed["conditional"]:
        errors.append(HTTPStatus.PRECONDITION_FAILED)
        doc.setdefault("parameters", []).append(_IF_MATCH)
    for status in errors:
        responses[str(int(status))] = status.name
        responses.pop(int(status), None)
    permission = needed["permission"]
    told = doc_info["docstring"]
    told["description"] = "\n\n".join(filter(None, (told.get("description"), _who_may(permission))))
    doc["security"] = [{"bearer": []}] if permission == ADMIN_ONLY else [{"key": []}, {"bearer": []}]
    return doc


def _who_may(permission: str) -> str:
    if permission == ADMIN_ONLY:
        return "Needs the admin token."
    if permission == FIRST_KEY:
        return "Needs the application's first key, or the admin token."
    if permission == ANY_KEY:
        return "Needs any key of the application, or the admin token."
    return f"Needs a key with the permission `{permission.replace('|', '` or `')}`, or the admin token."
