"""Names become addresses, all of them checked; a name server that lies, hangs or fails."""

import threading
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from tracker.clock import SystemClock
from tracker.errors import DestinationRefused
from tracker.ssrf_guard.addresses import IPAddress
from tracker.ssrf_guard.policy import Policy
from tracker.ssrf_guard.registration import check_registration
from tracker.ssrf_guard.resolver import CACHE_SECONDS, Resolver
from tracker.ssrf_guard.urls import check_url


class NameServer:
    """Answers in turn; the last answer again and again."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.open = threading.Event()
        self.open.set()

    def __call__(self, _host: str) -> list[IPAddress]:
        self.asked += 1
        self.open.wait(10)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [ip_address(address) for address in answer]


class Clock(SystemClock):
    """A monotonic clock that stands where it is put."""

    at = 100.0

    def monotonic(self) -> float:
        return self.at


def addresses(
    server: NameServer, policy: Policy | None = None, url: str = "https://hooks.example.com/"
) -> Sequence[IPAddress]:
    policy = policy or Policy()
    destination = check_url(url, policy)
    return Resolver(policy, SystemClock(), look_up=server).addresses(destination.host, destination.port, seconds=1)


def test_all_public_addresses_of_a_name_are_to_be_tried_in_their_order() -> None:
    tried = addresses(NameServer(["2606:4700::1", "1.1.1.1"]))
    assert [str(address) for address in tried] == ["2606:4700::1", "1.1.1.1"]


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:1.1.1.1", "::1"])
def test_one_bad_address_among_good_ones_refuses_the_name(bad: str) -> None:
    for answer in ([bad, "1.1.1.1"], ["1.1.1.1", bad]):
        with pytest.raises(DestinationRefused, match="It leads to"):
            addresses(NameServer(answer))


@pytest.mark.parametrize("answer", [OSError("no such name"), UnicodeError("a label is too long"), []])
def test_a_name_without_an_address_is_refused(answer: Sequence[str] | Exception) -> None:
    with pytest.raises(DestinationRefused, match=r"The host's name (cannot be resolved|has no address)\."):
        addresses(NameServer(answer))


def test_the_port_of_a_name_is_held_against_its_address() -> None:
    policy = Policy(networks=(ip_network("10.0.0.0/8"),))
    url = "https://hooks.internal:9999/"
    assert addresses(NameServer(["10.0.0.1"]), policy, url)
    with pytest.raises(DestinationRefused, match="Port 9999"):
        addresses(NameServer(["1.1.1.1"]), policy, url)


def test_an_address_is_never_looked_up() -> None:
    server = NameServer(["10.0.0.1"])
    assert [str(address) for address in addresses(server, url="https://1.1.1.1/")] == ["1.1.1.1"]
    assert server.asked == 0


def test_an_answer_serves_for_a_few_seconds_and_is_checked_each_time_anew() -> None:
    server, clock = NameServer(["1.1.1.1"], ["127.0.0.1"]), Clock()
    resolver = Resolver(Policy(), clock, look_up=server)
    resolver.addresses("hooks.example.com", 443, seconds=1)
    resolver.addresses("hooks.example.com", 443, seconds=1)
    assert server.asked == 1
    clock.at += CACHE_SECONDS
    with pytest.raises(DestinationRefused, match="loopback"):
        resolver.addresses("hooks.example.com", 443, seconds=1)
    assert server.asked == 2


def test_a_failed_answer_is_not_kept() -> None:
    server = NameServer(OSError("try again"), ["1.1.1.1"])
    resolver = Resolver(Policy(), Clock(), look_up=server)
    with pytest.raises(DestinationRefused):
        resolver.addresses("hooks.example.com", 443, seconds=1)
    assert resolver.addresses("hooks.example.com", 443, seconds=1)


def test_a_name_server_that_hangs_is_waited_for_a_limited_time_by_one_thread_a_name() -> None:
    server = NameServer(["1.1.1.1"])
    server.open.clear()
    resolver = Resolver(Policy(), SystemClock(), look_up=server)
    for _ in range(5):
        with pytest.raises(DestinationRefused, match="in time"):
            resolver.addresses("hooks.example.com", 443, seconds=0.01)
    assert server.asked == 1
    server.open.set()
    assert resolver.addresses("hooks.example.com", 443, seconds=5)
    assert server.asked == 1


def test_names_that_hang_are_looked_up_a_limited_number_at_a_time() -> None:
    server = NameServer(["1.1.1.1"])
    server.open.clear()
    resolver = Resolver(Policy(), SystemClock(), look_up=server)
    reasons = set()
    for number in range(260):
        with pytest.raises(DestinationRefused) as raised:
            resolver.addresses(f"hooks{number}.example.com", 443, seconds=0)
        reasons.add(str(raised.value))
    server.open.set()
    assert server.asked == 256
    assert any("Too many names" in reason for reason in reasons)


def test_a_registration_looks_the_name_up() -> None:
    policy = Policy()
    good = Resolver(policy, SystemClock(), look_up=NameServer(["1.1.1.1"]))
    assert check_registration("https://Hooks.example.com/x", policy, good).url == "https://hooks.example.com/x"
    bad = Resolver(policy, SystemClock(), look_up=NameServer(["192.168.1.1"]))
    with pytest.raises(DestinationRefused, match="private"):
        check_registration("https://hooks.example.com/x", policy, bad)
