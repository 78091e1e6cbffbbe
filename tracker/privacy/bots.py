"""Whether a user agent is a crawler's, a library's or a script's rather than a person's.

The patterns are those of the library crawlerdetect (about 1,500, kept in step with the list of the same name), and of
`programs` for what that does not know.
They cost 0.1 to 0.4 ms a user agent, so that verdicts are kept; visitors have few different ones.
"""

from functools import lru_cache

from crawlerdetect import CrawlerDetect

from tracker.privacy.programs import gives_address, is_program, without_device

_MAX_LENGTH = 512
"""Characters that are looked at: programs name themselves early, and longer texts cost more than they tell."""

_detect = CrawlerDetect()


@lru_cache(maxsize=8192)
def is_bot(user_agent: str) -> bool:
    """Return the verdict; a text of nothing but spaces is nobody's. Thread-safe."""
    beginning = user_agent[:_MAX_LENGTH]
    return is_program(beginning) or bool(_detect.is_crawler(without_device(beginning)))


@lru_cache(maxsize=8192)
def reads_no_pages(user_agent: str) -> bool:
    """Return whether who fetched a page, as a log has it, is a bot, or gives an address as bots do. Thread-safe."""
    return is_bot(user_agent) or gives_address(user_agent[:_MAX_LENGTH])
