"""Keeps hits out of a Redis that belongs to another database: they wait in `batch_queue` of their own meanwhile."""

from tracker.errors import DatabaseUnavailable, ForeignQueue
from tracker.instance.check import InstanceCheck
from tracker.log import logger
from tracker.web.circuit_breaker import CircuitBreaker

_log = logger(__name__)


class QueueGuard:
    """Compares beside the requests, and holds Redis's outage where the two do not belong together.

    So it does before the first comparison. While PostgreSQL has never been reached nobody can compare: Redis takes
    hits then, and the workers, who need PostgreSQL, compare before they write.
    """

    def __init__(self, check: InstanceCheck, redis_breaker: CircuitBreaker) -> None:
        self._check, self._redis_breaker = check, redis_breaker
        self._redis_breaker.is_forced_open = True
        self._is_foreign = False

    def look(self) -> None:
        """Compare now. Raises QueueUnavailable: what was found last holds."""
        try:
            self._check.look()
        except ForeignQueue as error:
            self._redis_breaker.is_forced_open = True
            if not self._is_foreign:
                self._is_foreign = True
                _log.error("wrong redis, hits go into batch_queue", reason=str(error))
            return
        except DatabaseUnavailable as error:
            _log.debug("instance not compared", reason=str(error))
        self._redis_breaker.is_forced_open = False
        if self._is_foreign:
            self._is_foreign = False
            _log.info("redis belongs to this database again")
