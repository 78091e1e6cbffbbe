"""How Japanese texts are written: no spaces beside full-width letters, full-width punctuation, one word for a thing."""

import json
import re
from importlib.resources import files

import pytest

WIDE = "\u3001-\u30ff\u3400-\u9fff\uff01-\uff5e"
"""Kana, Chinese characters and full-width punctuation."""
SPACED = re.compile(rf"[{WIDE}] [A-Za-z0-9{{`]|[A-Za-z0-9}}`] [{WIDE}]|[{WIDE}] [{WIDE}]")
HALF = re.compile(rf"[{WIDE}][:;,?!()]|[()][{WIDE}]")
OTHERWISE = re.compile("パラメータ(?!ー)|ユーザ(?!ー)|サーバ(?!ー)|ブラウザ(?!ー)|PV")
APART = {"day.moment", "months", "weekdays"}
"""A time stands apart from its day; names of a list apart from each other."""


def texts() -> list[tuple[str, str]]:
    folder = files("tracker.dashboard").joinpath("texts")
    pairs: list[tuple[str, str]] = []
    for name in ("ja.json", "sentences.json"):
        pairs += json.loads(folder.joinpath(name).read_text(encoding="utf-8")).items()
    return [(key, text) for key, text in pairs if key not in APART]


@pytest.mark.parametrize("wrong", [SPACED, HALF, OTHERWISE], ids=["spaces", "punctuation", "words"])
def test_japanese_is_written_in_one_way(wrong: re.Pattern[str]) -> None:
    assert {key: text for key, text in texts() if wrong.search(text)} == {}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [(SPACED, "API キー"), (SPACED, "{count} 件"), (HALF, "前期間: 3"), (HALF, "(空白)"), (OTHERWISE, "パラメータ")],
)
def test_what_is_written_otherwise_is_found(wrong: re.Pattern[str], text: str) -> None:
    assert wrong.search(text)
