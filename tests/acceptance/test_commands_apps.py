"""Applications and their parameter definitions, by command."""

import re
from uuid import UUID

import pytest

from tests.support.command_line import tracker
from tracker.application import hash_key
from tracker.config import Settings
from tracker.queueing import snapshots
from tracker.queueing.connection import Connection
from tracker.store import applications
from tracker.store.database import Database


def test_a_new_application_gets_an_app_id_and_a_key_that_is_stored_as_its_hash(
    settings: Settings, database: Database
) -> None:
    made = tracker(settings, "apps", "create", "--name", "My Shop", "--domain", "Shop.Example.com", "--json")
    assert made.status == 0, made.errors
    assert UUID(made.json["id"])
    assert re.fullmatch(r"my-shop-[a-z2-9]{16}", made.json["app_id"])
    assert re.fullmatch(r"alt_[A-Za-z0-9_-]{43}", made.json["api_key"])
    assert made.json["domain"] == "shop.example.com"
    with database.transaction() as tx:
        application = applications.find(tx, made.json["app_id"])
    assert application is not None
    assert application.keys[0].key_hash == hash_key(made.json["api_key"])
    shown = tracker(settings, "apps", "show", made.json["app_id"], "--json")
    assert made.json["api_key"] not in shown.output
    assert shown.json["rate_limit_per_minute"] == 1000


def test_people_are_told_to_keep_the_key(settings: Settings) -> None:
    made = tracker(settings, "apps", "create", "--name", "Shop")
    assert re.search(r"^api_key +alt_", made.output, re.MULTILINE)
    assert "cannot be shown again" in made.errors


def test_a_preset_comes_with_the_application_or_neither_does(settings: Settings) -> None:
    made = tracker(settings, "apps", "create", "--name", "N", "--app-id", "news", "--preset", "news", "--json")
    assert made.status == 0, made.errors
    definitions = tracker(settings, "params", "list", "--app-id", "news", "--json").json
    assert len(definitions) == 10
    assert {"parameter_key": "article_tags", "parameter_type": "array", "parameter_name": "タグ"}.items() <= next(
        row for row in definitions if row["parameter_key"] == "article_tags"
    ).items()
    assert tracker(settings, "apps", "create", "--name", "N", "--app-id", "other", "--preset", "no").status == 2
    assert tracker(settings, "apps", "show", "other").status == 1


def test_a_taken_app_id_is_refused(settings: Settings) -> None:
    assert tracker(settings, "apps", "create", "--name", "One", "--app-id", "one").status == 0
    second = tracker(settings, "apps", "create", "--name", "Two", "--app-id", "one", "--json")
    assert (second.status, second.output) == (1, "")
    assert "'one' is taken" in second.errors


def test_aliases_are_given_listed_and_taken_away(settings: Settings) -> None:
    for app_id in ("one", "two"):
        assert tracker(settings, "apps", "create", "--name", app_id, "--app-id", app_id).status == 0
    alias = ("apps", "alias")
    added = tracker(settings, *alias, "add", "--app-id", "one", "--alias", "Straße.example", "--json")
    assert added.json == [{"app_id": "one", "alias": "xn--strae-oqa.example"}]
    assert tracker(settings, *alias, "add", "--app-id", "one", "--alias", "7").status == 0
    taken = tracker(settings, *alias, "add", "--app-id", "two", "--alias", "7")
    assert (taken.status, "Another application has the alias 7" in taken.errors) == (1, True)
    assert len(tracker(settings, *alias, "list", "--app-id", "one", "--json").json) == 2
    assert tracker(settings, *alias, "remove", "--app-id", "one", "--alias", "straße.example").status == 0
    assert tracker(settings, *alias, "list", "--app-id", "one", "--json").json == [{"app_id": "one", "alias": "7"}]
    assert tracker(settings, *alias, "remove", "--app-id", "one", "--alias", "8").status == 1


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--domain", "https://shop.example.com/", "domain"),
        ("--app-id", "no spaces", "app_id"),
        ("--name", " ", "name"),
    ],
)
def test_what_an_application_cannot_have_is_refused(settings: Settings, option: str, value: str, named: str) -> None:
    finished = tracker(settings, "apps", "create", "--name", "Shop", option, value)
    assert (finished.status, finished.output) == (1, "")
    assert f"The {named} is not accepted" in finished.errors


@pytest.mark.usefixtures("application")
def test_suspending_reaches_receivers_through_the_shared_snapshot(settings: Settings, redis: Connection) -> None:
    snapshots.put(redis, "shop", b"old")
    assert tracker(settings, "apps", "suspend", "shop", "--json").json["status"] == "suspended"
    assert snapshots.get(redis, "shop") is None
    assert tracker(settings, "apps", "activate", "shop", "--json").json["status"] == "active"
    assert [row["status"] for row in tracker(settings, "apps", "list", "--json").json] == ["active"]


@pytest.mark.usefixtures("application")
def test_redis_being_away_does_not_keep_an_application_from_being_suspended(settings: Settings) -> None:
    finished = tracker(settings, "apps", "suspend", "shop", REDIS_URL="redis://127.0.0.1:1")
    assert (finished.status, finished.errors) == (0, "")


@pytest.mark.usefixtures("application")
def test_a_definition_is_written_and_then_changed_piece_by_piece(settings: Settings) -> None:
    given = ("--app-id", "shop", "--json")
    first = tracker(settings, "params", "set", "price", "--type", "number", "--name", "Price", "--min", "0", *given)
    assert first.json["validation_rules"] == {"min_value": 0}
    second = tracker(settings, "params", "set", "price", "--max", "9.5", "--default", "1", "--required", *given)
    assert second.json["validation_rules"] == {"min_value": 0, "max_value": 9.5}
    assert (second.json["is_required"], second.json["default_value"]) == (True, "1")
    third = tracker(settings, "params", "set", "price", "--no-default", "--no-rules", "--optional", *given)
    assert (third.json["validation_rules"], third.json["default_value"]) == (None, None)
    assert third.json["parameter_name"] == "Price"
    assert tracker(settings, "params", "list", *given).json == [third.json]


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--type", "number", "--min", "5", "--max", "2"], 1, "min_value is above max_value"),
        (["--type", "number", "--default", "cheap"], 1, "default_value"),
        (["--type", "string", "--pattern", "("], 1, "pattern"),
        (["--type", "string", "--rules", '{"max": 5}'], 1, "max is no rule of a string"),
        (["--type", "number", "--allowed", '[1, "two"]'], 1, "holds a value that is no number"),
        (["--type", "money"], 2, "money"),
        (["--type", "string", "--rules", "{"], 2, "--rules"),
        (["--type", "array", "--rules", f'{{"allowed_values": {"[" * 260}{"]" * 260}}}'], 2, "more than 20 levels"),
        (["--name", "Price"], 1, "needs a type"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(
    settings: Settings, arguments: list[str], status: int, message: str
) -> None:
    finished = tracker(settings, "params", "set", "price", "--app-id", "shop", *arguments)
    assert (finished.status, finished.output) == (status, "")
    assert message in finished.errors
    assert tracker(settings, "params", "list", "--app-id", "shop", "--json").json == []


@pytest.mark.usefixtures("application")
def test_a_preset_may_be_applied_twice(settings: Settings) -> None:
    for _ in range(2):
        finished = tracker(settings, "params", "preset", "ecommerce", "--app-id", "shop")
        assert finished.output == "12 definitions of the preset ecommerce written to shop.\n"
    assert len(tracker(settings, "params", "list", "--app-id", "shop", "--json").json) == 12
    assert "商品ID" in tracker(settings, "params", "list", "--app-id", "shop").output


def test_an_unknown_application_is_said_to_be_unknown(settings: Settings) -> None:
    for command in (["apps", "suspend", "gone"], ["params", "list", "--app-id", "gone"], ["apps", "show", "gone"]):
        finished = tracker(settings, *command)
        assert (finished.status, finished.output) == (1, "")
        assert "There is no application 'gone'" in finished.errors
