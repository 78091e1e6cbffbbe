"""Browser, system and device of a user agent, each different one read once by ua-parser (its engine in Rust)."""

from functools import lru_cache
from typing import Final, NamedTuple

from ua_parser import parse

_MAX_KNOWN: Final = 50_000
_TABLETS: Final = ("ipad", "tablet", "kindle", "silk/", "playbook")
_TELEVISIONS: Final = ("smart-tv", "smarttv", "appletv", "googletv", "hbbtv", "bravia", "roku/", "crkey", "web0s")
_CONSOLES: Final = ("playstation", "xbox", "nintendo")


class Agent(NamedTuple):
    """What an agent says of itself; None where it says nothing that is known."""

    browser: str | None
    version: str | None
    """Its major version."""
    system: str | None
    device: str | None
    """desktop, phone, tablet, television, console or bot."""


@lru_cache(maxsize=_MAX_KNOWN)
def agent_of(user_agent: str) -> Agent:
    """Read an agent. An iPad that calls itself a Mac cannot be told from one."""
    agent = parse(user_agent)
    browser = agent.user_agent
    system = agent.os.family if agent.os else None
    family = agent.device.family if agent.device else None
    return Agent(
        browser=browser.family if browser else None,
        version=browser.major if browser else None,
        system=system,
        device=_kind(user_agent.lower(), system, family),
    )


def _kind(agent: str, system: str | None, family: str | None) -> str | None:
    if family == "Spider":
        return "bot"
    if any(word in agent for word in _TELEVISIONS):
        return "television"
    if any(word in agent for word in _CONSOLES):
        return "console"
    if any(word in agent for word in _TABLETS) or ("android" in agent and "mobile" not in agent):
        return "tablet"
    if "mobi" in agent or system in ("Android", "iOS") or "phone" in agent:
        return "phone"
    return "desktop" if system is not None else None
