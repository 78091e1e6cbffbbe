from typing import Any

import pytest

from tests.unit.test_receiver_admission_of_pages import rules
from tracker.privacy.bots import is_bot
from tracker.receiver.filtering import reason_to_drop, reason_to_drop_keyed

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/99.0 Mobile Safari/537.36",
    "Browser/1",
    " ",
]
PROGRAMS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
    "facebookexternalhit/1.1",
]
INTEGRATIONS = [
    "curl/8.14.1",
    "python-requests/2.32.5",
    "Python-urllib/3.11",
    "Go-http-client/1.1",
    "Python/3.11 aiohttp/3.13.0",
]


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_people_are_taken(user_agent: str) -> None:
    assert not is_bot(user_agent)
    assert reason_to_drop(rules(), {}, user_agent) is None


@pytest.mark.parametrize("user_agent", PROGRAMS)
def test_programs_are_dropped_unless_they_are_to_be_kept(user_agent: str) -> None:
    assert reason_to_drop(rules(), {}, user_agent) == reason_to_drop_keyed(rules(), user_agent) == "bot"
    assert reason_to_drop(rules(bot_filter="keep"), {}, user_agent) is None
    assert reason_to_drop_keyed(rules(bot_filter="keep"), user_agent) is None


@pytest.mark.parametrize("user_agent", INTEGRATIONS)
def test_a_library_that_sends_a_hit_is_an_integration_and_a_bot_where_it_fetched_a_page(
    user_agent: str,
) -> None:
    assert reason_to_drop(rules(), {}, user_agent) is None
    assert reason_to_drop_keyed(rules(), user_agent) == "bot"
    assert is_bot(user_agent)
    assert reason_to_drop(rules(), {}, f"Mozilla/5.0 (compatible; Googlebot/2.1) {user_agent}") == "bot"


def test_a_hit_without_a_user_agent_is_nobodys_bot() -> None:
    assert reason_to_drop(rules(), {}, None) is None
    assert reason_to_drop_keyed(rules(), None) is None


@pytest.mark.timeout(10)
def test_a_long_user_agent_does_not_take_long() -> None:
    for letter in "aA1 /.;(":
        is_bot(letter * 2000)


@pytest.mark.parametrize(
    ("header", "value", "ahead"),
    [
        ("HTTP_SEC_PURPOSE", "prefetch", True),
        ("HTTP_SEC_PURPOSE", "prefetch;prerender", True),
        ("HTTP_SEC_PURPOSE", "prefetch;anonymous-client-ip", True),
        ("HTTP_PURPOSE", "prefetch", True),
        ("HTTP_PURPOSE", "Preview", True),
        ("HTTP_X_PURPOSE", "preview", True),
        ("HTTP_X_MOZ", "prefetch", True),
        ("HTTP_X_MOZ", "microsummary", False),
        ("HTTP_PURPOSE", "", False),
        ("HTTP_SEC_FETCH_DEST", "prefetch", False),
    ],
)
def test_a_page_that_is_fetched_ahead_is_no_visit(header: str, value: str, ahead: bool) -> None:  # noqa: FBT001 a column
    assert reason_to_drop(rules(), {header: value}, None) == ("prefetch" if ahead else None)
    assert reason_to_drop(rules(bot_filter="keep"), {header: value}, None) is None


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"HTTP_SEC_GPC": "1"}, "gpc"),
        ({"HTTP_DNT": "1"}, "dnt"),
        ({"HTTP_SEC_GPC": "1", "HTTP_DNT": "1"}, "gpc"),
        ({"HTTP_DNT": "0"}, None),
        ({"HTTP_SEC_GPC": "?1"}, None),
        ({"HTTP_DNT": "null"}, None),
    ],
)
def test_a_visitor_who_objects_is_not_followed(headers: dict[str, Any], reason: str | None) -> None:
    assert reason_to_drop(rules(), headers, None) == reason
    for other in ("anonymous", "ignore"):
        assert reason_to_drop(rules(respect_dnt=other), headers, None) is None
