"""Cards of the dashboard: numbers of the time before, within a sentence."""

from functools import partial

import pytest

from tracker.dashboard import formats
from tracker.dashboard.page import _environment
from tracker.dashboard.traffic import Card
from tracker.dashboard.wording import Language, Words


@pytest.mark.parametrize(("language", "said"), [("en", "before: &lt;0.1%"), ("ja", "前期間: &lt;0.1%")])
def test_a_small_share_of_the_time_before_is_escaped_once(language: Language, said: str) -> None:
    words = Words(language)
    card = Card(name="bounce_rate", number=0.5, before=0.0004, change="+124,900%")
    cards = _environment().get_template("cards.html").module
    shown = cards.compared_to(card, words, formats.number, formats.share, partial(formats.duration, words), "")  # type: ignore[attr-defined]
    assert said in shown
