from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.application import ApiKey, Application, hash_key
from tracker.application_settings import SETTINGS
from tracker.setting_types import Choice

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
KEY_ID = UUID("00000000-0000-4000-8000-000000000001")


def application(**changes: object) -> Application:
    values: dict[str, object] = {
        "id": ID,
        "app_id": "shop",
        "status": "active",
        "deleted": False,
        "rate_limit_per_minute": 1000,
    }
    return Application(**{**values, **changes})  # type: ignore[arg-type]


keys = st.builds(
    ApiKey,
    id=st.none() | st.uuids(),
    key_hash=st.text("0123456789abcdef", min_size=64, max_size=64),
    permissions=st.frozensets(st.text(max_size=10), max_size=3),
    expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
applications = st.builds(
    Application,
    id=st.uuids(),
    app_id=st.text(min_size=1, max_size=20),
    status=st.sampled_from(["active", "inactive", "suspended"]),
    deleted=st.booleans(),
    rate_limit_per_minute=st.integers(1, 10**6),
    domain=st.none() | st.text(max_size=20),
    settings=st.dictionaries(st.text(max_size=10), st.none() | st.text(max_size=10), max_size=3),
    keys=st.lists(keys, max_size=3).map(tuple),
)


@given(applications)
def test_a_snapshot_survives_the_shared_cache(snapshot: Application) -> None:
    assert Application.decode(snapshot.encode()) == snapshot


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b'{"keys": []}', b'{"id": 1, "keys": []}'])
def test_what_is_not_a_snapshot_is_refused_in_one_of_three_ways(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        Application.decode(data)


def test_a_snapshot_holds_no_key_in_clear() -> None:
    snapshot = application(keys=(ApiKey(id=None, key_hash=hash_key("alt_in_clear")),))
    assert b"alt_in_clear" not in snapshot.encode()


def test_a_key_is_stored_as_its_sha_256() -> None:
    assert hash_key("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("status", "deleted", "takes_hits"),
    [("active", False, True), ("active", True, False), ("inactive", False, False), ("suspended", False, False)],
)
def test_only_an_active_application_takes_hits(status: str, deleted: bool, takes_hits: bool) -> None:  # noqa: FBT001
    assert application(status=status, deleted=deleted).takes_hits is takes_hits


def test_a_presented_key_is_found_by_its_hash() -> None:
    first = ApiKey(id=None, key_hash=hash_key("first"))
    further = ApiKey(id=KEY_ID, key_hash=hash_key("further"), permissions=frozenset({"stats.read"}))
    shop = application(keys=(first, further))
    assert shop.key("first", NOW) is first
    assert shop.key("further", NOW) is further
    assert shop.key("wrong", NOW) is None
    assert shop.key("", NOW) is None
    assert shop.key(hash_key("first"), NOW) is None


def test_a_key_with_letters_beyond_ascii_is_just_a_wrong_key() -> None:
    assert application(keys=(ApiKey(id=None, key_hash=hash_key("first")),)).key("schlüssel 東京", NOW) is None


@pytest.mark.parametrize(("seconds_left", "usable"), [(1, True), (0, False), (-1, False)])
def test_a_key_ends_at_its_expiry(seconds_left: int, usable: bool) -> None:  # noqa: FBT001
    key = ApiKey(id=KEY_ID, key_hash=hash_key("k"), expires_at=NOW + timedelta(seconds=seconds_left))
    assert (application(keys=(key,)).key("k", NOW) is not None) is usable


def test_the_first_key_may_everything_and_a_further_one_what_it_was_given() -> None:
    first = ApiKey(id=None, key_hash="")
    further = ApiKey(id=KEY_ID, key_hash="", permissions=frozenset({"stats.read"}))
    assert first.may("stats.read")
    assert first.may("anything")
    assert further.may("stats.read")
    assert not further.may("anything")


@pytest.mark.parametrize(
    "setting",
    [setting for setting in SETTINGS.values() if isinstance(setting, Choice)],
    ids=lambda setting: setting.key,
)
def test_a_setting_falls_back_to_its_default(setting: Choice) -> None:
    assert setting.default in setting.choices
    assert setting.value({}) == setting.default
    assert setting.value({setting.key: None}) == setting.default
    assert setting.value({setting.key: "nonsense"}) == setting.default
    assert [setting.value({setting.key: choice}) for choice in setting.choices] == list(setting.choices)
