"""What a hit is for a reader: pages, sources, devices and countries, from texts that may hold anything."""

from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ua_parser import parse_device

from tracker.facts.agent import agent_of
from tracker.facts.page import page_of, referrer_of
from tracker.facts.place import country_of_zone
from tracker.facts.source import CHANNELS, source_of

TABLE = files("tracker.facts").joinpath("channels.tsv")


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://Shop.Example:8443/a/B?x=1#y", "shop.example", "/a/B"),
        ("https://shop.example", "shop.example", "/"),
        ("/only/a/path?x", None, "/only/a/path"),
        ("//favicon.ico", None, "//favicon.ico"),
        ("https://shop.example/ä?id=7&utm_source=x", "shop.example", "/ä?id=7"),
        ("http://[nonsense/x?y", None, "http://[nonsense/x"),
        ("app://screen/home", "screen", "/home"),
    ],
)
def test_a_page_is_a_host_and_a_path(url: str, host: str | None, path: str) -> None:
    assert page_of(url, frozenset({"id"}))[:2] == (host, path)


@pytest.mark.parametrize(
    ("query", "source", "channel"),
    [
        ("utm_source=News&utm_medium=email", "news", "mail"),
        ("utm_campaign=spring", None, "campaign"),
        ("utm_source=x&utm_medium=cpc", "x", "campaign"),
        ("gclid=abc", "google", "campaign"),
        ("fbclid=abc", "facebook", "social"),
        ("yclid=17330000000000000000", "yandex", "campaign"),
        ("yclid=YSS.1000123456.EAIaIQobChMI", "yahoo", "campaign"),
        ("yclid=YJAD.1234567890.1EALEzSJBN", "yahoo", "campaign"),
        ("srsltid=AfmBOoq", "google", "search"),
        ("mkt_tok=abc", "marketo", "mail"),
        ("utm_source=chatgpt.com", "ChatGPT", "ai"),
        ("utm_source=copilot.com", "Copilot", "ai"),
        ("utm_source=chatgpt.com&utm_medium=cpc", "chatgpt.com", "campaign"),
        ("utm_source=shop.example", "shop.example", "campaign"),
        ("utm_source=google&utm_campaign=x", "google", "campaign"),
        ("msclkid=abc&utm_source=ads", "ads", "campaign"),
        ("utm_source=", None, None),
        ("q=1", None, None),
    ],
)
def test_a_campaign_is_read_from_the_query(query: str, source: str | None, channel: str | None) -> None:
    campaign = page_of(f"https://shop.example/?{query}").campaign
    assert (campaign.source, campaign.channel) == (source, channel)


@pytest.mark.parametrize(
    ("referrer", "name", "channel"),
    [
        ("https://www.google.co.jp/search?q=x", "Google", "search"),
        ("https://google.com.au/", "Google", "search"),
        ("https://duckduckgo.com/", "DuckDuckGo", "search"),
        ("https://chatgpt.com/c/1", "ChatGPT", "ai"),
        ("https://gemini.google.com/app", "Gemini", "ai"),
        ("https://t.co/abc", "X", "social"),
        ("https://old.reddit.com/r/x", "Reddit", "social"),
        ("https://mail.google.com/", "Gmail", "mail"),
        ("https://mail.naver.com/v2/read", "Naver", "mail"),
        ("https://search.naver.com/search.naver?query=x", "Naver", "search"),
        ("https://docs.google.com/", "Google Docs", "referral"),
        ("https://tagmanager.google.com/", "Google Tag Manager", "referral"),
        ("https://console.cloud.google.com/", "Google Cloud", "referral"),
        ("https://passport.yandex.ru/", "passport.yandex.ru", "referral"),
        ("https://pan.baidu.com/s/1", "Baidu Netdisk", "referral"),
        ("https://nid.naver.com/", "nid.naver.com", "referral"),
        ("https://login.yahoo.co.jp/", "login.yahoo.co.jp", "referral"),
        ("https://news.yahoo.co.jp/articles/1", "Yahoo! News", "referral"),
        ("https://search.yahoo.co.jp/search?p=x", "Yahoo!", "search"),
        ("https://mixi.jp/view_diary.pl", "mixi", "social"),
        ("android-app://com.google.android.gm/", "Gmail", "mail"),
        ("android-app://com.google.android.googlequicksearchbox/", "Google", "search"),
        ("android-app://org.telegram.messenger", "Telegram", "social"),
        ("android-app://com.example.reader/", "com.example.reader", "referral"),
        ("https://blog.example/post", "blog.example", "referral"),
        ("https://google.evil.example/", "google.evil.example", "referral"),
        ("https://notgoogle.com/", "notgoogle.com", "referral"),
    ],
)
def test_a_referrer_has_a_name_and_a_channel(referrer: str, name: str, channel: str) -> None:
    host, _ = referrer_of(referrer)
    assert host is not None
    assert source_of(host) == (name, channel)


@given(st.text(max_size=60))
def test_whatever_text_there_is_is_read(text: str) -> None:
    page_of(text, frozenset({"a"}))
    page_of(f"https://x.example/?{text}")
    host, _ = referrer_of(f"https://{text}")
    if host:
        assert source_of(host)[1] in CHANNELS
    agent_of(text)
    country_of_zone(text)


@given(
    st.sampled_from(["http://", "https://", "HTTP://", "//", ""]),
    st.text("aZ0.-:@[]/?#&=;%+ é\t\n\\\"'~", max_size=20),
)
def test_what_is_usual_of_addresses_is_read_as_any_other(scheme: str, rest: str) -> None:
    """A space at the end, which nothing takes for a part of an address, brings it the way that all can go."""
    for url in (scheme + rest, f"{scheme}shop.example/{rest}", f"{scheme}shop.example?{rest}"):
        for belonging in (frozenset({"a", "0"}), frozenset[str]()):
            assert page_of(url, belonging) == page_of(f"{url} ", belonging)


def test_devices_and_systems() -> None:
    ipad = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1"
    android = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36"
    assert agent_of(ipad)[3] == "tablet"
    assert agent_of(android) == ("Chrome Mobile", "120", "Android", "phone")
    assert agent_of("Googlebot/2.1 (+http://www.google.com/bot.html)").device == "bot"
    assert agent_of("curl/8.0") == ("curl", "8", None, None)


DEVICES = """
    television: Mozilla/5.0 (Linux; Android 9; F30UP Build/PI; wv) AppleWebKit/537.36 Chrome/126.0 YaBrowser/24.1 (lite) TV Safari/537.36
    television: Mozilla/5.0 (Linux; Android 11; Qilive SMART TV Build/RTM7) AppleWebKit/537.36 Chrome/129.0 Mobile Safari/537.36
    television: Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7) AppleWebKit/537.36 Chrome/98.0 Mobile Safari/537.36
    television: Mozilla/5.0 (Linux; Android 10; Chromecast Build/QTS1) AppleWebKit/537.36 Chrome/91.0 Mobile Safari/537.36
    television: Mozilla/5.0 (Unknown; Linux armv7l) AppleWebKit/537.1+ Safari/537.1+ LG Browser/6.00.00 LG NetCast.TV-2013
    television: Opera/9.80 NETTV/4.5.0 Mozilla/5.0 (Linux armv7i; CE-HTML/1.0; U; en) AppleWebKit/537.36 Chrome/49.0 Tbrowser/2.0
    console: Mozilla/5.0 (PlayStation 4 11.00) AppleWebKit/537.36 Version/15.0 Safari/605.1.15
    tablet: Mozilla/5.0 (Linux; Android 10; LAVIE Tab E 8HD1) AppleWebKit/537.36 Chrome/95.0 Mobile Safari/537.36
    tablet: Mozilla/5.0 (Linux; U; Android 11; ru-ru; Xiaomi Pad 5 Build/RKQ1) AppleWebKit/537.36 Chrome/89.0 Mobile Safari/537.36
    tablet: Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 Chrome/141.0 Safari/537.36
    phone: Dalvik/2.1.0 (Linux; U; Android 6.0.1; SM-G900FD Build/MMB29M)
    phone: BlackBerry8520/5.0.0.681 Profile/MIDP-2.1 Configuration/CLDC-1.1 VendorID/134
    phone: Mozilla/5.0 (SymbianOS/9.4; Series60/5.0 Nokia5230/21.0.004) AppleWebKit/525 BrowserNG/7.2.5.2
    phone: Mozilla/5.0 (Windows NT 10.0; ARM; Lumia 950 XL) AppleWebKit/537.36 Chrome/46.0 Safari/537.36 Edge/14.1
    bot: Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 (compatible; Googlebot/2.1)
    bot: Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
    tablet: Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like Chrome/108.0.5359.220 Safari/537.36
    phone: Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/90.0 Mobile Safari/537.36
    desktop: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36
    desktop: Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; Media Center PC 6.0; Tablet PC 2.0)
    desktop: Mozilla/5.0 (Linux; Android 9; HP Chromebook 13 G1) AppleWebKit/537.36 Chrome/80.0 Safari/537.36
    television: Mozilla/5.0 (Linux; Android 11; TF-LED50S25T2SU Build/RP1A) AppleWebKit/537.36 Chrome/69.0 Mobile Safari/537.36
    television: Mozilla/5.0 (DTV) AppleWebKit/531.2+ (KHTML, like Gecko) Espial/6.1.6 AQUOSBrowser/1.0 AQUOS-AS/2.0
    television: Mozilla/5.0 (Linux; Android 9; Smart Box X1) AppleWebKit/537.36 Chrome/77.0 Safari/537.36
    phone: Mozilla/5.0 (Linux; Android 13; Sharp Aquos zero6) AppleWebKit/537.36 Chrome/117.0 Mobile Safari/537.36
    phone: Mozilla/5.0 (Linux; Android 7.0; myA9 DTV) AppleWebKit/537.36 Chrome/76.0 Mobile Safari/537.36
    phone: QwantMobile/2.0 (Android 6.0; Mobile; rv:61.0) Gecko/61.0 Firefox/59.0 QwantBrowser/61.0
    phone: Opera/9.80 (Android; Opera Mini/36.2.2254/191.256; U; en) Presto/2.12.423 Version/12.16
    phone: iHeartRadio/9.19.0 (Android 10; SM-G960U Build/QP1A.190711.020)
    tablet: Opera/9.80 (Android 4.0.3; Linux; Opera Tablet/ADR-1203051631) Presto/2.9.201 Version/11.51
    desktop: Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36
""".strip().splitlines()  # noqa: E501 as they are seen


@pytest.mark.parametrize(("device", "user_agent"), [line.strip().split(": ", 1) for line in DEVICES])
def test_which_device_it_is(device: str, user_agent: str) -> None:
    assert agent_of(user_agent).device == device


@given(
    st.sampled_from([line.strip().split(": ", 1)[1] for line in DEVICES]), st.text("SilkbotCUyahoo /;()", max_size=20)
)
def test_a_bot_is_what_all_rules_together_call_one(user_agent: str, name: str) -> None:
    device = parse_device(user_agent + name)
    assert (agent_of(user_agent + name).device == "bot") == (device is not None and device.family == "Spider")


VIEW = "Mozilla/5.0 (Linux; Android 15; SH-M25 Build/AP3A; wv) Version/4.0 Chrome/137.0.7151.61 Mobile Safari/537.36"
IPHONE_VIEW = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
)


@pytest.mark.parametrize(
    ("user_agent", "browser", "version"),
    [
        (f"{VIEW} XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49.2600(0x2800313D) WeChat/arm64", "WeChat", "8"),
        (f"{IPHONE_VIEW} KAKAOTALK 8.6.3", "KakaoTalk", "8"),
        (f"{IPHONE_VIEW} Safari/605.1 NAVER(inapp; search; 690; 10.18.2; XSMAX)", "NAVER", None),
        (f"{VIEW} YJApp-ANDROID jp.co.yahoo.android.yjtop/3.227.1", "Yahoo! JAPAN", None),
        (f"{IPHONE_VIEW} Safari/604.1 YJApp-IOS jp.co.yahoo.ipn.appli/4.103.0", "Yahoo! JAPAN", None),
        (f"{IPHONE_VIEW} SmartNews 24.6.1", "SmartNews", "24"),
        (f"{VIEW} Barcelona 384.0.0.33.86 Android (35/15; 400dpi; 900x2030)", "Threads", "384"),
        (f"{VIEW} [LinkedInApp]/2.200.63", "LinkedIn", "2"),
        (f"{VIEW} YaApp_Android/22.71/apad YaSearchBrowser/22.71/apad", "Yandex", "22"),
        (f"{VIEW} Line/14.13.0/IAB", "LINE", "14"),
        (VIEW, "Chrome Mobile WebView", "137"),
    ],
)
def test_an_app_that_shows_pages_is_the_browser(user_agent: str, browser: str, version: str | None) -> None:
    assert agent_of(user_agent)[:2] == (browser, version)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("Phone; OpenHarmony 5.0", "ArkWeb/4.1.6.1 Mobile", ("ArkWeb", "4", "HarmonyOS", "phone")),
        ("Tablet; OpenHarmony 5.0", "ArkWeb/4.1.6.1", ("ArkWeb", "4", "HarmonyOS", "tablet")),
        (
            "PC; OpenHarmony 6.1; Windows NT 10.0",
            "ArkWeb/6.1.0.100 HuaweiBrowser/6.1.3.321",
            ("Huawei Browser", "6", "HarmonyOS", "desktop"),
        ),
    ],
)
def test_harmony_is_a_system_whatever_else_it_says(begin: str, end: str, expected: tuple[str, ...]) -> None:
    assert agent_of(f"Mozilla/5.0 ({begin}) AppleWebKit/537.36 Chrome/132.0.0.0 Safari/537.36 {end}") == expected


def test_televisions_of_lg_run_webos() -> None:
    television = "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/87.0.4280.88 Safari/537.36 WebAppManager"
    assert agent_of(television)[2:] == ("webOS", "television")


def test_countries_of_zones_also_by_old_names() -> None:
    zones = ["Asia/Tokyo", "Asia/Calcutta", "Europe/Kiev", "UTC", "Etc/GMT+5", "nonsense"]
    assert [country_of_zone(zone) for zone in zones] == ["JP", "IN", "UA", None, None, None]


def test_the_table_of_hosts_names_each_once_with_a_channel() -> None:
    rows = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert {len(row) for row in rows} == {3}
    assert {channel for _, _, channel in rows} <= set(CHANNELS)
    assert max(Counter(host for host, _, _ in rows).values()) == 1
    assert all(host == host.lower() and not host.startswith("www.") for host, _, _ in rows)
