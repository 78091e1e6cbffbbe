"""Who is a program and who is a person: one list for the receiver and for imports, by user agents that were seen."""

import pytest

from tracker.privacy import bots
from tracker.privacy.bots import is_bot, reads_no_pages
from tracker.privacy.programs import AGENTS, CLIENTS, is_client, is_program

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
PHONE = "Mozilla/5.0 (Linux; Android 11; moto g power) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36"
PEOPLE = f"""
    {CHROME}
    {CHROME} Edg/141.0.0.0
    {PHONE}
    Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1
    Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 312.0
    Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/445.0]
    Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0
    Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chromium/79.0 Chrome/79.0 Safari/537.36 Tesla/2023.44
    Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/99.0 Mobile Safari/537.36
    Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36
    Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18
    Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7)
    Shop/4.2 CFNetwork/1490 Darwin/23
    Amazon CloudFront
    Mozilla/5.0 (Linux; Android 5.1.1; OPPO A33m) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/95.0.4638.74 Mobile Safari/537.36
    Mozilla/5.0 (Linux; Android 8.1.0; XBot_Senior Build/O11019) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/65.0.3325.109 Mobile Safari/537.36
    Mozilla/5.0 (Linux; Android 7.0; C Bot Tab 70) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36
    Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36
    Mozilla/5.0 (Linux; Android 11; AUPO Zeus 10 Pro) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.6261.119 Safari/537.36
    Mozilla/5.0 (Linux; U; Android 4.2.2; ru-ru; CRONY-7021 Build/JDQ39) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30
    Mozilla/5.0 (Linux; Android 6.0; SMART 4G Speedy 5.0 Plus Build/MRA58K) AppleWebKit/537.36 Chrome/44.0.2403.119 Mobile Safari/537.36
    Mozilla/5.0 (Linux; arm; Android 9; yandexstation_2 Build/PPR1.180610.011; wv) AppleWebKit/537.36 Chrome/118.0.5993.550 Mobile Safari/537.36
    Mozilla/5.0 (Linux; Android 7.0; KIICAA MIX Build/NRD90M; wv) AppleWebKit/537.36 Chrome/78.0.3904.108 Mobile Safari/537.36 com.yandex.zen/1
    Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/87.0.4280.88 Safari/537.36 HbbTV/1.6.1 (+DRM; LGE/KTC/BOTECH; 58BSE9503)
    Mozilla/5.0 (Symbian; U; Nokia808 PureView) AppleWebKit/534.3 (KHTML, like Gecko) MiniBrowserMobile/4.0 Mobile Safari/534.3
    DESAY TS1008/1.0 Release/07.12.2013 Mozilla/5.0 (Linux; U; Android 4.0.3; zh-cn) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30
    com.tcl.browser/660067 (Linux; U; Android 12; tr_TR; Chromecast HD; Build/STTK.230808.004; Cronet/114.0.5735.33)
    Mozilla/5 (iPhone; CPU iPhone OS 27 like Mac OS X) AppleWebKit/605 Mobile/24A446 Safari/604 [FBAN/WhatsAppSMBIPhone]
    Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; IEMobile/10.0; ARM; Touch; NOKIA; Lumia 920)
    Mozilla/5.0 (compatible; Konqueror/4.3; Linux) KHTML/4.3.4 (like Gecko) Red Hat Enterprise Linux/4.3.4-19.el6
    Mozilla/5.0 (compatible; U; Webpositive/533.4; Haiku) AppleWebkit/533.4 (KHTML, like gecko) Chrome/5.0.375.55 Safari/533.4
    Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Embedded Web Browser from: http://bsalsa.com/)
    Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36 (Ecosia android@150.0.0.0)
    Fountain/0.2.6 Android https://www.fountain.fm
    Podcast Overhaul/4.1.1 iOS/16.1.1 +https://www.podcastoverhaul.com/
    Turtlecast/0.7.7; (Android 13); +https://www.turtlecast.app
    Juice/2.2 (Darwin) +http://juicereceiver.sf.net/
    gPodder/3.5.2 (+http://gpodder.org/)
    Mozilla/5.0 (PlayStation 4 PRO) AppleWebKit/531.3 (KHTML, like Gecko, HEVC, HDR, UHD) SCEE/1.0 Nuanti/2.0
    Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Code/1.61.2 Chrome/91.0 Electron/13.5.1 Safari/537.36
    Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.7.8
""".strip().splitlines()  # noqa: E501 as they were seen
PROGRAMS = f"""
    Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)
    Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0; +https://openai.com/bot)
    Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)
    Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; MistralAI-User/1.0; +https://docs.mistral.ai/robots)
    DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)
    meta-externalagent/1.1
    meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)
    meta-externalfetcher/1.1
    facebookexternalhit/1.1
    Google-NotebookLM
    Mozilla/5.0 (compatible; GoogleOther)
    Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)
    cohere-ai
    Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)
    Pingdom.com_bot_version_1.4
    Mozilla/5.0 (compatible; StatusCake)
    {CHROME} DatadogSynthetics
    Datadog/Synthetics
    NewRelicSynthetics/1.0
    Checkly/1.0 (https://www.checklyhq.com)
    Uptime-Kuma/1.23
    Blackbox-Exporter/0.25
    Blackbox Exporter/0.24.0
    Prometheus/2.48
    GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)
    ELB-HealthChecker/2.0
    kube-probe/1.28
    Consul Health Check
    Edge Health Probe
    check_http/v2.3.3 (monitoring-plugins 2.3.3)
    Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
    Twitterbot/1.0
    WhatsApp/2.23.20.0
    TelegramBot (like TwitterBot)
    Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)
    Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)
    LinkedInBot/1.0
    Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com
    Iframely/1.3.1
    Misskey/2023.1
    {PHONE} Chrome-Lighthouse
    {CHROME.replace("Chrome/", "HeadlessChrome/")}
    Playwright/1.40
    Feedly/1.0 (+http://www.feedly.com/fetcher.html; 3 subscribers)
    Let's Encrypt validation server
    Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4046
    Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.19045; en-US) PowerShell/7.4.1
    Microsoft BITS/7.8
    Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
    Mozilla/5.0 (compatible; Cloudflare-Traffic-Manager/1.0; +https://www.cloudflare.com/traffic-manager/; pool-id: 1)
    Mozilla/5.0 (compatible; Amzn-User; +https://developer.amazon.com/)
    Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; compatible; Google-Agent)
    Mozilla/5.0 (compatible;Impact.com Agent) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36
    {CHROME} (compatible; +https://developers.cloudflare.com/security-center/)
    Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) Chrome/126.0 Mobile Safari/537.36 +https://sitebulb.com
    {CHROME} nyt_scraping/scraping@nytimes.com
    {CHROME} (Dotcom-Monitor)
    {CHROME} (ThousandEyes Agent)
    {CHROME} CookieHubScan/3.0
    {CHROME} Scope3/2.0 (scope3.com)
    {CHROME} SQWatcher/202312 (sqcompliance.com/sqwatcher.html)
    Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; AppInsights)
    Mozilla/5.0 (Windows NT 6.3; WOW64; Trident/7.0; rv:11.0; Catchpoint) like Gecko
    Mozilla/5.0 (X11; Linux x86_64; Rigor) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/86.0.4240.75 Safari/537.36
    Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; Google-Sites-Thumbnails) Chrome/120.0.6099.71 Safari/537.36
    Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/26.1.0
    Apache/2.2.2 (Fedora) (internal dummy connection)
""".strip().splitlines()  # noqa: E501 as they were seen
TOOLS = """
    node
    node-fetch/1.0 (+https://github.com/bitinn/node-fetch)
    Node.js/20.11
    undici
    axios/1.6.0
    got (https://github.com/sindresorhus/got)
    Bun/1.1.0
    Deno/1.40.2
    k6/0.49.0 (https://k6.io/)
    Grafana k6/1.0
    PowerShell/7.4
    curl/8.5.0
    Wget/1.21
    python-requests/2.31
    Python-urllib/3.11
    python-httpx/0.27
    Go-http-client/2.0
    okhttp/4.12
    Java/17.0.1
    Java-http-client/21
    Apache-HttpClient/4.5 (Java/11)
    reqwest/0.11
    Faraday v2.7
    GuzzleHttp/7
    Symfony HttpClient/Curl
    Dart/3.2 (dart:io)
    ktor-client
    PostmanRuntime/7.36
    insomnia/8.6
    wrk/4.2
    hey/0.0.1
    Vegeta/12
    ApacheBench/2.3
    Apache-JMeter/5
    Debian APT-HTTP/1.3
    Zendesk Webhook
    Retool/2.0 (+https://docs.tryretool.com/docs/apis)
    SFDC-Callout/49.0
""".strip().splitlines()
OF_SOMEBODY = """
    Anomura/1.2 (+https://www.direqt.ai)
    Lemmy/0.19.8; +https://leminal.space
    ds9 2.000.ec2(+http://www.deepsearchnine.com/ds9.html)
    Overcast/1.0 Podcast Sync (123 subscribers; feed-id=456789; +http://overcast.fm/)
    WebsiteOps (hello@websiteops.io)
    WebAuthn Adoption Study (Contact mb364@hdm-stuttgart.de)
""".strip().splitlines()


@pytest.mark.parametrize("user_agent", [line.strip() for line in PEOPLE])
def test_people_are_people(user_agent: str) -> None:
    assert not reads_no_pages(user_agent)
    assert not is_program(user_agent)


@pytest.mark.parametrize("user_agent", [line.strip() for line in PROGRAMS])
def test_programs_are_known(user_agent: str) -> None:
    assert is_bot(user_agent)


@pytest.mark.parametrize("user_agent", [line.strip() for line in TOOLS])
def test_tools_are_known_as_tools_however_they_are_spelled(user_agent: str) -> None:
    for spelling in (user_agent, user_agent.upper(), user_agent.lower()):
        assert is_bot(spelling)
        assert is_client(spelling)


@pytest.mark.parametrize("user_agent", [line.strip() for line in OF_SOMEBODY])
def test_who_gives_an_address_fetches_pages_for_nobody_but_may_send_hits(user_agent: str) -> None:
    assert reads_no_pages(user_agent)
    assert not is_bot(user_agent)


def test_the_list_holds_nothing_that_crawlerdetect_knows() -> None:
    """When this fails after crawlerdetect came anew, remove the names from `programs.AGENTS`."""
    assert [name for name in AGENTS if bots._detect.is_crawler(name)] == []
    assert len(set(map(str.lower, (*AGENTS, *CLIENTS)))) == len(AGENTS) + len(CLIENTS)


def test_a_long_user_agent_costs_no_more_than_its_beginning() -> None:
    assert is_bot("curl/8 " + "x" * 100_000)
    assert not is_bot("Mozilla/5.0 " + "x" * 100_000 + " Googlebot/2.1")
