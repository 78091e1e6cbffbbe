"""Settings over HTTP."""

import pytest

from tests.support.managing import Managing, data, error
from tracker.application import Application

SETTINGS = "/v1/applications/shop/settings"


def test_settings_are_listed_with_what_they_mean(managing: Managing, application: Application) -> None:
    rows = data(managing.get(SETTINGS))["items"]
    assert {row["setting_key"]: row["setting_value"] for row in rows}["bot_filter"] == "drop"
    assert all(row["is_default"] and row["meaning"] and row["accepted"] for row in rows)


def test_a_setting_is_set_shown_and_left_to_its_default(managing: Managing, application: Application) -> None:
    for reference in ("shop", str(application.id)):
        path = f"/v1/applications/{reference}/settings/bot_filter"
        assert data(managing.put(path, {"setting_value": " KEEP "}))["setting_value"] == "keep"
        assert data(managing.get(path))["is_default"] is False
        assert data(managing.delete(path))["setting_value"] == "drop"
        assert data(managing.get(path))["is_default"] is True


def test_several_settings_change_together_or_not_at_all(managing: Managing, application: Application) -> None:
    wrong = managing.patch(SETTINGS, {"bot_filter": "keep", "max_url_length": "long"})
    assert error(wrong) == (400, "VALIDATION_ERROR")
    assert list(wrong.get_json()["error"]["details"]) == ["max_url_length"]
    assert data(managing.get(f"{SETTINGS}/bot_filter"))["is_default"] is True
    rows = data(managing.patch(SETTINGS, {"bot_filter": "keep", "max_url_length": "100"}))["items"]
    assert [row["setting_value"] for row in rows] == ["keep", "100"]
    assert data(managing.patch(SETTINGS, {"bot_filter": None}))["items"][0]["is_default"] is True


def test_an_unknown_setting_is_refused_with_the_nearest_known_one(managing: Managing, application: Application) -> None:
    answer = managing.put(f"{SETTINGS}/bot_filters", {"setting_value": "keep"})
    assert error(answer) == (404, "NOT_FOUND")
    assert "Do you mean bot_filter?" in answer.get_json()["error"]["message"]
    assert error(managing.patch(SETTINGS, {"bot_filters": "keep"})) == (400, "VALIDATION_ERROR")


def test_of_two_who_saw_the_same_value_only_one_changes_it(managing: Managing, application: Application) -> None:
    path = f"{SETTINGS}/bot_filter"
    seen = {"If-Match": managing.get(path).headers["ETag"]}
    changed = managing.put(path, {"setting_value": "keep"}, headers=seen)
    assert changed.status_code == 200
    assert error(managing.put(path, {"setting_value": "drop"}, headers=seen)) == (412, "PRECONDITION_FAILED")
    assert error(managing.delete(path, headers={"If-Match": '"other"'})) == (412, "PRECONDITION_FAILED")
    assert data(managing.get(path))["setting_value"] == "keep"
    assert managing.delete(path, headers={"If-Match": changed.headers["ETag"]}).status_code == 200
    assert managing.put(path, {"setting_value": "keep"}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("retention_days", ("30", "7", "31")),
        ("retention_days", ("30", "29", "0")),
        ("daily_megabytes", ("100", "1", "0")),
        ("max_url_length", ("500", "0", "501")),
        ("max_user_agent_length", ("500", "100", "2000")),
        ("address_share_percent", ("10", "1", "11")),
    ],
)
def test_an_owner_lowers_a_limit_and_raises_it_no_further_than_the_operator_did(
    managing: Managing, application: Application, application_key: str, setting: str, values: tuple[str, str, str]
) -> None:
    operators, lower, higher = values
    path = f"{SETTINGS}/{setting}"

    def by_owner(value: str) -> tuple[int, str | None]:
        answer = managing.put(path, {"setting_value": value}, key=application_key)
        return (200, None) if answer.status_code == 200 else error(answer)

    assert by_owner(higher) == (200, None)
    assert managing.put(path, {"setting_value": operators}).status_code == 200
    for value, expected in [
        (lower, (200, None)),
        (operators, (200, None)),
        (higher, (403, "FORBIDDEN")),
        (lower, (200, None)),
        (higher, (403, "FORBIDDEN")),
    ]:
        assert by_owner(value) == expected, value
    assert error(managing.patch(SETTINGS, {"bot_filter": "keep", setting: higher}, key=application_key)) == (
        403,
        "FORBIDDEN",
    )
    assert data(managing.get(f"{SETTINGS}/bot_filter"))["is_default"] is True
    # Left to its default it would be higher too, except where the default is as low.
    assert error(managing.delete(path, key=application_key)) == (403, "FORBIDDEN")
    assert managing.delete(path).status_code == 200
    assert by_owner(higher) == (200, None)


def test_what_the_operator_says_again_holds_though_it_is_the_same(
    managing: Managing, application: Application, application_key: str
) -> None:
    path = f"{SETTINGS}/retention_days"
    assert managing.put(path, {"setting_value": "30"}, key=application_key).status_code == 200
    assert managing.put(path, {"setting_value": "30"}).status_code == 200
    assert error(managing.put(path, {"setting_value": "31"}, key=application_key)) == (403, "FORBIDDEN")
