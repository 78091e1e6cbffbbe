"""Where a reader came from: which channel a host belongs to, by the table `channels.tsv`, and campaigns. Pure."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

CHANNELS: Final = ("direct", "search", "social", "ai", "mail", "referral", "campaign", "other", "internal")
"""`internal` is a page of the application's own: no source."""
_MAX_LENGTH: Final = 200
_CLICK_IDS: Final = {
    "gclid": ("google", "campaign"),
    "gbraid": ("google", "campaign"),
    "wbraid": ("google", "campaign"),
    "dclid": ("google", "campaign"),
    "msclkid": ("bing", "campaign"),
    "yclid": ("yandex", "campaign"),
    "fbclid": ("facebook", "social"),
    "twclid": ("twitter", "campaign"),
    "ttclid": ("tiktok", "campaign"),
    "li_fat_id": ("linkedin", "campaign"),
    "rdt_cid": ("reddit", "campaign"),
    "sccid": ("snapchat", "campaign"),
    "qclid": ("quora", "campaign"),
    "ldtag_cl": ("line", "campaign"),
    "igsh": ("instagram", "social"),
    "igshid": ("instagram", "social"),
    "srsltid": ("google", "search"),
    "mc_cid": ("mailchimp", "mail"),
    "mc_eid": ("mailchimp", "mail"),
    "_hsenc": ("hubspot", "mail"),
    "_kx": ("klaviyo", "mail"),
    "mkt_tok": ("marketo", "mail"),
}
"""Of which service a parameter is, and what it says: most are on paid links; those of Facebook and Instagram are on
every one, `srsltid` is on what Google lists among its free shopping results, and the rest are on links of letters."""
_OF_YAHOO_JAPAN: Final = ("YSS.", "YJAD.")
"""How the values of Yahoo! JAPAN's `yclid` begin. Yandex has a parameter of the same name, with numbers."""
_COUNTRY: Final = 2
_SECOND_LEVELS: Final = frozenset({"co", "com", "ne", "net", "or", "org"})
_MEDIA: Final = {"email": "mail", "e-mail": "mail", "newsletter": "mail", "social": "social", "organic": "search"}


class Campaign(NamedTuple):
    """What the query of an address says about how its reader came."""

    source: str | None = None
    channel: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    click_id: str | None = None
    """The name of the parameter: its value names one reader."""


def campaign_of(query: Iterable[tuple[str, str]]) -> Campaign:
    """Return the campaign of a query; the first of parameters of one name counts."""
    parameters: dict[str, str] = {}
    for name, value in query:
        lower = name.lower()
        if value and (lower.startswith("utm_") or lower in _CLICK_IDS):
            parameters.setdefault(lower, value[:_MAX_LENGTH])
    if not parameters:
        return Campaign()
    click_id = next((name for name in _CLICK_IDS if name in parameters), None)
    source, channel = _CLICK_IDS[click_id] if click_id else (None, None)
    if click_id == "yclid" and parameters["yclid"].startswith(_OF_YAHOO_JAPAN):
        source = "yahoo"
    utm = {name: parameters.get(f"utm_{name}") for name in ("source", "medium", "campaign", "term", "content")}
    if any(utm.values()):
        source = (utm["source"] or source or "").lower() or None
        channel = _MEDIA.get((utm["medium"] or "").lower(), "campaign")
        if not utm["medium"] and source and (known := _known(source)):
            # ChatGPT and others add their own host, and nothing else, to what they link to: nobody's campaign.
            source, channel = known
    return Campaign(
        source=source,
        channel=channel,
        utm_source=utm["source"],
        utm_medium=utm["medium"],
        utm_campaign=utm["campaign"],
        utm_term=utm["term"],
        utm_content=utm["content"],
        click_id=click_id,
    )


def source_of(host: str) -> tuple[str, str]:
    """Return the name and the channel of a host that a reader came from.

    One that the table does not know is a referral.
    """
    return _known(host) or (host, "referral")


def _known(host: str) -> tuple[str, str] | None:
    table = _table()
    labels = host.split(".")
    for number in range(len(labels) - 1):
        known = table.get(".".join(labels[number:]))
        if known is not None:
            return known
    # Search engines have a domain in every country: google.kz, google.co.jp.
    suffix = 2 if len(labels[-1]) == _COUNTRY and labels[-2:-1] and labels[-2] in _SECOND_LEVELS else 1
    name = labels[-suffix - 1] if len(labels) > suffix else ""
    return table.get(f"{name}.*")


@cache
def _table() -> dict[str, tuple[str, str]]:
    """By host (`name.*` stands for a name below any suffix): the name and the channel of a source."""
    lines = files("tracker.facts").joinpath("channels.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {host: (name, channel) for host, name, channel in rows}
