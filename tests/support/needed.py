"""What a test cannot do without: where it is missing the test is skipped, and where CI is set it fails."""

import importlib.util
import os

import pytest

IN_CI = os.environ.get("CI") == "true"


def need(is_there: object, sentence: str) -> None:
    """Go on where it is there; `sentence` says what is missing and how to get it."""
    if not is_there:
        if IN_CI:
            pytest.fail(sentence)
        pytest.skip(sentence)


def need_wheel(module: str) -> None:
    """The same for the wheel of a server, by the name of its module."""
    there = importlib.util.find_spec(module)
    need(there, f"{module} is not installed: pip install -r requirements-dev.txt")
