"""The number that makes a process's hit ids its own: leased in Redis for a day, renewed while the process runs.

Why two processes that hold different numbers never make the same id, and what is left to chance when Redis is
away or was wiped, is in docs/decisions/0030-a-hits-identity.md.
"""

import os
import secrets

from tracker.errors import QueueUnavailable
from tracker.hit import PROCESS_NUMBERS
from tracker.log import logger
from tracker.queueing.connection import Connection, script, translated

log = logger(__name__)

_LEASE_SECONDS = 86400
"""A number is given up by silence alone, a day after its last renewal, never at once: its holder may have run ahead
of the clock, or the clock may be set back, and the next holder must not tread on ids that were given out."""
_DRAWS = 100
"""With half of all numbers taken, a hundred draws fail once in 2^100."""


class ProcessNumber:
    """One process's number. Make it after a fork; `check` notices if that was not done."""

    def __init__(self, redis: Connection) -> None:
        self._hold = script(redis, "hold_number")
        self._number: int | None = None
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._token = secrets.token_hex(16)

    def draw(self) -> int:
        """Return a number from 0 to 65535 that no other process holds.

        While Redis is unavailable it is merely a random one, which `check` registers as soon as it can.
        """
        try:
            for _ in range(_DRAWS):
                self._number = secrets.randbelow(PROCESS_NUMBERS)
                if self._is_ours(self._number):
                    return self._number
        except QueueUnavailable:
            log.warning("process number unregistered", process_number=self._number)
        else:
            log.warning("process numbers used up", process_number=self._number)
        assert self._number is not None
        return self._number

    def check(self) -> int:
        """Return the number to use from now on; to be called every few seconds, never for each hit.

        It renews the lease, registers the number again after Redis lost it, and draws anew where another process
        holds it (it took it while Redis knew nothing of ours) or where this process is a fork of the one that drew.
        While Redis is unavailable the number stays.
        """
        if self._number is None or self._pid != os.getpid():
            self._begin()
            return self.draw()
        try:
            if self._is_ours(self._number):
                return self._number
        except QueueUnavailable:
            return self._number
        log.warning("process number taken by another", process_number=self._number)
        return self.draw()

    def _is_ours(self, number: int) -> bool:
        with translated():
            return bool(self._hold(keys=[f"tracker:process:{number}"], args=[self._token, _LEASE_SECONDS]))
