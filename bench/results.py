"""What a row says, where it is written, and how it is shown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

_FOLDER = Path(__file__).resolve().parent / "results"
LATEST = _FOLDER / "latest.json"
"""Of the last whole run."""
PARTIAL = _FOLDER / "partial.json"
"""Of a run of some rows, or a quick one."""
Direction = Literal["at least", "at most", "for information"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: a value, what it is held against, and everything measured on the way."""

    name: str
    value: float
    unit: str
    target: float | None
    direction: Direction
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        if self.target is None or self.direction == "for information":
            return True
        return self.value >= self.target if self.direction == "at least" else self.value <= self.target

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "reached": self.reached}


def write(
    file: Path,
    machine: Mapping[str, Any],
    rows: Sequence[Row],
    failures: Mapping[str, str],
    run: Mapping[str, Any],
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "run": run, "rows": [row.as_json() for row in rows], "not_measured": failures}
    file.write_text(json.dumps(document, indent=2) + "\n")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(machine: Mapping[str, Any], rows: Sequence[Row], failures: Mapping[str, str]) -> None:
    table = Table(title=f"{machine['cpus']} CPUs, {machine['cpu_model']}, {machine['memory_gib']} GiB")
    for heading in ("row", "value", "to reach", "reached", "measured"):
        table.add_column(heading)
    for row in rows:
        wanted = "-" if row.target is None else f"{row.direction} {row.target:g} {row.unit}"
        verdict = "-" if row.target is None else "yes" if row.reached else "[bold red]no[/]"
        table.add_row(
            row.name, f"{_figure(row.value)} {row.unit}", wanted, verdict, str(row.details.get("summary", ""))
        )
    for name, reason in failures.items():
        table.add_row(name, "not measured", "", "", reason.splitlines()[0][:200])
    Console().print(table)
