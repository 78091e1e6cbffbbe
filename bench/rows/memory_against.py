"""What each process of this build and of another takes after the same load: receiver, worker, scheduler."""

from statistics import median

from bench import pairs, pipeline
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.rows.memory import Samples
from bench.stage import Stage

NAME = "memory against"
TARGET = 1.05
_RATE = 500.0
"""Hits a second, the same for both."""

Megabytes = dict[str, dict[str, float]]
"""By role, the resident and the proportional size of its largest process."""


def measure(stage: Stage, effort: Effort) -> Row:
    """Measure pairs; the value is the ratio of the role that has grown most, by the median of its pairs."""
    if stage.other is None:
        raise NotMeasured("say which build it is to be held against: --against COMMIT")
    ours: list[Megabytes] = []
    theirs: list[Megabytes] = []
    for number in range(effort.rounds):
        sides = [(stage, ours), (stage.other, theirs)]
        for side, seen in sides if number % 2 == 0 else reversed(sides):
            seen.append(_after_load(side, effort))
    by_role = {role: pairs.Pairs(_sizes(ours, role), _sizes(theirs, role)) for role in ours[0]}
    return Row(
        name=NAME,
        value=round(max(sizes.ratio for sizes in by_role.values()), 3),
        unit="of the other build",
        target=TARGET,
        direction="at most",
        details={
            "summary": ", ".join(
                f"{role} {median(sizes.ours):.1f} against {median(sizes.baseline):.1f} MB ({sizes.ratio:.2f})"
                for role, sizes in by_role.items()
            ),
            "rate": _RATE,
            "seconds": effort.memory_first,
            "ratios": {role: [round(ratio, 3) for ratio in sizes.ratios] for role, sizes in by_role.items()},
            "ours": ours,
            "baseline": theirs,
        },
    )


def _after_load(side: Stage, effort: Effort) -> Megabytes:
    """Return the sizes at the end of `memory_first` seconds of load on fresh processes and empty tables."""
    side.empty_tables()
    samples = Samples()
    with pipeline.running(side) as running, pipeline.scheduling(side) as scheduler:
        roles = {"receiver": running.receiver, "worker": running.worker, "scheduler": scheduler}

        def sample(elapsed: float, _sent: int) -> None:
            if elapsed >= effort.memory_first - effort.memory_window:
                samples.take(roles)

        running.load(_RATE, effort.memory_first, tick=sample)
        side.wait_until_dry()
    megabytes = samples.megabytes()
    if set(megabytes) != set(roles):
        raise NotMeasured("a process was never seen")
    return megabytes


def _sizes(seen: list[Megabytes], role: str) -> list[float]:
    return [megabytes[role]["resident"] for megabytes in seen]
