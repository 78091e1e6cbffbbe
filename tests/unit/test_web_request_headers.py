from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.config import ProxyHeader
from tracker.privacy.addresses import normalise
from tracker.web.request_headers import TrustedProxies, client_address, forwarded_scheme

PRIVATE = tuple(ip_network(network) for network in ("10.0.0.0/8", "fd00::/8"))
OWN_NETWORKS = TrustedProxies(networks=PRIVATE)
FORWARDED = TrustedProxies(count=1, header="forwarded")


def address(
    forwarded: str | None, proxies: TrustedProxies | int, *, peer: str = "10.0.0.1", header: ProxyHeader | None = None
) -> str | None:
    believed = TrustedProxies(count=proxies) if isinstance(proxies, int) else proxies
    environ = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        written = header or believed.header
        environ["HTTP_X_FORWARDED_FOR" if written == "x-forwarded-for" else "HTTP_FORWARDED"] = forwarded
    return client_address(environ, believed)


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_without_trusted_proxies_nobody_is_believed(header: ProxyHeader) -> None:
    for forwarded in ("203.0.113.9", "for=203.0.113.9"):
        assert address(forwarded, TrustedProxies(header=header)) == "10.0.0.1"


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
    assert address(forwarded, trusted) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "6.6.6.6, 203.0.113.9, 10.9.9.9, fd00::1", "203.0.113.9"),
        ("10.1.2.3", "6.6.6.6, [2001:db8::9]:4711, [fd00::1]:80", "2001:db8::9"),
        ("::ffff:10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "6.6.6.6, ::ffff:10.9.9.9", "6.6.6.6"),
        ("10.1.2.3", "10.5.5.5", "10.5.5.5"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("10.1.2.3", "6.6.6.6, unknown", "10.1.2.3"),
        ("10.1.2.3", "6.6.6.6, unknown, 10.9.9.9", "10.9.9.9"),
        ("203.0.113.9", "6.6.6.6", "203.0.113.9"),
        ("203.0.113.9", "6.6.6.6, 10.0.0.1", "203.0.113.9"),
        ("fe80::1%eth0", "6.6.6.6", "fe80::1"),
        ("", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "6.6.6.6" + ", 10.0.0.1" * 1000, "10.0.0.1"),
    ],
)
def test_of_trusted_networks_the_first_address_outside_is_the_client(
    peer: str, forwarded: str | None, expected: str
) -> None:
    assert address(forwarded, OWN_NETWORKS, peer=peer) == expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=203.0.113.9;Proto=https;by=203.0.113.43", "203.0.113.9"),
        ('for="203.0.113.9:4711"', "203.0.113.9"),
        ('for="[2001:DB8::1]:4711"', "2001:db8::1"),
        ('for="[2001:db8::1]"', "2001:db8::1"),
        ('for="\\[2001:db8::1\\]"', "2001:db8::1"),
        ("for=[2001:db8::1]", "2001:db8::1"),
        ("for=2001:db8::1", "2001:db8::1"),
        ('for="[::ffff:203.0.113.9]"', "203.0.113.9"),
        ("for=6.6.6.6, for=203.0.113.9", "203.0.113.9"),
        ("for=6.6.6.6,for=203.0.113.9;", "203.0.113.9"),
        ('for=6.6.6.6, for=203.0.113.9;host="a, for=7.7.7.7";proto=https', "203.0.113.9"),
        # What a client leaves open does not swallow what the proxy wrote.
        ('for="6.6.6.6, for=203.0.113.9', "203.0.113.9"),
        ('for=6.6.6.6;x=", for="203.0.113.9"', "203.0.113.9"),
        ("for=6.6.6.6;;,,, for=203.0.113.9", "203.0.113.9"),
        # Nobody whom the proxy names: not the client that an earlier element claims.
        ("for=6.6.6.6, for=unknown", "10.0.0.1"),
        ("for=6.6.6.6, for=_hidden", "10.0.0.1"),
        ('for=6.6.6.6, for="_SEVKISEK"', "10.0.0.1"),
        ("for=6.6.6.6, proto=https", "10.0.0.1"),
        ("for=6.6.6.6, for=203.0.113.9;for=7.7.7.7", "10.0.0.1"),
        ("for=6.6.6.6, 203.0.113.9", "10.0.0.1"),
        ("for=6.6.6.6, for =203.0.113.9", "10.0.0.1"),
        ("for=6.6.6.6, ", "10.0.0.1"),
        ("", "10.0.0.1"),
        (None, "10.0.0.1"),
    ],
)
def test_the_standards_header_is_read_from_its_right_end(forwarded: str | None, expected: str) -> None:
    assert address(forwarded, FORWARDED) == expected


def test_the_standards_header_goes_with_networks_and_with_numbers() -> None:
    way = 'for=6.6.6.6, for="[2001:db8::1]:80", for=10.0.0.9'
    assert address(way, TrustedProxies(networks=PRIVATE, header="forwarded")) == "2001:db8::1"
    assert address(way, TrustedProxies(count=2, header="forwarded")) == "2001:db8::1"
    assert address(way, TrustedProxies(count=4, header="forwarded")) == "10.0.0.1"


def test_only_the_header_that_the_operator_names_counts() -> None:
    assert address("for=6.6.6.6", 1, header="forwarded") == "10.0.0.1"
    assert address("6.6.6.6", FORWARDED, header="x-forwarded-for") == "10.0.0.1"


@pytest.mark.parametrize(
    ("proxies", "headers", "expected"),
    [
        (TrustedProxies(), {"HTTP_X_FORWARDED_PROTO": "https"}, None),
        (TrustedProxies(count=1), {"HTTP_X_FORWARDED_PROTO": "https"}, "https"),
        (TrustedProxies(count=1), {"HTTP_X_FORWARDED_PROTO": "https, http"}, "http"),
        (TrustedProxies(count=2), {"HTTP_X_FORWARDED_PROTO": "HTTPS"}, "https"),
        (TrustedProxies(count=1), {}, None),
        (OWN_NETWORKS, {"HTTP_X_FORWARDED_PROTO": "http,https"}, "https"),
        (
            OWN_NETWORKS,
            {"HTTP_X_FORWARDED_PROTO": "https,http", "HTTP_X_FORWARDED_FOR": "203.0.113.9,10.0.0.2"},
            "https",
        ),
        (OWN_NETWORKS, {"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": "203.0.113.9"}, None),
        (FORWARDED, {"HTTP_FORWARDED": "for=6.6.6.6;proto=http, for=203.0.113.9;proto=https"}, "https"),
        (FORWARDED, {"HTTP_FORWARDED": "for=203.0.113.9", "HTTP_X_FORWARDED_PROTO": "https"}, None),
    ],
)
def test_the_scheme_is_what_the_outermost_trusted_proxy_says(
    proxies: TrustedProxies, headers: dict[str, str], expected: str | None
) -> None:
    assert forwarded_scheme({"REMOTE_ADDR": "10.0.0.1", **headers}, proxies) == expected


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


@pytest.mark.parametrize("proxies", [TrustedProxies(), TrustedProxies(count=1), FORWARDED])
def test_a_unix_socket_has_no_address(proxies: TrustedProxies) -> None:
    assert address(None, proxies, peer="") is None


ANY_PROXIES = st.sampled_from(
    [TrustedProxies(count=count, header=header) for count in range(4) for header in ("x-forwarded-for", "forwarded")]
    + [TrustedProxies(networks=PRIVATE, header=header) for header in ("x-forwarded-for", "forwarded")]
)
WRITTEN = st.lists(st.sampled_from(["for=", '"', ",", ";", "\\", "[", "]", "6.6.6.6", "::1", " ", "unknown", "a=b"]))


@given(st.one_of(st.text(), WRITTEN.map("".join)), ANY_PROXIES)
def test_any_header_gives_an_address(forwarded: str, proxies: TrustedProxies) -> None:
    client = address(forwarded, proxies)
    assert client is not None
    assert normalise(client) == client


@given(st.one_of(st.text(), WRITTEN.map("".join)))
def test_nothing_that_a_client_writes_wins_over_what_the_proxy_adds(written: str) -> None:
    assert address(f"{written}, 203.0.113.9", 1) == "203.0.113.9"
    assert address(f"{written}, 203.0.113.9", OWN_NETWORKS) == "203.0.113.9"
    for added in ("for=203.0.113.9", 'for="203.0.113.9:80";proto=https', 'proto=http;for="203.0.113.9"'):
        assert address(f"{written}, {added}", FORWARDED) == "203.0.113.9"
