"""From a host's name to addresses that may be connected to. The one place where a name is looked up."""

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import ip_address

from tracker.clock import Clock
from tracker.errors import DestinationRefused
from tracker.ssrf_guard.addresses import IPAddress, check_address
from tracker.ssrf_guard.policy import Policy

CACHE_SECONDS = 5.0
"""How long an answer serves: a burst of deliveries must not become a burst of questions to the name server."""
_MAX_CONCURRENT = 256
"""Names that are looked up at the same time, each by a thread: getaddrinfo can neither be ended nor limited in time.

One whose name server hangs lasts half a minute, while whoever waits for it gives up after three seconds: the webhooks
of one application must not take all the places from the others.
"""

LookUp = Callable[[str], Sequence[IPAddress]]


def look_up(host: str) -> list[IPAddress]:
    """Return all addresses of a name, in the order in which to try them (RFC 6724). Raises OSError."""
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in answers]


@dataclass(frozen=True, slots=True)
class _Question:
    asked_at: float
    answer: Future[Sequence[IPAddress]]


class Resolver:
    """Names become addresses, all of them checked. Thread-safe.

    Whoever asks for a name that is being looked up waits for the same answer: a name server that hangs holds one
    thread for a name, however many deliveries want it.
    """

    def __init__(self, policy: Policy, clock: Clock, *, look_up: LookUp = look_up) -> None:
        self._policy = policy
        self._clock = clock
        self._look_up = look_up
        self._questions: dict[str, _Question] = {}
        self._lock = threading.Lock()

    def addresses(self, host: str, port: int, *, seconds: float) -> Sequence[IPAddress]:
        """Return the addresses to connect to for a name or an address, at least one; within `seconds`.

        One bad address among good ones refuses the name: what is to be reached from everywhere has no private address,
        and which of several a connection takes must not decide whether it is allowed. Raises DestinationRefused.
        """
        try:
            addresses: Sequence[IPAddress] = [ip_address(host)]
        except ValueError:
            addresses = self._found(host, seconds)
        for address in addresses:
            check_address(address, port, self._policy)
        return addresses

    def _found(self, host: str, seconds: float) -> Sequence[IPAddress]:
        try:
            addresses = self._ask(host).answer.result(seconds)
        except TimeoutError as error:
            raise DestinationRefused("The host's name could not be looked up in time.") from error
        except (OSError, ValueError, RuntimeError) as error:
            raise DestinationRefused("The host's name cannot be resolved.") from error
        if not addresses:
            raise DestinationRefused("The host's name has no address.")
        return addresses

    def _ask(self, host: str) -> _Question:
        now = self._clock.monotonic()
        with self._lock:
            question = self._questions.get(host)
            if question is not None and not self._is_over(question, now):
                return question
            self._questions = {name: kept for name, kept in self._questions.items() if not self._is_over(kept, now)}
            if sum(not kept.answer.done() for kept in self._questions.values()) >= _MAX_CONCURRENT:
                raise DestinationRefused("Too many names are being looked up: the name server does not answer.")
            question = self._questions[host] = _Question(now, Future())
        try:
            threading.Thread(target=self._answer, args=[host, question.answer], name="look up", daemon=True).start()
        except RuntimeError as error:  # No thread is to be had: without an answer the question would stay for ever.
            question.answer.set_exception(error)
        return question

    def _is_over(self, question: _Question, now: float) -> bool:
        """Return whether it is to be asked anew: answered long ago, or in vain."""
        answer = question.answer
        return answer.done() and (answer.exception() is not None or now >= question.asked_at + CACHE_SECONDS)

    def _answer(self, host: str, answer: Future[Sequence[IPAddress]]) -> None:
        try:
            answer.set_result(self._look_up(host))
        except Exception as error:  # noqa: BLE001 whoever waits for the answer gets it
            answer.set_exception(error)
