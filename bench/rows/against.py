"""This build against another one, each on servers of its own: what a hit costs on its whole way, and the receiver."""

from statistics import median

from bench import hits, pairs, pipeline, web
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.receiver_rounds import Side
from bench.results import Row
from bench.stage import Stage

NAME = "against"
CPU_TARGET = 0.6
SCHEDULED_TARGET = 0.95
_GENERATOR = "generator"


def measure(stage: Stage, effort: Effort) -> list[Row]:
    """Measure pairs of the two builds; the ratios are this build's figure to the other's."""
    if stage.other is None:
        raise NotMeasured("say which build it is to be held against: --against COMMIT")
    return [
        *_whole_way(stage, stage.other, effort),
        _with_scheduler(stage, stage.other, effort),
        _receiver_post(stage, stage.other, effort),
    ]


def _whole_way(stage: Stage, other: Stage, effort: Effort) -> list[Row]:
    spent: dict[Stage, list[dict[str, int]]] = {stage: [], other: []}

    def stored_per_second(side: Stage) -> float:
        with pipeline.running(side) as running:
            running.sustain(effort.warm_up)
            run = running.sustain(effort.against)
        spent[side].append(dict(run.cpu_microseconds_a_hit))
        return run.stored_per_second

    stored = pairs.measured_in_turn(effort.rounds, lambda: stored_per_second(stage), lambda: stored_per_second(other))
    cpu = pairs.Pairs(*([_without_generator(shares) for shares in spent[side]] for side in (stage, other)))
    shares = {role: median(one[role] for one in spent[stage]) for role in spent[stage][0]}
    before = {role: median(one[role] for one in spent[other]) for role in spent[other][0]}
    return [
        Row(
            name="CPU of a hit, whole way",
            value=round(cpu.ratio, 3),
            unit="of the other build",
            target=CPU_TARGET,
            direction="at most",
            details=cpu.details("µs a hit") | {"ours_by_process": shares, "baseline_by_process": before},
        ),
        Row(
            name="whole way, against the other build",
            value=round(stored.ratio, 3),
            unit="of the other build",
            target=1.0,
            direction="at least",
            details=stored.details("stored hits/s"),
        ),
    ]


def _with_scheduler(stage: Stage, other: Stage, effort: Effort) -> Row:
    """The whole way while statistics and facts are made of what it stores, each build doing as much as it does."""

    def stored_per_second(side: Stage) -> float:
        with pipeline.running(side) as running, pipeline.scheduling(side):
            running.sustain(effort.warm_up)
            return running.sustain(effort.against).stored_per_second

    stored = pairs.measured_in_turn(effort.rounds, lambda: stored_per_second(stage), lambda: stored_per_second(other))
    return Row(
        name="whole way beside the scheduler, against the other build",
        value=round(stored.ratio, 3),
        unit="of the other build",
        target=SCHEDULED_TARGET,
        direction="at least",
        details=stored.details("stored hits/s"),
    )


def _without_generator(shares: dict[str, int]) -> int:
    return sum(microseconds for role, microseconds in shares.items() if role != _GENERATOR)


def _receiver_post(stage: Stage, other: Stage, effort: Effort) -> Row:
    requests = hits.post_requests()
    ours = Side(stage, lambda: web.product(stage), requests, effort, beside=False)
    theirs = Side(other, lambda: web.product(other), requests, effort, beside=False)
    measured = pairs.measured_in_turn(effort.rounds, ours.round, theirs.round)
    return Row(
        name="receiver post, against the other build",
        value=round(measured.ratio, 3),
        unit="of the other build",
        target=1.0,
        direction="at least",
        details=measured.details("requests/s")
        | {
            "ours_cpu_microseconds_a_hit": ours.cpu_microseconds,
            "baseline_cpu_microseconds_a_hit": theirs.cpu_microseconds,
        },
    )
