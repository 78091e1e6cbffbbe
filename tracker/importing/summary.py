"""What became of the lines of an import, for people and for programs."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not taken."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Missing:
    """Lines without something, and the first of them."""

    count: int = 0
    first: str | None = None
    """File and line number."""

    def add(self, place: str) -> None:
        self.count += 1
        self.first = self.first or place


@dataclass(slots=True)
class Summary:
    """What became of the lines. `malformed` and `refused` hold the first `keep` lines of each kind, or all."""

    keep: int | None
    lines: int = 0
    queued: int = 0
    """New hits: those that were stored at once, and those that were put into the queue."""
    stored: int = 0
    """Those of them that were stored at once."""
    known: int = 0
    """Good lines that are stored already."""
    replaced: int = 0
    """Good lines that were stored otherwise, and are written anew."""
    bots: int = 0
    """Good lines that were left out since they are a bot's."""
    other_hosts: int = 0
    """Good lines that were left out since they are for another site than the application's domain."""
    unfinished: list[str] = field(default_factory=list)
    """Files whose last line had no end yet: it waits for the next run."""
    no_address: Missing = field(default_factory=Missing)
    no_user_agent: Missing = field(default_factory=Missing)
    kinds: Counter[str] = field(default_factory=Counter)
    """Good lines by what their requests were for."""
    formats: Counter[str] = field(default_factory=Counter)
    unread: set[str] = field(default_factory=set)
    malformed_count: int = 0
    refused_count: int = 0
    malformed: list[BadLine] = field(default_factory=list)
    refused: list[BadLine] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        """Return how many lines there were so far, and what became of them."""
        return Counter(
            lines=self.lines,
            queued=self.queued,
            known=self.known,
            replaced=self.replaced,
            bots=self.bots,
            other_hosts=self.other_hosts,
            malformed=self.malformed_count,
            refused=self.refused_count,
        )

    def add_malformed(self, bad: BadLine) -> None:
        self.malformed_count += 1
        self._remember(self.malformed, bad)

    def add_refused(self, bad: BadLine) -> None:
        self.refused_count += 1
        self._remember(self.refused, bad)

    def _remember(self, kept: list[BadLine], bad: BadLine) -> None:
        if self.keep is None or len(kept) < self.keep:
            kept.append(bad)
