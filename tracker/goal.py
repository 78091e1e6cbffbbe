"""What an owner wants visitors to do: a goal, and a funnel of steps; each step is a page that is viewed or an event.

A step is written as one text, `page:/thanks` or `event:signup`. A page that ends in `*` stands for all that begin like
it: `page:/order/*`.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

from tracker.visible_text import is_visible

StepKind = Literal["page", "event"]
STEP_KINDS: Final[tuple[StepKind, ...]] = get_args(StepKind)
MAX_STEPS: Final = 8
MIN_STEPS: Final = 2
MAX_VALUE_LENGTH: Final = 1000
_ANY_END: Final = "*"


@dataclass(frozen=True, slots=True)
class GoalStep:
    """A page or an event by its name."""

    kind: StepKind
    value: str

    @classmethod
    def read(cls, text: str) -> "GoalStep":
        """Return the step of a text. Raises ValueError with a sentence for one that is none."""
        kind, separator, value = text.partition(":")
        value = value.strip()
        known = next((step_kind for step_kind in STEP_KINDS if step_kind == kind), None)
        if not separator or known is None:
            raise ValueError("A step is a page or an event.")
        if not 1 <= len(value) <= MAX_VALUE_LENGTH or not is_visible(value):
            raise ValueError(f"A step needs a page or an event of 1 to {MAX_VALUE_LENGTH} characters.")
        if known == "page" and not value.startswith("/"):
            raise ValueError("A page begins with a slash, such as /thanks or /order/*.")
        return cls(known, value)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @property
    def beginning(self) -> str | None:
        """Return what pages begin with that this step stands for; None where it is one value alone."""
        return self.value[:-1] if self.kind == "page" and self.value.endswith(_ANY_END) else None


@dataclass(frozen=True, slots=True)
class Goal:
    """A step that is worth something: with `value_parameter` what that custom parameter says."""

    id: UUID
    name: str
    step: GoalStep
    value_parameter: str | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """Steps that are taken one after the other within a visit."""

    id: UUID
    name: str
    steps: tuple[GoalStep, ...]
