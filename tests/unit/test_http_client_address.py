import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.addresses import normalise
from tracker.http.client_address import client_address


def address(forwarded: str | None, *, trusted: int, peer: str = "10.0.0.1") -> str | None:
    environ = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    return client_address(environ, trusted)


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert address("203.0.113.9", trusted=0) == "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "trusted", "expected"),
    [
        ("203.0.113.9", 1, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.0.0.7", 2, "203.0.113.9"),
        ("203.0.113.9,10.0.0.7", 2, "203.0.113.9"),
        ("203.0.113.9", 2, "10.0.0.1"),
        (None, 1, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
        ("unknown", 1, "10.0.0.1"),
        ("6.6.6.6, <script>", 1, "10.0.0.1"),
        ("6.6.6.6, ,", 2, "10.0.0.1"),
        ("x" * 70_000, 1, "10.0.0.1"),
    ],
)
def test_trusted_proxies_are_counted_from_the_right(forwarded: str | None, trusted: int, expected: str) -> None:
    assert address(forwarded, trusted=trusted) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:DB8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:0db8:0::0001", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("203.0.113.256", None),
        ("203.0.113", None),
        ("0x7f000001", None),
        ("", None),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str | None) -> None:
    assert normalise(text) == expected


def test_a_unix_socket_has_no_address() -> None:
    assert address(None, trusted=0, peer="") is None


@given(st.text(), st.integers(0, 3))
def test_any_header_gives_an_address_or_none(forwarded: str, trusted: int) -> None:
    found = address(forwarded, trusted=trusted)
    assert found is not None
    assert normalise(found) == found
