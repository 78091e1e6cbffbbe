"""How much time a statement of an export looks at: less after one that took too long, and slowly more again."""

from datetime import timedelta
from typing import Final

MAX_WINDOW: Final = timedelta(days=1)
"""Where an application has few of the hits, all others of that time are passed over to find a page of its own."""
NARROWEST: Final = timedelta(minutes=1)
_CUT: Final = 8
"""Into so many parts, where nothing is known that was answered: a few steps lead from a day to a minute."""
_CALM: Final = 8
"""Statements in a row that are answered before twice the time is tried."""


class Window:
    """The time that the next statement looks at, by how those before it went.

    What was given up once would often be given up again, and each time costs seconds: after every failed attempt to
    widen, it takes twice as many answers until the next.
    """

    def __init__(self) -> None:
        self.width = MAX_WINDOW
        self._answered: timedelta | None = None
        """The widest that was answered since the last that was given up."""
        self._in_a_row = 0
        self._calm = _CALM

    @property
    def is_narrowest(self) -> bool:
        return self.width <= NARROWEST

    def answered(self) -> None:
        """Note that a statement over this time was answered."""
        if self._answered is not None and self.width > self._answered:
            self._calm = _CALM
        self._answered = self.width
        self._in_a_row += 1
        if self._in_a_row >= self._calm and self.width < MAX_WINDOW:
            self.width = min(MAX_WINDOW, self.width * 2)
            self._in_a_row = 0

    def given_up(self) -> None:
        """Note that a statement over this time took too long."""
        if self._answered is not None and self._answered < self.width:
            self.width = self._answered
            self._calm *= 2
        else:
            self.width = max(NARROWEST, self.width / _CUT)
        self._answered, self._in_a_row = None, 0
