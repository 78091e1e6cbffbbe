"""Browser, system and device of a user agent, each different one read once.

ua-parser (its engine in Rust) knows browsers and systems; what it does not know of those that many people use stands
here, as the kinds of devices do, by words of the user agent.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from tracker.hidden_packages import hidden

# ua-parser loads each engine that it finds; of those the one in Rust does the work.
with hidden("re2"):
    from ua_parser import Device, Parser, load_lazy_builtins
    from ua_parser.core import Matcher
    from ua_parser.lazy import DeviceMatcher

_MAX_KNOWN: Final = 50_000
_BOT: Final = "Spider"
"""How ua-parser calls the device of a bot."""
_SYSTEMS: Final = {"Web0S": "webOS"}
"""What ua-parser calls as televisions spell it."""
_OPEN_HARMONY: Final = "OpenHarmony"
"""What HarmonyOS calls itself since it is no Android any more (5.0, 2024); ua-parser 202610 does not know it."""
_APPS: Final = {
    "MicroMessenger": "WeChat",
    "KAKAOTALK": "KakaoTalk",
    "NAVER(inapp": "NAVER",
    "YJApp": "Yahoo! JAPAN",
    "SmartNews": "SmartNews",
    "Barcelona": "Threads",
    "[LinkedInApp]": "LinkedIn",
    "YaSearchBrowser": "Yandex",
    "Quark": "Quark",
    "HuaweiBrowser": "Huawei Browser",
    "ArkWeb": "ArkWeb",
}
"""Who shows pages in a view of the system's browser, by what the app adds to its user agent, in the order of
precedence: ua-parser takes them for that browser."""
_APP: Final = re.compile(rf"(?<![A-Za-z])({'|'.join(map(re.escape, _APPS))})(?:-IOS|-ANDROID)?[/ ]?(\d+)?")
_TELEVISION: Final = re.compile(
    r"""(?:smart|apple|google|android|hbb|opera\ |net)[ _-]?tv | \btv\b | [_-]tv\b | \btv[_-] | \btv\ ?box | \d{2}tv
    | \(dtv\b | \bce-html | netcast | \blg\ browser | bravia | \bviera | aquos(?:browser|-as|[ -]?tv) | web0s | vidaa
    | \btbrowser | \bomi/ | roku/ | crkey | chromecast | \baft[a-z0-9]{1,7}\b | brightsign | \bbox\b | \bstb\b
    | led\d{2} | \bshell\ [a-z]""",
    re.VERBOSE,
)
"""Phones are called AQUOS too, and some receive television ("DTV")."""
_CONSOLE: Final = re.compile(r"playstation|xbox|nintendo")
_DESKTOP: Final = re.compile(r"chromebook|\(pc; openharmony")
_TABLET: Final = re.compile(r"ipad|tablet(?! pc \d)|kindle|silk/|playbook|\b(?:tab|a?pad)\b|tab_|\bsm-[tx]\d{3}")
_PHONE: Final = re.compile(
    r"mobi|phone|midp|\bwap\b|symbian|series ?60|blackberry|docomo|kaios|lumia|ucbrowser|fban/fb4a"
)


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
    browser, version = _app_of(user_agent) or (
        (agent.user_agent.family, agent.user_agent.major) if agent.user_agent else (None, None)
    )
    system = _SYSTEMS.get(agent.os.family, agent.os.family) if agent.os else None
    if _OPEN_HARMONY in user_agent:
        system = "HarmonyOS"
    is_bot = agent.device is not None and _is_bot(user_agent)
    return Agent(
        browser=browser,
        version=version,
        system=system,
        device="bot" if is_bot else _kind(user_agent.lower(), system),
    )


def _app_of(user_agent: str) -> tuple[str, str | None] | None:
    """Return the app that shows the page, and its major version; None where it is the browser itself."""
    named = {app[1]: app[2] for app in _APP.finditer(user_agent)}
    return next(((name, named[word]) for word, name in _APPS.items() if word in named), None) if named else None


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
    if _DESKTOP.search(agent):
        return "desktop"
    # Browsers of Android, which begin with Mozilla, say Mobile on phones. Other apps and Opera Mini say it nowhere.
    if _TABLET.search(agent) or (agent.startswith("mozilla/") and "android" in agent and "mobile" not in agent):
        return "tablet"
    if _PHONE.search(agent) or system in ("Android", "iOS"):
        return "phone"
    return "desktop" if system is not None else None
