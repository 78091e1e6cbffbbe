"""Where the ids of this process's hits come from: its leased number and a count that only grows."""

from datetime import datetime

from tracker.hit import IdSource
from tracker.queueing.process_number import ProcessNumber


class HitIds:
    """Ids for new hits. Thread-safe. `check` keeps the lease; it is called beside the requests."""

    def __init__(self, process_number: ProcessNumber) -> None:
        self._process_number = process_number
        self._number = process_number.draw()
        self._ids = IdSource(self._number)

    def next(self, now: datetime) -> int:
        return self._ids.next(now)

    def check(self) -> None:
        """Renew the lease, and go on with another number where another process holds this one."""
        number = self._process_number.check()
        if number != self._number:
            self._number = number
            self._ids = IdSource(number)
