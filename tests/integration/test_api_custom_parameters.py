"""Definitions of custom parameters over HTTP."""

import pytest

from tests.support.managing import Managing, data, error
from tests.support.queued_hits import define, rows
from tracker.application import Application
from tracker.diagnostics.work_checks import about_definitions
from tracker.errors import Refused
from tracker.management import parameters
from tracker.parameter_limits import MAX_DEFAULTS_BYTES, MAX_DEFINITIONS
from tracker.store import custom_parameter_definitions
from tracker.store.database import Database

PARAMETERS = "/v1/applications/shop/custom-parameters"


def test_a_definition_is_made_changed_replaced_and_taken_away(
    managing: Managing, application: Application, database: Database
) -> None:
    new = {"parameter_key": "price", "parameter_type": "number", "validation_rules": {"min_value": 0}}
    made = managing.post(PARAMETERS, new)
    assert made.status_code == 201
    assert error(managing.post(PARAMETERS, new)) == (409, "CONFLICT")
    one = f"{PARAMETERS}/price"
    seen = {"If-Match": made.headers["ETag"]}
    assert data(managing.patch(one, {"description": "Net"}, headers=seen))["validation_rules"] == {"min_value": 0}
    assert error(managing.patch(one, {"description": "Gross"}, headers=seen)) == (412, "PRECONDITION_FAILED")
    replaced = managing.put(one, {"parameter_type": "string"})
    assert (replaced.status_code, data(replaced)["description"]) == (200, None)
    assert managing.put(f"{PARAMETERS}/size/of shoe", {"parameter_type": "string"}).status_code == 201
    assert [row["parameter_key"] for row in data(managing.get(PARAMETERS))["items"]] == ["price", "size/of shoe"]
    first = data(managing.get(f"{PARAMETERS}?limit=1"))
    rest = data(managing.get(f"{PARAMETERS}?cursor={first['next_cursor']}"))
    assert [row["parameter_key"] for row in rest["items"]] == ["size/of shoe"]
    assert managing.delete(one).status_code == 200
    assert error(managing.get(one)) == (404, "NOT_FOUND")
    assert len(data(managing.post("/v1/applications/shop/presets/news"))["items"]) == 10
    noted = rows(database, "SELECT action, subject, before ->> 'description', after ->> 'description' FROM audit_log")
    assert ("custom_parameter.updated", "price", None, "Net") in noted


def test_a_definition_that_makes_no_sense_is_refused(managing: Managing, application: Application) -> None:
    for rules in ({"pattern": "("}, {"pattern": r"(a)\1"}, {"min_value": 5}, {"misspelt": 1}, {"max_length": -1}):
        answer = managing.put(f"{PARAMETERS}/word", {"parameter_type": "string", "validation_rules": rules})
        assert error(answer) == (400, "VALIDATION_ERROR"), rules
        assert list(answer.get_json()["error"]["details"]) == ["validation_rules"]
    assert (
        managing.put(
            f"{PARAMETERS}/word", {"parameter_type": "string", "validation_rules": {"pattern": "(a+)+$"}}
        ).status_code
        == 201
    ), "the engine is linear: no pattern that it takes can hold it up"


def test_an_application_has_at_most_so_many_definitions_and_bytes_of_defaults_whoever_writes_them(
    managing: Managing, application: Application, database: Database
) -> None:
    for number in range(4):
        form = {"parameter_type": "string", "default_value": "x" * 1_900}
        assert managing.put(f"{PARAMETERS}/d{number}", form).status_code == 201
    answer = managing.put(f"{PARAMETERS}/d4", {"parameter_type": "string", "default_value": "x" * 1_900})
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.get_json()["error"]["details"]) == ["default_value"]
    for number in range(MAX_DEFINITIONS - 4):
        define(database, application, f"k{number}", "string")
    answer = managing.post(PARAMETERS, {"parameter_key": "one more", "parameter_type": "string"})
    assert list(answer.get_json()["error"]["details"]) == ["parameter_key"]
    assert error(managing.post("/v1/applications/shop/presets/news")) == (400, "VALIDATION_ERROR")
    with pytest.raises(Refused):
        parameters.set_(database, "shop", "one more", {"parameter_type": "string"})
    assert managing.patch(f"{PARAMETERS}/k1", {"description": "still mine"}).status_code == 200
    assert managing.delete(f"{PARAMETERS}/k1").status_code == 200
    assert managing.post(PARAMETERS, {"parameter_key": "one more", "parameter_type": "string"}).status_code == 201


def test_the_operator_is_told_whose_definitions_are_used_in_part(database: Database, application: Application) -> None:
    limits = {"definitions": MAX_DEFINITIONS, "default_bytes": MAX_DEFAULTS_BYTES}
    for number in range(5):
        with database.transaction() as tx:
            assert custom_parameter_definitions.over_limits(tx, **limits) == []
        define(database, application, f"d{number}", "string", default_value="x" * 1_900)
    with database.transaction() as tx:
        [finding] = about_definitions(custom_parameter_definitions.over_limits(tx, **limits))
    assert (finding.level, "shop" in finding.seen) == ("warn", True)
    assert about_definitions([]) == []
