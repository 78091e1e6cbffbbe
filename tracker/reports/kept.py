"""What a process keeps for the questions that follow."""

from dataclasses import dataclass, field

from tracker.reports.gathered import GatheredVisits
from tracker.reports.passing_files import PassingFiles


@dataclass(frozen=True, slots=True)
class Kept:
    """Visits of several parts, and files that go soon."""

    gathered: GatheredVisits = field(default_factory=GatheredVisits)
    passing: PassingFiles = field(default_factory=PassingFiles)
