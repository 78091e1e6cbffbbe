"""Two sides in turn: noise disturbs both, so that the ratio within a pair says more than two figures apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Pairs:
    """Figures of both sides, pair by pair; higher is better."""

    ours: Sequence[float]
    baseline: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        return [ours / baseline for ours, baseline in zip(self.ours, self.baseline, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios within the pairs."""
        return median(self.ratios)

    def details(self, unit: str) -> dict[str, Any]:
        return {
            "summary": f"{median(self.ours):,.0f} against {median(self.baseline):,.0f} {unit},"
            f" ratios {min(self.ratios):.2f} to {max(self.ratios):.2f} in {len(self.ratios)} pairs",
            "ours": [round(figure, 1) for figure in self.ours],
            "baseline": [round(figure, 1) for figure in self.baseline],
            "ratios": [round(ratio, 3) for ratio in self.ratios],
        }


def measured_in_turn(rounds: int, ours: Callable[[], float], baseline: Callable[[], float]) -> Pairs:
    """`rounds` pairs; every second one begins with the other side, so that a drift of the machine cancels out."""
    ours_figures: list[float] = []
    baseline_figures: list[float] = []
    for number in range(rounds):
        sides = [(ours, ours_figures), (baseline, baseline_figures)]
        for side, figures in sides if number % 2 == 0 else reversed(sides):
            figures.append(side())
    return Pairs(ours_figures, baseline_figures)
