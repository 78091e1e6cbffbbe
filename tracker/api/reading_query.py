# ruff: noqa: ARG002 - the signature of `_deserialize` is marshmallow's
"""What the endpoints that read have in common: the application, the days, and the custom parameters of hits."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields

from tracker.api.fields import Text
from tracker.api.services import current_services
from tracker.json_rules import check, parse
from tracker.reading.period import Period
from tracker.web import timestamps

_MAX_FILTER_LENGTH = 8192
"""Characters; `tracker.reading.parameter_filter` says what the object may hold."""


class DayField(fields.Date):
    """A day, YYYY-MM-DD and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:  # noqa: ANN401 marshmallow's signature
        if not timestamps.DAY.fullmatch(value):
            raise ValidationError("Must be a day, YYYY-MM-DD.")
        return super()._deserialize(value, attr, data, **kwargs)


class ParameterFilter(fields.String):
    """A JSON object in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ANN401 marshmallow's signature
        if len(value) > _MAX_FILTER_LENGTH:
            raise ValidationError(f"Must have at most {_MAX_FILTER_LENGTH} characters.")
        parsed = parse(value.encode("utf-8", "replace"), name="custom_params")
        if not isinstance(parsed.value, dict):
            raise ValidationError("Must be a JSON object.")
        check(parsed.value, suspicious=parsed.suspicious, path="custom_params")
        return parsed.value


class PeriodQuery(Schema):
    """Which application and which days."""

    app_id = Text(50, load_default=None, metadata={"description": "May be left out with a key of an application."})
    start_date = DayField(
        load_default=None, metadata={"description": "First day (UTC); by default a week before the last."}
    )
    end_date = DayField(load_default=None, metadata={"description": "Last day (UTC), included; by default today."})


class FilteredQuery(PeriodQuery):
    """The same, with custom parameters."""

    custom_params = ParameterFilter(
        load_default=None,
        metadata={
            "description": "A JSON object; only what contains it is taken.",
            "examples": ['{"page_type": "product_detail"}'],
        },
    )


def period_of(query: Mapping[str, Any]) -> Period:
    """Return the days that a query asks for. Raises Refused."""
    return Period.of(query["start_date"], query["end_date"], today=current_services().clock.now().date())
