"""Applications with what belongs to them: settings, keys, definitions of parameters."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tracker.application import Application, ParameterDefinition, hash_key
from tracker.errors import Unstorable
from tracker.store import api_keys, application_settings, applications
from tracker.store import custom_parameter_definitions as definitions
from tracker.store.database import Database, Transaction

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def shop(database: Database) -> UUID:
    with database.transaction() as tx:
        application_id = applications.insert(
            tx, app_id="shop", name="Shop", api_key_hash="first", domain="shop.example", rate_limit_per_minute=7
        )
    assert application_id is not None
    return application_id


def find(tx: Transaction, app_id: str = "shop") -> Application:
    application = applications.find(tx, app_id)
    assert application is not None
    return application


def updated_at(database: Database) -> datetime:
    with database.transaction() as tx:
        at: datetime = applications.list_rows(tx, app_id="shop")[0]["updated_at"]
        return at


def test_an_application_is_found_with_its_columns_and_its_first_key(database: Database, shop: UUID) -> None:
    with database.transaction() as tx:
        application = find(tx)
        assert applications.find(tx, "nobody") is None
    assert (application.id, application.app_id, application.domain) == (shop, "shop", "shop.example")
    assert (application.status, application.deleted, application.rate_limit_per_minute) == ("active", False, 7)
    assert [(key.id, key.key_hash) for key in application.keys] == [(None, "first")]
    assert application.settings == {}
    assert Application.decode(application.encode()) == application


def test_an_app_id_that_is_taken_is_not_taken_again_even_after_deletion(database: Database, shop: UUID) -> None:
    with database.transaction() as tx:
        assert applications.insert(tx, app_id="shop", name="Other", api_key_hash="x") is None
        assert applications.update(tx, "shop", {"deleted_at": NOW.isoformat()})
        assert applications.insert(tx, app_id="shop", name="Other", api_key_hash="x") is None
        assert find(tx).deleted
        assert applications.list_rows(tx) == []
        assert [row["name"] for row in applications.list_rows(tx, deleted=True)] == ["Shop"]


def test_an_update_changes_what_it_names_and_nothing_else(database: Database, shop: UUID) -> None:
    with database.transaction() as tx:
        assert applications.update(tx, "shop", {"status": "suspended", "rate_limit_per_minute": 9, "domain": None})
        assert not applications.update(tx, "nobody", {"status": "suspended"})
        (row,) = applications.list_rows(tx, app_id="shop")
        assert (row["status"], row["rate_limit_per_minute"], row["domain"]) == ("suspended", 9, None)
        assert (row["name"], row["deleted_at"]) == ("Shop", None)
        with pytest.raises(ValueError, match="created_at"):
            applications.update(tx, "shop", {"created_at": None})
    with pytest.raises(Unstorable, match="status_check"), database.transaction() as tx:
        applications.update(tx, "shop", {"status": "odd"})


def test_settings_and_keys_are_part_of_the_snapshot(database: Database, shop: UUID) -> None:
    with database.transaction() as tx:
        application_settings.put(tx, shop, "custom_params_mode", "accept")
        application_settings.put(tx, shop, "custom_params_mode", "reject")
        application_settings.put(tx, shop, "other", None)
        tomorrow = NOW + timedelta(days=1, microseconds=123456)
        key_id = api_keys.insert(
            tx, shop, key_hash="second", name="reader", permissions=["read", "track"], expires_at=tomorrow
        )
        gone = api_keys.insert(tx, shop, key_hash="third")
        assert api_keys.revoke(tx, shop, gone)
        assert not api_keys.revoke(tx, shop, gone)
        assert not api_keys.revoke(tx, uuid4(), key_id)
        application = find(tx)
        assert application.settings == {"custom_params_mode": "reject", "other": None}
        first, second = application.keys
        assert (first.id, second.id, second.key_hash) == (None, key_id, "second")
        assert (second.permissions, second.expires_at) == ({"read", "track"}, tomorrow)
        assert {row["id"]: row["is_active"] for row in api_keys.list_rows(tx, shop)} == {key_id: True, gone: False}
        assert "key_hash" not in api_keys.list_rows(tx, shop)[0]
        assert application_settings.unset(tx, shop, "other")
        assert not application_settings.unset(tx, shop, "other")
        assert find(tx).settings == {"custom_params_mode": "reject"}


def test_permissions_that_somebody_wrote_by_hand_grant_only_what_is_true(database: Database, shop: UUID) -> None:
    with database.transaction() as tx:
        api_keys.insert(tx, shop, key_hash="k1", permissions=["read"])
        tx.execute("""UPDATE api_keys SET permissions = '{"read": "yes", "track": true, "admin": false}'""")
        assert find(tx).keys[1].permissions == {"track"}
        tx.execute("UPDATE api_keys SET permissions = '[1]'")
        assert find(tx).keys[1].permissions == frozenset()


@pytest.mark.parametrize(("by_hand", "usable"), [("infinity", True), ("-infinity", False), ("12000-01-01", True)])
def test_an_expiry_that_no_calendar_holds_still_means_what_it_says(
    database: Database,
    shop: UUID,
    by_hand: str,
    usable: bool,  # noqa: FBT001
) -> None:
    with database.transaction() as tx:
        api_keys.insert(tx, shop, key_hash=hash_key("secret"))
        tx.execute("UPDATE api_keys SET expires_at = %s", [by_hand])
        assert (find(tx).key("secret", NOW) is not None) is usable


def test_many_applications_come_in_one_statement(database: Database, shop: UUID) -> None:
    with database.transaction() as tx:
        applications.insert(tx, app_id="news", name="News", api_key_hash="n")
        assert sorted(applications.find_many(tx, ["shop", "news", "nobody"])) == ["news", "shop"]
        assert applications.find_many(tx, []) == {}


def definition(application_id: UUID, key: str, **columns: object) -> ParameterDefinition:
    values = {"parameter_name": key.title(), "parameter_type": "string", **columns}
    return ParameterDefinition(application_id=application_id, parameter_key=key, **values)  # type: ignore[arg-type]


def test_definitions_are_written_over_each_other_and_read_by_application(database: Database, shop: UUID) -> None:
    price = definition(
        shop,
        "price",
        parameter_type="number",
        description="価格、円",
        is_required=True,
        default_value="0",
        validation_rules={"min_value": 0, "allowed_values": [1, 2]},
    )
    with database.transaction() as tx:
        definitions.upsert(tx, shop, [definition(shop, "price"), definition(shop, "brand")])
        definitions.upsert(tx, shop, [price])
        definitions.upsert(tx, shop, [])
        assert definitions.by_application(tx, [shop, uuid4()]) == {shop: (definition(shop, "brand"), price)}
        assert definitions.delete(tx, shop, "brand")
        assert not definitions.delete(tx, shop, "brand")
        assert definitions.by_application(tx, [shop]) == {shop: (price,)}


def test_every_change_says_when_the_application_was_changed(database: Database, shop: UUID) -> None:
    changes = [
        lambda tx: applications.update(tx, "shop", {"name": "Shop 2"}),
        lambda tx: application_settings.put(tx, shop, "a", "b"),
        lambda tx: application_settings.unset(tx, shop, "a"),
        lambda tx: api_keys.insert(tx, shop, key_hash="second"),
        lambda tx: api_keys.revoke(tx, shop, api_keys.list_rows(tx, shop)[0]["id"]),
        lambda tx: definitions.upsert(tx, shop, [definition(shop, "price")]),
        lambda tx: definitions.delete(tx, shop, "price"),
    ]
    before = updated_at(database)
    for change in changes:
        with database.transaction() as tx:
            change(tx)
        after = updated_at(database)
        assert after > before
        before = after
