"""Cases of hostile input: originals with bytes in them that do not belong there, drawn by hypothesis from a seed."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import hypothesis
from hypothesis import strategies as st

SEED = int(os.environ.get("HOSTILE_SEED", "1"))
CASES = int(os.environ.get("HOSTILE_CASES", "1200"))
SHARES = {"receiver": 0.25, "streams": 0.25, "logs": 0.4, "answers": 0.1}
_ROUND = 500
"""What is drawn with one seed: hypothesis remembers all of a run."""

Spoiling = list[tuple[int, int, bytes]]
"""Places, how many bytes are removed there, and what is put there."""

_NASTY = (
    b'"', b"\\", b"\0", b"\r\n", b"\r\n\r\n", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"{" * 300,
    b"[" * 3000, b"1e999", b"-1", b"9" * 400, b"%00", b"%", b"NaN", b"null", b"\xe2\x80\xae", b"a" * 9000, b" ",
)  # fmt: skip
SPOILINGS: st.SearchStrategy[Spoiling] = st.lists(
    st.tuples(st.integers(0, 3000), st.integers(0, 12), st.binary(max_size=6) | st.sampled_from(_NASTY)), max_size=3
)


def spoilt(original: bytes, spoiling: Spoiling) -> bytes:
    for at, removed, put in spoiling:
        place = at % (len(original) + 1)
        original = original[:place] + put + original[place + removed :]
    return original


def run(part: str, strategy: st.SearchStrategy[Any], judge: Callable[[Any], Iterable[str]]) -> Counter[str]:
    """Judge the part's share of the cases, of which each that is drawn makes several; what became of how many."""
    became: Counter[str] = Counter()
    count = int(CASES * SHARES[part])

    def some_cases(drawn: Any) -> None:
        if became.total() < count:
            became.update(judge(drawn))

    number = 0
    while became.total() < count:
        examples = hypothesis.settings(
            max_examples=_ROUND,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.seed(SEED * 1_000_000 + number)(examples(hypothesis.given(strategy)(some_cases)))()
        number += 1
    sys.stdout.write(f"seed {SEED}, {part}: {became.total()} cases, {dict(became.most_common())}\n")
    return became
