"""An application's settings, from the command line to what becomes of its hits."""

import pytest

from tests.support.command_line import tracker
from tracker.application import Application
from tracker.application_settings import SETTINGS
from tracker.config import Settings
from tracker.store import applications
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")


def test_settings_are_listed_with_what_holds(settings: Settings) -> None:
    listed = tracker(settings, "settings", "list", "--app-id", "shop", "--json")
    assert listed.status == 0, listed.errors
    rows = {row["setting_key"]: row for row in listed.json}
    assert list(rows) == list(SETTINGS)
    assert rows["ip_anonymization"]["setting_value"] == rows["ip_anonymization"]["default"] == "last_octet"
    assert all(row["is_default"] and row["meaning"] and row["accepted"] for row in rows.values())
    plain = tracker(settings, "settings", "list", "--app-id", "shop")
    assert "origin_check" in plain.output


def test_a_setting_is_set_shown_and_left_to_its_default(
    settings: Settings, database: Database, application: Application
) -> None:
    done = tracker(settings, "settings", "set", "bot_filter", " KEEP ", "--app-id", "shop", "--json")
    assert (done.status, done.json["setting_value"], done.json["is_default"]) == (0, "keep", False)
    names = tracker(settings, "settings", "set", "stripped_query_parameters", "Voucher", "--app-id", "shop", "--json")
    assert names.json["setting_value"] == "voucher"
    with database.transaction() as tx:
        shop = applications.find(tx, "shop")
    assert shop is not None
    assert shop.settings == {"bot_filter": "keep", "stripped_query_parameters": "voucher"}
    shown = tracker(settings, "settings", "get", "bot_filter", "--app-id", "shop")
    assert "keep" in shown.output
    undone = tracker(settings, "settings", "unset", "bot_filter", "--app-id", "shop", "--json")
    assert (undone.status, undone.json["setting_value"], undone.json["is_default"]) == (0, "drop", True)
    assert tracker(settings, "settings", "unset", "bot_filter", "--app-id", "shop").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "bot_filters", "keep"), "Do you mean bot_filter?"),
        (("get", "ip_anonymisation"), "Do you mean ip_anonymization?"),
        (("unset", "xyzzy"), "There are custom_params_mode, "),
        (("set", "bot_filter", "perhaps"), "it takes drop or keep"),
        (("set", "max_url_length", "9000"), "a whole number from 0 to 8192"),
        (("set", "allow_localhost", "yes"), "it takes true or false"),
        (("set", "stripped_query_parameters", "a b"), "separated by commas"),
    ],
)
def test_what_is_not_known_or_not_taken_is_refused_with_advice(
    settings: Settings, arguments: tuple[str, ...], words: str
) -> None:
    refused = tracker(settings, "settings", *arguments, "--app-id", "shop")
    assert refused.status == 1
    assert words in refused.errors
    assert tracker(settings, "settings", *arguments, "--app-id", "nobody").status == 1
