"""Cards of the dashboard: numbers of the time before, within a sentence."""

from functools import partial

import pytest

from tracker.dashboard import formats
from tracker.dashboard.cards import Card, headline
from tracker.dashboard.page import _environment
from tracker.dashboard.wording import Language, Words


def _shown(language: Language, card: Card) -> str:
    words = Words(language)
    cards = _environment().get_template("cards.html").module
    duration = partial(formats.duration, words)
    return str(cards.card_of(card, words, formats.number, formats.share, duration, "About"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("language", "said"), [("en", "before: &lt;0.1%"), ("ja", "前期間：&lt;0.1%")])
def test_a_small_share_of_the_time_before_is_escaped_once(language: Language, said: str) -> None:
    assert said in _shown(language, Card(name="bounce_rate", number=0.5, before=0.0004, change="+124,900%"))


def test_what_was_nothing_before_is_said_and_what_is_not_known_is_not() -> None:
    assert "before: 0%" in _shown("en", Card(name="bounce_rate", number=0.5, before=0.0))
    assert "before" not in _shown("en", Card(name="bounce_rate", number=0.5))


def test_people_come_before_hits() -> None:
    cards = [Card(name="requests", number=9, before=3, change="+200%"), Card(name="visitors", number=2, before=0)]
    assert [card.name for card in headline(cards)] == ["visitors", "requests"]
    assert headline(cards)[1].before == 3
    assert [card.before for card in headline(cards, compares=False)] == [None, None]
