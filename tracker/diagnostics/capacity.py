"""From how many hits come in to how much of what they need; pure arithmetic on measured costs.

The costs are CPU time a hit by process, and bytes, as measured for docs/benchmarks.md; docs/capacity.md shows it
at work. CPU time of another machine differs: `relative_speed` is how fast one of its cores is, compared with those.
"""

import math
from dataclasses import dataclass
from typing import Final

SECONDS_A_MONTH: Final = 30 * 86_400
_MICROSECONDS: Final = 1_000_000
_HOUR: Final = 3600
TURN_SECONDS: Final = 3
"""So often hits are made facts."""
MAX_KNOWN_APPLICATIONS: Final = 20_000
"""What a receiver keeps in memory; a site beyond is looked up again when its next hit comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCosts:
    """What one hit of a page view with three parameters costs on its way: CPU time in µs, sizes in bytes."""

    receiver: float = 135.0
    valkey: float = 40.0
    worker: float = 70.0
    postgresql: float = 115.0
    fact: float = 200.0
    """Of the scheduler and its engine, for a hit of a busy site: the present minute is made anew each turn."""
    site_facts: float = 9_000.0
    """The same for each site of which a turn makes facts of any hits."""
    waiting_bytes: int = 900
    """Of Redis's memory for a hit that waits."""
    stored_bytes: int = 1700
    """Of PostgreSQL's disk for a hit with its parameters, its share of a session and all indexes."""
    log_bytes: int = 3700
    """Of PostgreSQL's write-ahead log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What comes in: hits a second on average, how many times that at the peak, and from how many sites."""

    hits_per_second: float
    peak_factor: float
    sites: int
    retention_months: int

    @property
    def peak(self) -> float:
        """Hits a second at the peak, for which processes are counted."""
        return self.hits_per_second * self.peak_factor


@dataclass(frozen=True, slots=True)
class Need:
    """How much of something, and the arithmetic that leads there."""

    of: str
    amount: float
    unit: str
    arithmetic: str


def needs(load: Load, costs: HitCosts, *, utilisation: float, relative_speed: float) -> list[Need]:
    """List what a load needs; a core is filled to `utilisation` (a share of 1) at the peak."""

    def cores(of: str, microseconds: float, unit: str) -> Need:
        busy = load.peak * microseconds / _MICROSECONDS / relative_speed
        amount = max(1, math.ceil(busy / utilisation))
        speed = "" if relative_speed == 1 else f" / {relative_speed:g}"
        return Need(
            of,
            amount,
            unit,
            f"{load.peak:,.0f} hits/s * {microseconds:g} µs{speed} = {busy:.3f} cores busy,"
            f" / {utilisation:g} = {busy / utilisation:.3f}",
        )

    redis = cores("Redis or Valkey", costs.valkey, "servers (it works on one core)")
    hits_a_month = load.hits_per_second * SECONDS_A_MONTH
    months = load.retention_months
    return [
        cores("receiver", costs.receiver, "processes (`serve --workers`), a core each"),
        cores("worker", costs.worker, "processes (`worker.py --workers`), a core each"),
        cores("PostgreSQL", costs.postgresql, "cores"),
        redis,
        _facts(load, costs, relative_speed),
        _size(
            "memory of Redis for an hour in which nothing is stored",
            load.peak * _HOUR * costs.waiting_bytes,
            f"{load.peak:,.0f} hits/s * 3,600 s * {costs.waiting_bytes:,} bytes",
        ),
        _size(
            "disk of PostgreSQL",
            hits_a_month * months * costs.stored_bytes,
            f"{hits_a_month:,.0f} hits a month * {months} months * {costs.stored_bytes:,} bytes",
        ),
        _size(
            "write-ahead log a day",
            load.hits_per_second * 86_400 * costs.log_bytes,
            f"{load.hits_per_second:,.2f} hits/s * 86,400 s * {costs.log_bytes:,} bytes",
        ),
    ]


def advice(load: Load, needed: list[Need]) -> list[str]:
    """Say what the numbers alone do not."""
    amounts = {need.of: need.amount for need in needed}
    sentences = []
    if amounts["Redis or Valkey"] > 1:
        sentences.append(
            "One Redis does not carry this: divide the sites among installations, each with a Redis and a database."
        )
    if amounts["PostgreSQL"] > _MAX_CORES_OF_A_SERVER:
        sentences.append("PostgreSQL writes on one server: beyond its cores, too, the sites have to be divided.")
    if amounts[_FACTS] > 1:
        sentences.append(
            "Facts are made on one core, which is full at the peak: reports are then more than 10 s behind. Divide the "
            "sites among installations where that matters."
        )
    if load.sites > MAX_KNOWN_APPLICATIONS:
        sentences.append(
            f"A receiver keeps {MAX_KNOWN_APPLICATIONS:,} sites in memory; hits of others cost a look-up in Redis."
        )
    return sentences


def _facts(load: Load, costs: HitCosts, relative_speed: float) -> Need:
    """Return how busy the one core is on which hits become facts."""
    sites = min(load.sites, load.peak * TURN_SECONDS)
    of_sites = sites * costs.site_facts / _MICROSECONDS / TURN_SECONDS / relative_speed
    busy = of_sites + load.peak * costs.fact / _MICROSECONDS / relative_speed
    speed = "" if relative_speed == 1 else f" / {relative_speed:g}"
    return Need(
        _FACTS,
        round(busy, 2),
        "of a core (it works on one)",
        f"({sites:,.0f} sites a turn * {costs.site_facts:,g} µs / {TURN_SECONDS} s"
        f" + {load.peak:,.0f} hits/s * {costs.fact:g} µs){speed} = {busy:.3f}",
    )


_FACTS: Final = "facts of the scheduler"
_MAX_CORES_OF_A_SERVER: Final = 64
"""Cores; larger ones are rare, and writing does not grow with them."""


def _size(of: str, amount: float, arithmetic: str) -> Need:
    gigabytes = amount / 1e9
    return Need(of, round(gigabytes, 1 if gigabytes >= 1 else 3), "GB", f"{arithmetic} = {gigabytes:,.1f} GB")
