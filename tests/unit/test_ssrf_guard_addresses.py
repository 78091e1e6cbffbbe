"""Addresses of every kind: refused as what they are, disguised or not."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tracker.errors import DestinationRefused
from tracker.ssrf_guard.addresses import check_address
from tracker.ssrf_guard.policy import Policy

PUBLIC = Policy()
EVERYTHING = Policy(networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))


def is_refused(address: str, policy: Policy = PUBLIC, port: int = 443) -> bool:
    try:
        check_address(ip_address(address), port, policy)
    except DestinationRefused:
        return True
    return False


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("10.255.255.255", "private"),
        ("172.16.0.0", "private"),
        ("192.168.0.1", "private"),
        ("fdff::1", "private"),
        ("100.127.255.255", "provider"),
        ("169.254.0.1", "link-local"),
        ("febf::1", "link-local"),
        ("169.254.169.254", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("0.1.2.3", "unspecified"),
        ("239.255.255.255", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("240.0.0.1", "reserved"),
        ("feff::1", "site-local"),
        ("203.0.113.9", "documentation"),
        ("198.19.255.255", "benchmarks"),
        ("::7f00:1", "IPv4-compatible"),
        ("::ffff:10.0.0.1", "IPv4-mapped"),
        ("::ffff:1.1.1.1", "IPv4-mapped"),
        ("::ffff:0:1.1.1.1", "IPv4-translated"),
        ("64:ff9b::1.1.1.1", "NAT64"),
        ("64:ff9b:1:ffff::1", "NAT64"),
        ("2002:101:101::1", "6to4"),
        ("2001::1", "Teredo"),
        ("2606:4700:0:0:200:5efe:101:101", "ISATAP"),
        ("192.175.48.1", "special purpose"),
        ("2620:4f:8000::1", "special purpose"),
        ("8000::1", "not in use"),
    ],
)
def test_an_address_is_refused_as_what_it_is(address: str, kind: str) -> None:
    with pytest.raises(DestinationRefused, match=kind):
        check_address(ip_address(address), 443, PUBLIC)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2a00::1"]
)
@pytest.mark.parametrize("port", [80, 443, 8443])
def test_a_public_address_is_fine_on_the_ports_of_the_web(address: str, port: int) -> None:
    check_address(ip_address(address), port, PUBLIC)
    with pytest.raises(DestinationRefused, match="Port 25 "):
        check_address(ip_address(address), 25, PUBLIC)


@given(some.ip_addresses(v=4), some.sampled_from(["::", "::ffff:", "::ffff:0:", "64:ff9b::", "2606:4700::5efe:"]))
def test_no_ipv4_address_gets_through_in_a_disguise(address: IPv4Address, disguise: str) -> None:
    disguised = f"{disguise}{address}"
    if disguised in ("::0.0.0.1", "::0.0.0.0"):
        disguised = "::0.0.0.2"  # The loopback address and the unspecified one are no disguises.
    assert is_refused(disguised)
    assert is_refused(disguised, EVERYTHING)


@given(some.ip_addresses(v=4))
def test_no_ipv4_address_gets_through_a_tunnel(address: IPv4Address) -> None:
    for tunnel in (IPv6Address((0x2002 << 112) | (int(address) << 80)), IPv6Address((0x20010000 << 96) | int(address))):
        assert is_refused(str(tunnel))
        assert is_refused(str(tunnel), EVERYTHING)


@given(some.ip_addresses())
def test_what_python_knows_not_to_be_global_is_refused(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert is_refused(str(address))


@given(some.ip_addresses(v=4, network="10.0.0.0/8"))
def test_an_allowed_network_allows_its_own_addresses_on_any_port(address: IPv4Address) -> None:
    assert not is_refused(str(address), Policy(networks=(ip_network("10.0.0.0/8"),)), port=1)
    assert is_refused(str(address), Policy(networks=(ip_network("192.168.0.0/16"),)))
