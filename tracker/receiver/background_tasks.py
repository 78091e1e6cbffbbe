"""What a process does beside its requests, in one thread: every turn keeps something fresh."""

import threading
from collections.abc import Callable, Mapping

from tracker.clock import Clock
from tracker.errors import TrackerError
from tracker.log import logger

_log = logger(__name__)


class BackgroundTasks:
    """Calls each of `tasks` every `seconds`, in a thread that `ensure` starts, again should it have died."""

    def __init__(self, tasks: Mapping[str, Callable[[], None]], clock: Clock, *, seconds: float) -> None:
        self._tasks, self._clock, self._seconds = dict(tasks), clock, seconds
        self._failing: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._turned_at = clock.monotonic()
        self.runs = False

    def ensure(self) -> None:
        """Start the thread unless it runs. Costs nothing where it does."""
        if self.runs:
            return
        with self._lock:
            if self._stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            if self._thread is not None:
                _log.error("upkeep died and starts again")
            thread = threading.Thread(target=self._run, name="background_tasks", daemon=True)
            self.runs = True
            try:
                thread.start()
            except RuntimeError as error:  # No thread is to be had just now: whoever comes next tries again.
                self.runs = False
                _log.error("upkeep cannot start", reason=str(error))
            else:
                self._thread = thread

    def stop(self, patience: float = 5.0) -> None:
        """End the thread; wait at most `patience` seconds for its turn to end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(patience)

    def turn(self) -> None:
        """Call every task once. One that fails delays none of the others; it is logged when that begins and ends."""
        for name, task in self._tasks.items():
            try:
                task()
            except TrackerError as error:
                if name not in self._failing:
                    self._failing.add(name)
                    _log.warning("upkeep fails", task=name, reason=str(error))
            except Exception:  # noqa: BLE001 a fault in one task must not end the others
                _log.exception("upkeep fails unexpectedly", task=name)
            else:
                if name in self._failing:
                    self._failing.discard(name)
                    _log.info("upkeep works again", task=name)
        self._turned_at = self._clock.monotonic()

    @property
    def age_seconds(self) -> float:
        """Return how long ago the last turn ended."""
        return self._clock.monotonic() - self._turned_at

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._seconds):
                self.turn()
        finally:
            self.runs = False
