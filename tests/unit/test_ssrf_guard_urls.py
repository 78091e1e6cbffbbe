"""URLs that must not become a webhook's, and those that may: by their text alone."""

from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from tracker.errors import DestinationRefused
from tracker.ssrf_guard.policy import Policy, policy_of
from tracker.ssrf_guard.urls import check_url

PUBLIC = Policy()
HOSTILE = {
    "plain http": "http://hooks.example.com/",
    "another scheme": "ftp://hooks.example.com/",
    "a file": "file:///etc/passwd",
    "gopher": "gopher://hooks.example.com:443/_x",
    "no scheme": "//hooks.example.com/",
    "a path alone": "/hooks",
    "nothing": "",
    "no host": "https:///hooks",
    "a user": "https://user@hooks.example.com/",
    "a password": "https://user:secret@hooks.example.com/",
    "an empty user": "https://@hooks.example.com/",
    "a host that hides as a user": "https://hooks.example.com@127.0.0.1/",
    "a fragment": "https://hooks.example.com/#x",
    "an empty fragment": "https://hooks.example.com/#",
    "a fragment that hides a host": "https://127.0.0.1#@hooks.example.com/",
    "a backslash": "https://hooks.example.com\\@127.0.0.1/",
    "a line break": "https://hooks.example.com/\r\nX-Injected: yes",
    "a tab within the scheme": "ht\ttps://hooks.example.com/",
    "a space before": " https://hooks.example.com/",
    "a NUL": "https://hooks.example.com/\0",
    "half of a character": "https://hooks.example.com/\ud800",
    "a right-to-left mark": "https://hooks.example.com/\u202e",
    "the port of ssh": "https://hooks.example.com:22/",
    "the port of Redis": "https://hooks.example.com:6379/",
    "port 0": "https://hooks.example.com:0/",
    "a port that is too large": "https://hooks.example.com:65536/",
    "a port in other digits": "https://hooks.example.com:\u0664\u0664\u0663/",
    "two ports": "https://hooks.example.com:443:22/",
    "localhost": "https://localhost/",
    "localhost with a point": "https://localhost./",
    "LOCALHOST": "https://LocalHost/",
    "below localhost": "https://hooks.localhost/",
    "a name without a point": "https://metadata/",
    "a cloud's own name": "https://metadata.google.internal/computeMetadata/v1/",
    "a name of the local network": "https://printer.local/",
    "loopback": "https://127.0.0.1/",
    "another loopback": "https://127.8.9.1:8443/",
    "a decimal number": "https://2130706433/",
    "an octal number": "https://0177.0.0.1/",
    "a long octal number": "https://017700000001/",
    "a hexadecimal number": "https://0x7f000001/",
    "hexadecimal parts": "https://0x7f.0x0.0x0.0x1/",
    "a short form": "https://127.1/",
    "a very short form": "https://0/",
    "an address with a point": "https://127.0.0.1./",
    "a last part that is hexadecimal": "https://hooks.example.0x1/",
    "five parts": "https://1.1.1.1.1/",
    "a part that is too large": "https://1.1.1.256/",
    "full-width digits": "https://\uff11\uff12\uff17.0.0.1/",
    "ideographic full stops": "https://127\u30020\u30020\u30021/",
    "circled digits": "https://\u2460\u2461\u2466.0.0.1/",
    "full-width localhost": "https://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/",
    "a percent-encoded host": "https://127%2e0%2e0%2e1/",
    "a percent-encoded at": "https://hooks.example.com%40127.0.0.1/",
    "a host with a slash of another kind": "https://hooks.example.com\u2215@127.0.0.1/",
    "private 10": "https://10.0.0.1/",
    "private 172.16": "https://172.31.255.255/",
    "private 192.168": "https://192.168.1.1/",
    "link-local": "https://169.254.1.1/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata as a number": "https://2852039166/",
    "a provider's own": "https://100.64.0.1/",
    "this network": "https://0.0.0.0/",
    "broadcast": "https://255.255.255.255/",
    "multicast": "https://224.0.0.1/",
    "reserved": "https://240.0.0.1/",
    "documentation": "https://192.0.2.1/",
    "benchmarks": "https://198.18.0.1/",
    "Azure's": "https://168.63.129.16/",
    "loopback 6": "https://[::1]/",
    "loopback 6 in full": "https://[0:0:0:0:0:0:0:1]/",
    "unspecified 6": "https://[::]/",
    "mapped": "https://[::ffff:127.0.0.1]/",
    "mapped in hexadecimal": "https://[::ffff:7f00:1]/",
    "compatible": "https://[::127.0.0.1]/",
    "translated": "https://[::ffff:0:127.0.0.1]/",
    "NAT64": "https://[64:ff9b::127.0.0.1]/",
    "NAT64 of one's own": "https://[64:ff9b:1::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:7f00:1::]/",
    "ISATAP": "https://[2606:4700::5efe:127.0.0.1]/",
    "unique local": "https://[fd00::1]/",
    "AWS's metadata": "https://[fd00:ec2::254]/",
    "link-local 6": "https://[fe80::1]/",
    "site-local": "https://[fec0::1]/",
    "multicast 6": "https://[ff02::1]/",
    "documentation 6": "https://[2001:db8::1]/",
    "not given out": "https://[4000::1]/",
    "a zone": "https://[fe80::1%25eth0]/",
    "a public address with a zone": "https://[2606:4700::1%25lo]/",
    "brackets around a name": "https://[hooks.example.com]/",
    "brackets around an IPv4 address": "https://[127.0.0.1]/",
    "a bracket alone": "https://[::1/",
    "an IPvFuture address": "https://[v1.fe80]/",
    "a label that is too long": f"https://{'a' * 64}.example.com/",
    "a name that is too long": f"https://{'a.' * 130}com/",
    "an empty label": "https://hooks..example.com/",
    "a label that begins with a dash": "https://-hooks.example.com/",
    "an asterisk": "https://*.example.com/",
    "a URL that is too long": "https://hooks.example.com/" + "x" * 2048,
}


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_url_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(DestinationRefused) as raised:
        check_url(url, PUBLIC)
    assert str(raised.value).endswith(".")


EVERYTHING = Policy(allow_http=True, networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))
ALWAYS_HOSTILE = set(HOSTILE) - {
    "plain http",
    "the port of ssh",
    "the port of Redis",
    "localhost",
    "localhost with a point",
    "LOCALHOST",
    "below localhost",
    "a name without a point",
    "a cloud's own name",
    "a name of the local network",
    "full-width localhost",
    "loopback",
    "another loopback",
    "loopback 6",
    "loopback 6 in full",
    "private 10",
    "private 172.16",
    "private 192.168",
    "link-local",
    "a provider's own",
    "documentation",
    "benchmarks",
    "unique local",
    "link-local 6",
    "documentation 6",
    "not given out",
}


@pytest.mark.parametrize("name", sorted(ALWAYS_HOSTILE))
def test_what_is_wrong_or_disguised_is_refused_where_every_network_is_allowed(name: str) -> None:
    with pytest.raises(DestinationRefused):
        check_url(HOSTILE[name], EVERYTHING)


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - ALWAYS_HOSTILE))
def test_what_is_private_may_be_allowed(name: str) -> None:
    check_url(HOSTILE[name], EVERYTHING)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://hooks.example.com/path?x=1&y=%20", "hooks.example.com", 443),
        ("HTTPS://Hooks.Example.COM:8443/", "hooks.example.com", 8443),
        ("https://hooks.example.com:80", "hooks.example.com", 80),
        ("https://hooks.example.com./", "hooks.example.com", 443),
        ("https://under_score.example.com/", "under_score.example.com", 443),
        ("https://b\u00fccher.example.com/", "xn--bcher-kva.example.com", 443),
        ("https://\u65e5\u672c\u8a9e\u3002jp/", "xn--wgv71a119e.jp", 443),
        ("https://1.1.1.1/", "1.1.1.1", 443),
        ("https://[2606:4700:4700:0::1111]:8443/", "2606:4700:4700::1111", 8443),
    ],
)
def test_a_public_url_is_taken_apart(url: str, host: str, port: int) -> None:
    destination = check_url(url, PUBLIC)
    assert (destination.host, destination.port) == (host, port)
    assert destination.url.isascii()


def test_what_follows_the_host_stays_as_it_is() -> None:
    assert check_url("https://H.example.com:443/a/../b?c=%2F&d", PUBLIC).url == "https://h.example.com/a/../b?c=%2F&d"
    assert check_url("https://[2606:4700::0:1]:8443", PUBLIC).url == "https://[2606:4700::1]:8443"


def test_http_and_further_ports_may_be_allowed() -> None:
    policy = Policy(allow_http=True, ports=PUBLIC.ports | {8080})
    assert check_url("http://hooks.example.com/", policy).port == 80
    assert check_url("http://1.1.1.1:8080/", policy).port == 8080


def test_an_allowed_network_is_reached_on_any_port_and_no_other_is() -> None:
    policy = Policy(networks=(ip_network("10.1.0.0/16"),))
    assert check_url("https://10.1.2.3:9999/", policy).port == 9999
    for url in ("https://10.2.0.1/", "https://1.1.1.1:9999/", "https://[::ffff:10.1.2.3]/"):
        with pytest.raises(DestinationRefused):
            check_url(url, policy)


def test_the_port_of_a_name_waits_for_its_address_where_networks_are_allowed() -> None:
    policy = Policy(networks=(ip_network("10.1.0.0/16"),))
    assert check_url("https://hooks.internal:9999/", policy).address is None


def test_no_message_tells_an_address() -> None:
    with pytest.raises(DestinationRefused) as raised:
        check_url("https://10.11.12.13/", PUBLIC)
    assert "10.11" not in str(raised.value)


def test_a_policy_is_made_of_the_settings() -> None:
    given: Any = SimpleNamespace(
        webhook_allow_http=True,
        webhook_ports=frozenset({8080}),
        webhook_allowed_networks=(ip_network("10.0.0.0/8"),),
    )
    assert policy_of(given) == Policy(
        allow_http=True, ports=frozenset({80, 443, 8443, 8080}), networks=(ip_network("10.0.0.0/8"),)
    )
