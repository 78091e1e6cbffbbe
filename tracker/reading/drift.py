"""Drift: what arrives in custom parameters beside what their application has defined."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tracker.application import ParameterDefinition
from tracker.reading.asked import asked_of
from tracker.reading.period import Period
from tracker.store import custom_parameter_definitions, custom_parameter_refusals, matching_hits
from tracker.store.database import Database

MAX_DAYS: Final = 92
SAMPLE_SIZE: Final = 20_000
"""The latest hits whose keys are counted."""
_MAX_UNDEFINED: Final = 200

_Seen = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The report; its fields, in this order, are those of the HTTP interface.

    `hits_looked_at`: of so many hits, the latest of the period, the keys were read; `all_hits`: whether they were all.
    `undefined`: keys without a definition, the most frequent first; `undefined_keys` is how many there are.
    `defined`: every definition, also of a key that no hit has. In both, `hits` is how many of the hits looked at have
    the key, `share` the same as a part of 1, `distinct_values` how many different values it has, and `types` how often
    which type of JSON.
    `refused`: how often the definitions refused a value or missed it, over the whole period, by key and reason.
    """

    app_id: str
    start_date: date
    end_date: date
    hits_looked_at: int
    all_hits: bool
    undefined_keys: int
    undefined: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    defined: list[dict[str, Any]]


def read(database: Database, *, app_id: str, period: Period) -> Drift:
    """Report on an application. Raises Refused as `tracker.reading.statistics.read` does, and DatabaseUnavailable."""
    period.demand_at_most(MAX_DAYS, "the drift of parameters")
    with asked_of(database, app_id) as (tx, application):
        definitions = custom_parameter_definitions.by_application(tx, [application.id]).get(application.id, ())
        seen = matching_hits.seen_keys(tx, application, period.start, period.end, limit=SAMPLE_SIZE)
        refused = custom_parameter_refusals.by_reason(tx, application.id, period.first, period.last)
    by_key = {key["key"]: key for key in seen.keys}
    defined = {definition.parameter_key for definition in definitions}
    undefined = [_seen(key, seen.looked_at) for key in seen.keys if key["key"] not in defined]
    return Drift(
        app_id=application.app_id,
        start_date=period.first,
        end_date=period.last,
        hits_looked_at=seen.looked_at,
        all_hits=seen.looked_at < SAMPLE_SIZE,
        undefined_keys=len(undefined),
        undefined=undefined[:_MAX_UNDEFINED],
        refused=refused,
        defined=[
            _defined(definition, by_key.get(definition.parameter_key), seen.looked_at) for definition in definitions
        ],
    )


def _seen(sightings: _Seen, looked_at: int) -> dict[str, Any]:
    return {
        "parameter_key": sightings["key"],
        "hits": sightings["hits"],
        "share": round(sightings["hits"] / looked_at, 4),
        "distinct_values": sightings["different"],
        "types": sightings["types"],
    }


def _defined(definition: ParameterDefinition, sightings: _Seen | None, looked_at: int) -> dict[str, Any]:
    seen = _seen(sightings or {"key": definition.parameter_key, "hits": 0, "different": 0, "types": {}}, looked_at or 1)
    return {"parameter_key": definition.parameter_key, "parameter_type": definition.parameter_type, **seen}
