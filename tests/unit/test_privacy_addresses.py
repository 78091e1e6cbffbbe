import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.privacy.addresses import network_of, normalise


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0"),
        ("203.0.113.255", "203.0.113.0"),
        ("0.0.0.0", "0.0.0.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("2001:db8::1", "2001:db8::"),
        ("::1", "::"),
        ("fe80::1", "fe80::"),
        ("2002:cb00:7109::1", "2002:cb00:7100::"),
        ("64:ff9b::cb00:7109", "64:ff9b::"),
    ],
)
def test_of_an_address_its_network_is_left(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("text", ["::ffff:203.0.113.9", "203.0.113.9:4711", "[::ffff:cb00:7109]:80", " 203.0.113.9 "])
def test_however_an_address_is_spelled_the_same_network_is_left(text: str) -> None:
    address = normalise(text)
    assert address is not None
    assert network_of(address) == "203.0.113.0"


@given(st.ip_addresses())
def test_addresses_of_one_network_become_the_same_and_stay_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    canonical = normalise(str(address))
    assert canonical is not None
    network = network_of(canonical)
    assert network_of(network) == network
    kept = 24 if ":" not in network else 48
    assert ipaddress.ip_address(canonical) in ipaddress.ip_network(f"{network}/{kept}") or network.startswith("2002:")
