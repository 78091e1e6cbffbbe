"""Definitions of custom parameters over HTTP."""

from tests.managing import Managing, data, error
from tests.queued_hits import rows
from tracker.application import Application
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
