"""The question of an import whose lines are older than the running scheduler keeps."""

import sys
from collections.abc import Callable
from datetime import datetime

import click


class OldLines:
    """Asks once whether to import what the scheduler will drop.

    `yes` says so beforehand; `may_ask` is whether standard input is free for an answer. `on_question` is called before
    anything is asked, for what else writes to the terminal.
    """

    def __init__(self, retention_months: int, *, yes: bool, may_ask: bool, on_question: Callable[[], None]) -> None:
        self._retention_months, self._is_settled, self._may_ask = retention_months, yes, may_ask
        self._on_question = on_question

    def __call__(self, file: str, number: int, time: datetime, first: datetime) -> None:
        """Ask about the first line from before `first`.

        Raises click.Abort where the answer is no, and click.UsageError where nobody can be asked.
        """
        if self._is_settled:
            return
        self._on_question()
        sentence = (
            f"{file} line {number} is of {time:%Y-%m-%d}, and the running scheduler keeps hits since {first:%Y-%m-%d} "
            f"only (TRACKER_RETENTION_MONTHS={self._retention_months}): it will drop what is older after the import."
        )
        if not (self._may_ask and sys.stdin.isatty()):
            raise click.UsageError(
                f"{sentence} Start the scheduler with the retention that this log needs, or import it all by --yes."
            )
        click.confirm(f"{sentence} Import all the same?", abort=True, err=True)
        self._is_settled = True
