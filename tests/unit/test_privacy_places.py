"""Where an address is, by a file that operators replace in any way, also a wrong one."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.places_file import MUNICH, write_places
from tracker.facts.place import country_of_address
from tracker.privacy.anonymization import Privacy
from tracker.privacy.places import MAX_LENGTH, NOWHERE, Place, Places


class Ticking:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "JP"),
        ("192.0.2.200", "FR"),
        ("198.51.100.7", "DE/Bavaria/Munich"),
        ("2001:db8:0:1::5", "SE"),
        ("2001:db8:0:2::5", "NO"),
        ("203.0.113.1", None),
        ("10.0.0.1", None),
        ("no address", None),
        ("2001:db8::/48", None),
    ],
)
def test_a_place_is_told_by_the_whole_address(tmp_path: Path, address: str, place: str | None) -> None:
    told = Places(write_places(tmp_path / "places.mmdb")).place_of(address)
    assert (told and told.text()) == place


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country_code": "DE", "state1": "Bavaria", "city": "Munich"}, "DE/Bavaria/Munich"),
        ({"country": "DE", "country_name": "Germany", "continent": "EU"}, "DE"),
        ({"country": "DE", "region": "Bavaria", "city": "Munich", "postal_code": "80331"}, "DE/Bavaria/Munich"),
        ({"country": "Germany", "country_code": "DE", "asn": "AS64496"}, "DE"),
        ({"country": "Germany"}, None),
        ({"asn": "AS64496"}, None),
    ],
)
def test_flat_records_are_read_too(tmp_path: Path, record: dict[str, str], place: str | None) -> None:
    """Those of ip-location-db, and of IPinfo: the country's letters stand in `country` or beside its name."""
    told = Places(write_places(tmp_path / "places.mmdb", {"192.0.2.0/24": record})).place_of("192.0.2.1")
    assert (told and told.text()) == place


def test_without_a_file_nothing_is_told() -> None:
    assert NOWHERE.place_of("192.0.2.1") is None
    assert Privacy.of({}).place("192.0.2.1") is None


@pytest.mark.parametrize(
    ("setting", "address", "place"),
    [
        ("none", "198.51.100.7", "DE/Bavaria/Munich"),
        ("last_octet", "198.51.100.0", "DE/Bavaria/Munich"),
        ("full", None, "DE"),
    ],
)
def test_where_no_address_is_kept_no_more_than_a_country_is(
    tmp_path: Path, setting: str, address: str | None, place: str
) -> None:
    privacy = Privacy.of({"ip_anonymization": setting}, Places(write_places(tmp_path / "places.mmdb")))
    assert (privacy.address("198.51.100.7"), privacy.place("198.51.100.7")) == (address, place)
    assert privacy.place(None) is None


def test_a_place_fits_its_column_and_names_with_slashes_make_no_parts() -> None:
    assert Place("DE", None, "A/B").text() == "DE//A B"
    assert Place("DE", "x").text() == "DE/x"
    assert len(Place("DE", "x" * 300, "y").text()) == MAX_LENGTH


def test_facts_ask_for_stored_addresses_and_for_no_networks(tmp_path: Path) -> None:
    places = Places(write_places(tmp_path / "places.mmdb"))
    stored = ("192.0.2.1/32", "2001:db8:0:1::5/128", "2001:db8::/48", "192.0.2.1")
    assert [country_of_address(address, places) for address in stored] == ["JP", "SE", None, "JP"]


@pytest.mark.parametrize("way", ["renamed", "written over"])
def test_a_file_that_is_replaced_is_noticed(tmp_path: Path, ticking: Ticking, way: str) -> None:
    file = write_places(tmp_path / "places.mmdb")
    places = Places(file, monotonic=ticking)
    assert places.place_of("192.0.2.1") == Place("JP")
    new = write_places(tmp_path / "new", {"192.0.2.0/24": MUNICH})
    if way == "renamed":
        new.rename(file)
    else:
        file.write_bytes(new.read_bytes())
    assert places.place_of("192.0.2.1") == Place("JP")
    ticking.now += 6
    assert places.place_of("192.0.2.1") == Place("DE", "Bavaria", "Munich")


@pytest.mark.parametrize("harm", ["half", "text", "gone", "a folder", "empty"])
def test_a_file_that_is_none_is_said_once_and_what_was_read_before_goes_on(
    tmp_path: Path, ticking: Ticking, harm: str
) -> None:
    file = write_places(tmp_path / "places.mmdb")
    good = file.read_bytes()
    places = Places(file, monotonic=ticking)
    assert places.place_of("192.0.2.1") == Place("JP")
    file.unlink()
    if harm == "a folder":
        file.mkdir()
    elif harm != "gone":
        file.write_bytes({"half": good[: len(good) // 2], "text": b"not found" * 999, "empty": b""}[harm])
    fresh = Places(file, monotonic=ticking)
    with capture_logs() as logs:
        for _ in range(3):
            ticking.now += 6
            assert places.place_of("192.0.2.1") == Place("JP")
            assert places.place_of("192.0.2.200") == Place("FR")
            assert fresh.place_of("192.0.2.1") is None
    assert [entry["event"] for entry in logs] == ["places not read"] * 2
    assert "TRACKER_GEOIP_FILE" in logs[0]["reason"]
    file.rmdir() if harm == "a folder" else file.unlink(missing_ok=True)
    file.write_bytes(good)
    ticking.now += 6
    assert [reader.place_of("192.0.2.1") for reader in (fresh, places)] == [Place("JP")] * 2
    assert (places.problem, fresh.problem) == (None, None)
