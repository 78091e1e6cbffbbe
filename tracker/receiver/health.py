"""Whether this process, and what it needs, is well: for load balancers, orchestrators and people.

No answer holds an address or a name, and each comes within a bounded time whatever hangs. Figures and the version are
for those who present a key; everybody else learns of each part whether it is well.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, request

from tracker import __version__
from tracker.clock import Clock, SystemClock
from tracker.errors import TrackerError
from tracker.log import logger
from tracker.receiver.answers import json_answer
from tracker.receiver.application_directory import ApplicationDirectory
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.web.envelope import Answer

_PATIENCE = 2.0
"""Seconds after which a probe without an answer counts as `away`."""
_FRESH = 0.5
"""Seconds for which a probe's result serves further requests, so that asking often costs nothing."""
_LATE_UPKEEP = 15.0
"""Seconds since the last turn after which background_tasks counts as `late`; a turn comes every 2 seconds."""


_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server said beside that it is there: facts of its own, and the state of the work that it knows of."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    work: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the part's name, its `state` and figures: `ok`, or what is wrong in a word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a probe saw: `ok` or `away`, how long the answer took, and what else the server said."""

    ok: bool
    latency_ms: float
    seen: Seen = field(default_factory=Seen)

    @property
    def work(self) -> Mapping[str, Mapping[str, Any]]:
        return self.seen.work

    def as_json(self) -> dict[str, Any]:
        return {"state": "ok" if self.ok else "away", "latency_ms": round(self.latency_ms, 1), **self.seen.facts}


class Probes:
    """Looks at the servers, each in a thread of its own, and never twice at once. Thread-safe."""

    def __init__(self, probes: Mapping[str, Callable[[], Seen]], clock: Clock) -> None:
        self._probes, self._clock = dict(probes), clock
        self._pool = ThreadPoolExecutor(len(probes), thread_name_prefix="probe")
        self._lock = threading.Lock()
        self._running: dict[str, tuple[float, Future[Reading]]] = {}

    def look(self) -> dict[str, Reading]:
        """Every server's state, within `_PATIENCE` seconds. A probe that still hangs is not started again."""
        futures = {name: self._probe(name) for name in self._probes}
        deadline = self._clock.monotonic() + _PATIENCE
        readings = {}
        for name, future in futures.items():
            try:
                readings[name] = future.result(max(0.0, deadline - self._clock.monotonic()))
            except TimeoutError:
                readings[name] = Reading(ok=False, latency_ms=_PATIENCE * 1000)
        return readings

    def close(self) -> None:
        self._pool.shutdown(wait=False)

    def _probe(self, name: str) -> Future[Reading]:
        now = self._clock.monotonic()
        with self._lock:
            started = self._running.get(name)
            if started is not None and (not started[1].done() or now - started[0] < _FRESH):
                return started[1]
            future = self._pool.submit(self._take, self._probes[name])
            self._running[name] = now, future
            return future

    def _take(self, probe: Callable[[], Seen]) -> Reading:
        begun = self._clock.monotonic()
        seen = Seen()
        try:
            seen = probe()
        except TrackerError:
            ok = False
        except Exception:  # noqa: BLE001 one probe must not take the answer about the others away
            _log.exception("probe fails unexpectedly")
            ok = False
        else:
            ok = True
        return Reading(ok, (self._clock.monotonic() - begun) * 1000, seen)


@dataclass(frozen=True, slots=True)
class HealthParts:
    """What health looks at; one per process. `probes` has `redis` and `postgresql`."""

    probes: Probes
    applications: ApplicationDirectory
    background_tasks: BackgroundTasks
    clock: Clock


KnowsCaller = Callable[[Mapping[str, Any]], bool]
"""Tells from a request's WSGI environ whether it presents a good key or the admin token. Raises nothing."""


def live() -> Answer:
    """Return nothing but this process: whatever else is unavailable, starting it anew would not help."""
    return json_answer({"status": "ok"}, SystemClock().now(), private=True)


def health(parts: Callable[[], HealthParts], knows_caller: KnowsCaller) -> Blueprint:
    """Return the endpoints; `parts` gives the process's own, made when it is first asked for."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def everything() -> Answer:
        of_process = parts()
        readings = of_process.probes.look()
        late = of_process.background_tasks.age_seconds > _LATE_UPKEEP
        takes_hits = any(reading.ok for reading in readings.values())
        figures: dict[str, Mapping[str, Any]] = {
            **{name: reading.as_json() for name, reading in readings.items()},
            **{name: work for reading in readings.values() for name, work in reading.work.items()},
            "applications": {"state": "ok", "known": len(of_process.applications)},
            "background_tasks": {
                "state": "late" if late else "ok",
                "age_seconds": round(of_process.background_tasks.age_seconds, 1),
            },
        }
        well = all(part["state"] == "ok" for part in figures.values())
        known = knows_caller(request.environ)
        shown = figures if known else {n: {"state": f["state"]} for n, f in figures.items()}
        data = {"status": "ok" if well else "degraded" if takes_hits else "away", "parts": shown}
        if known:
            data["version"] = __version__
        return json_answer(data, of_process.clock.now(), status=200 if takes_hits else 503, private=True)

    # The Go original's names for the two: /live and /ready.
    blueprint.add_url_rule("/health/live", view_func=live)
    blueprint.add_url_rule("/live", view_func=live)

    @blueprint.get("/health/ready")
    @blueprint.get("/ready")
    def ready() -> Answer:
        of_process = parts()
        takes_hits = any(reading.ok for reading in of_process.probes.look().values())
        data = {"status": "ok" if takes_hits else "away"}
        return json_answer(data, of_process.clock.now(), status=200 if takes_hits else 503, private=True)

    return blueprint
