"""Programs by the names that they give themselves, beside the patterns of crawlerdetect: one list for all who ask.

How it is kept current: crawlerdetect comes anew with the pinned requirements; what it does not know is added here with
a user agent that was seen in tests/unit/test_privacy_bots.py, and goes from here when crawlerdetect knows it.
Names of what people use stay out, even where the name says little: apps on Dalvik and CFNetwork, and `Amazon
CloudFront`, which stands in for the agents of all visitors where a distribution does not pass them on.
"""

import re
from typing import Final

CLIENTS: Final = """
    curl wget httpie xh aria2 insomnia postmanruntime bruno-runtime rest-client
    powershell windowspowershell
    node node.js node-fetch undici axios got deno bun ky superagent needle
    python httpx aiohttp urllib3 openai anthropic langchain
    go-http-client fasthttp req resty colly
    okhttp java java-http-client apache-httpclient apache-hc jakarta unirest ktor-client ktor vertx akka-http sttp feign
    reqwest ureq hyper isahc
    ruby faraday httparty typhoeus net::http http.rb excon
    php guzzle guzzlehttp symfony swoole
    perl libwww-perl http::tiny mojolicious lwp::simple
    dart alamofire afnetworking restsharp httpclient winhttp
    elixir finch hackney httpoison tesla/elixir
    k6 grafana wrk wrk2 hey vegeta locust oha autocannon artillery gatling apachebench apache-jmeter siege
    bombardier drill
    aws-sdk aws-cli boto3 botocore gsutil rclone
    git docker containerd skopeo buildkit debian apt libdnf pacman homebrew pip uv npm yarn pnpm cargo composer maven
    gradle
    klaviyo ifttt integromat make zendesk retool svix-webhooks bitbucket-webhooks shopify-captain-hook sendgrid
    sparkpost twilioproxy sfdc-callout salesforce.com azure-logic-apps omnisend snipcart
""".split()  # noqa: SIM905 a table of words, by kin
"""Libraries, tools of the command line and of load tests, and services that call an address that somebody gave them,
by the first word of their user agent.

They fetch pages for no reader. One that calls the tracking endpoint was told to by somebody who integrates it."""

AGENTS: Final = (
    "Perplexity-User",
    "meta-externalagent",
    "cohere-ai",
    "Gemini-Deep-Research",
    "Claude-Code",
    "Tavily",
    "Devin",
    "Manus-User",
    "Cardyb",
    "Misskey",
    "upptime.js.org",
    "vercel-screenshot",
    "Datadog/Synthetics",
    "NewRelicSynthetics",
    "Checkly",
    "Blackbox-Exporter",
    "Prometheus/",
    "Icinga",
    "StatusOK",
    "Edge Health Probe",
    "Load Balancer Agent",
    "Consul Health Check",
    "Blackbox Exporter",
    "Oh Dear",
    "AlwaysOn",
    "Let's Encrypt validation",
    "PageSpeed Insights",
    "Wayback Machine",
    "Varnish/",
    "HAProxy/",
    "Playwright",
    "Puppeteer",
    "Cypress",
    "Selenium",
    "WebDriver",
    "BrowserMob",
    "Microsoft-CryptoAPI",
    "Microsoft BITS",
    "Windows-Update-Agent",
    "PowerShell/",
    "WindowsPowerShell/",
    "l9explore",
    "ffuf",
    "AppInsights",
    "Catchpoint",
    "ThousandEyes",
    "Dotcom-Monitor",
    "Rigor)",
    "Silktide",
    "CookieHub",
    "Foregenix",
    "SecurityHeaders",
    "watchTowr",
    "PWABuilderHttpAgent",
    "MarketGoo",
    "Collapsify",
    "newsai/",
    "TestLocally",
    "splash Version/",
    "Sindup",
    "MonitoRSS",
    "CybaaAgent",
    "Functionize",
    "TagInspector",
    "Cloudflare-",
    "CloudflareDiagnostics",
    "Assetnote",
    "Convertify",
    "Hotjar Version/",
    "Morningscore",
    "jsdom/",
    "HappyDOM/",
    "Lightpanda",
    "Google-",
    "GoogleAdSenseInfeed",
    "ManageWP",
    "VaultPress",
    "WPUmbrella",
    "SiteLock",
    "Datadog Agent",
    "Datadog Synthetic",
    "collectd/",
    "munin/",
    "uptrends",
    "NETVIGIE",
    "Acquia optimize",
    "Amazon Route 53 Health Check",
    "DigiCert DCV",
    "Sectigo DCV",
    "Privacy Preserving Prefetch Proxy",
    "Valve/Steam HTTP Client",
    "ViberUrlDownloader",
    "Yahoo:LinkExpander",
    "FastmailUA",
    "workona-favicon",
    "page-preview-tool",
    "Webflow",
    "Web Screen Service",
    "Archive-It",
    "Library Of Congress Web Archiving",
    "kaikki.org",
    "NextCloud-News",
    "Friendica",
    "PodchaserParser",
    "OpenRSS",
    "rss-parser",
    "meta-externalads",
    "Bluesky/",
    "AmazonBuyForMe",
    "amazon-kendra",
    "libredtail-http",
    "xtate/",
    "internal dummy connection",
)
"""Crawlers, assistants that fetch for somebody, monitors, probes, preview cards and driven browsers: anywhere."""

_CLIENT: Final = re.compile(rf"(?:{'|'.join(map(re.escape, CLIENTS))})(?=[/ ;(,-]|$)", re.IGNORECASE)
# Only from a word's beginning: Nokia's MiniBrowserMobile is no BrowserMob.
_AGENT: Final = re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, AGENTS))})", re.IGNORECASE)
_MAIL: Final = re.compile(r"(?<![\w.-])[\w.-]+@[\w-]+\.[a-z]{2}", re.IGNORECASE)
"""From its beginning alone: else long words take a millisecond."""
_INTRODUCTION: Final = re.compile(
    rf"""Mozilla/5\.0\ .*(?:
        \bcompatible;(?!\ ?(?:U;|(?:MSIE|Konqueror|Linux|ANTGalio|IBrowse)\b))
        | https?://
        | {_MAIL.pattern}
        | \blike\ Gecko;\ [\w-]+\)
        | [ (](?:[a-z][\w-]*\.)+(?:com|org|net|io|ai)[/);]
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""What says that it only looks like a browser, or where its owner is reached: browsers do neither.

Those that called themselves compatible in earlier years are named. Apps that are no browsers give addresses too, and
are not meant: their user agents do not begin so."""
_CRAWLERS_ADDRESS: Final = re.compile(r"\+ ?https?://", re.IGNORECASE)
"""Some programs for listening to podcasts give theirs too."""
_LISTENING: Final = re.compile(r"\biOS\b|iPhone|Android|Darwin|gPodder")
_DEVICE: Final = re.compile(
    r"""(?<=\()Linux;\ (?:U;\ |arm(?:_64)?;\ )?Android\ [^;)]*;[^;)]*(?:;[^)]*?\bBuild/[^;)]*)?  # with its model
    | \bCronet/                    # Chromium's network library, of which the library would take Cron
    | \b(?:HbbTV|FVC)/\S+\ \([^)]*\)   # a television's makers
    | \b(?:com|ru)\.yandex\. | \bYaApp_\S+ | \bBroPP/   # what people use of a company that has crawlers too
    | \[FBAN/[^]]*\]              # an app's own browser
    | (?<=\w)008/                 # the end of a version
    | \blibwww-FM/                # Lynx's, which shows pages to people
    """,
    re.VERBOSE,
)


def is_client(user_agent: str) -> bool:
    """Return whether a library or a tool speaks, rather than a browser or a crawler."""
    return _CLIENT.match(user_agent) is not None


def is_program(user_agent: str) -> bool:
    """Return whether this list knows the user agent, or it introduces itself as browsers do not."""
    return is_client(user_agent) or bool(_AGENT.search(user_agent) or _INTRODUCTION.match(user_agent))


def gives_address(user_agent: str) -> bool:
    """Return whether its owner's address stands in a user agent the way crawlers write it, whatever they are called.

    Your own server may introduce itself so when it sends hits: only of who fetches pages does it say enough.
    """
    return bool(
        _MAIL.search(user_agent) or (_CRAWLERS_ADDRESS.search(user_agent) and not _LISTENING.search(user_agent))
    )


def without_device(user_agent: str) -> str:
    """Return the user agent without what a device or an app is called, which says nothing about who uses it.

    Phones and tablets are called OPPO A33, C Bot, Spider or Zeus; crawlers that imitate one add their name elsewhere.
    """
    return _DEVICE.sub("", user_agent)
