"""Browser, system and device of a user agent, each different one read once by ua-parser (its engine in Rust)."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from ua_parser import Device, Parser, load_lazy_builtins
from ua_parser.core import Matcher
from ua_parser.lazy import DeviceMatcher

_MAX_KNOWN: Final = 50_000
_BOT: Final = "Spider"
"""How ua-parser calls the device of a bot."""
_SYSTEMS: Final = {"Web0S": "webOS"}
"""What ua-parser calls as televisions spell it."""
_TELEVISION: Final = re.compile(
    r"""(?:smart|apple|google|android|hbb|opera\ |net)[ _-]?tv | \btv\b | [_-]tv\b | \btv[_-] | \btv\ ?box | \d{2}tv
    | dtv\b | \bce-html | netcast | \blg\ browser | bravia | viera | aquos | web0s | vidaa | tbrowser | \bomi/ | roku/
    | crkey | chromecast | \baft[a-z0-9]{1,7}\b | brightsign | \bmi\ ?box | \bstb\b""",
    re.VERBOSE,
)
_CONSOLE: Final = re.compile(r"playstation|xbox|nintendo")
_TABLET: Final = re.compile(r"ipad|tablet|kindle|silk/|playbook|\b(?:tab|pad)\b|tab_|\bsm-[tx]\d{3}")
_PHONE: Final = re.compile(r"mobi|phone|midp|\bwap\b|symbian|series ?60|blackberry|docomo|kaios|lumia|ucbrowser")


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
    agent = _rules().parse(user_agent)
    browser = agent.user_agent
    system = _SYSTEMS.get(agent.os.family, agent.os.family) if agent.os else None
    is_bot = agent.device is not None and _is_bot(user_agent)
    return Agent(
        browser=browser.family if browser else None,
        version=browser.major if browser else None,
        system=system,
        device="bot" if is_bot else _kind(user_agent.lower(), system),
    )


@lru_cache(maxsize=1)
def _rules() -> Parser:
    """Return what knows browsers and systems, and of devices only the rules for bots: all of these take 15 MB."""
    browsers, systems, devices = load_lazy_builtins()
    bots: list[Matcher[Device]] = [rule for rule in devices if isinstance(rule, DeviceMatcher) and rule.family == _BOT]
    return Parser.from_matchers((browsers, systems, bots))


@lru_cache(maxsize=1)
def _device_rules() -> Parser:
    return Parser.from_matchers(([], [], load_lazy_builtins()[2]))


def _is_bot(user_agent: str) -> bool:
    """Return whether an agent that a rule for bots is true of is one: an earlier rule may know it as a device."""
    device = _device_rules().parse_device(user_agent)
    return device is not None and device.family == _BOT


def _kind(agent: str, system: str | None) -> str | None:
    if _CONSOLE.search(agent):
        return "console"
    if _TELEVISION.search(agent):
        return "television"
    # Browsers of Android say Mobile on phones. Other apps, of which Dalvik speaks, say it nowhere.
    if _TABLET.search(agent) or ("android" in agent and "mobile" not in agent and "dalvik" not in agent):
        return "tablet"
    if _PHONE.search(agent) or system in ("Android", "iOS"):
        return "phone"
    return "desktop" if system is not None else None
