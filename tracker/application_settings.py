"""The settings an application may have: their names, types, defaults and meanings, as one table."""

from tracker.setting_types import Aliases, Choice, Choices, Names, Setting, Switch, WholeNumber, Zone

CUSTOM_PARAMS_MODE = Choice(
    "custom_params_mode",
    "drop_param",
    "What becomes of a custom parameter that its definition refuses: it is dropped, the hit fails, or it is kept.",
    ("drop_param", "reject", "accept"),
)
ORIGIN_CHECK = Choice(
    "origin_check",
    "lenient",
    "Whether hits of browsers must come from pages of the application's domain or its subdomains, where it has one, "
    "by the headers Origin and Referer: not at all; unless neither header is sent; always.",
    ("off", "lenient", "strict"),
)
ALLOW_LOCALHOST = Switch(
    "allow_localhost",
    False,
    "Whether the origin check lets pages on localhost pass, for people who build the site.",
)
BOT_FILTER = Choice(
    "bot_filter",
    "drop",
    "What becomes of hits of known crawlers, of automation, and of pages that are only fetched ahead: they are "
    "dropped and counted, or kept.",
    ("drop", "keep"),
)
IMPORT_PAGE_VIEWS = Choice(
    "import_page_views",
    "pages",
    "Which requests of an imported log are page views: those of pages, by GET, that were answered with 2xx or 3xx "
    "(others are stored as events called asset, error or request), or all.",
    ("pages", "all"),
)
IP_ANONYMIZATION = Choice(
    "ip_anonymization",
    "last_octet",
    "What is left of a visitor's IP address before it is written anywhere: all of it; its network (IPv4 /24, IPv6 "
    "/48); nothing.",
    ("none", "last_octet", "full"),
)
RESPECT_DNT = Choice(
    "respect_dnt",
    "drop",
    "What becomes of a browser's hit with `Sec-GPC: 1` or `DNT: 1`: it is dropped and counted; it is kept without "
    "anything about the visitor; the headers are ignored.",
    ("drop", "anonymous", "ignore"),
)
STRIPPED_QUERY_PARAMETERS = Names(
    "stripped_query_parameters",
    (
        *("token", "access_token", "refresh_token", "id_token", "auth", "auth_token", "authorization", "jwt"),
        *("password", "passwd", "pwd", "passphrase", "secret", "client_secret", "api_key", "apikey", "otp"),
        *("email", "e-mail", "mail", "phone", "tel"),
        *("sig", "signature", "x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature"),
        *("session", "sessionid", "session_id", "sid", "phpsessid", "jsessionid"),
    ),
    "Parameters that are taken out of `url` and `referrer` with their values.",
)
MAX_URL_LENGTH = WholeNumber(
    "max_url_length", 8192, "Characters at which `url` and `referrer` are cut; 0 keeps neither.", 0, 8192, "when set"
)
MAX_USER_AGENT_LENGTH = WholeNumber(
    "max_user_agent_length", 2000, "Characters at which `user_agent` is cut; 0 keeps none.", 0, 2000, "when set"
)
SESSION_TIMEOUT_MINUTES = WholeNumber(
    "session_timeout_minutes",
    30,
    "Minutes without a hit after which a session has ended. A change holds for new hits, and for older ones after "
    "`stats rebuild`.",
    1,
    10_080,
)
RETENTION_DAYS = WholeNumber(
    "retention_days",
    0,
    "Days after which the application's hits, parameter values and sessions are deleted, where that is sooner than "
    "the server deletes them; 0 leaves it at that. Statistics stay.",
    0,
    36_500,
    "when set",
    zero_is_unlimited=True,
)
ADDRESS_SHARE_PERCENT = WholeNumber(
    "address_share_percent",
    25,
    "Per cent of the application's limit a minute that one IP address (of IPv6 one /64) may use without a key; 100 "
    "lets one visitor use up what all visitors have.",
    1,
    100,
    "when set",
)
KEY_RESERVE_PERCENT = WholeNumber(
    "key_reserve_percent",
    20,
    "Per cent of the application's limit a minute, and of its bytes a day, that are kept for hits with a key.",
    0,
    100,
)
DAILY_MEGABYTES = WholeNumber(
    "daily_megabytes",
    0,
    "Megabytes of hits that the application may send in a day (UTC), where that is less than the server allows; 0 "
    "leaves it at that.",
    0,
    1_000_000_000,
    "when set",
    zero_is_unlimited=True,
)
MAX_DIFFERENT_VALUES = WholeNumber(
    "max_different_values",
    5000,
    "Different values of a custom parameter (a text, an array or an object) that the statistics of a day tell apart; "
    "what comes above it is counted as other.",
    1,
    100_000,
    "by default",
)
TIMEZONE = Zone("timezone", "UTC", "The site's own time zone: the days, weeks and hours of its reports.")
WEEK_START = Choice(
    "week_start", "monday", "The day on which a week of the reports begins: monday or sunday.", ("monday", "sunday")
)
PAGE_QUERY_PARAMETERS = Names(
    "page_query_parameters",
    (),
    "Query parameters that tell one page of the reports from another; all others belong to no page. A change holds for "
    "new hits, and for older ones after `stats rebuild`.",
)
WEBHOOK_IP_ADDRESS = Switch(
    "webhook_ip_address",
    False,
    "Whether webhooks get a hit's IP address, as it is stored after `ip_anonymization`.",
)
WEBHOOK_USER_AGENT = Switch("webhook_user_agent", False, "Whether webhooks get a hit's user agent.")

DIALECTS = Choices(
    "dialects",
    ("original",),
    "Which other trackers' clients may send the application's hits, in their own way: docs/migrating.md has their "
    "URLs, which answer 404 where this says nothing of them.",
    ("original", "matomo", "umami", "plausible", "goatcounter", "segment", "ga4", "otlp"),
)
ALIASES = Aliases(
    "aliases",
    (),
    "What clients of other trackers call the application: a site's number, a website's UUID, a domain, a write key. "
    "Each is one application's alone.",
)

KnownSetting = Setting[str] | Setting[bool] | Setting[int] | Setting[tuple[str, ...]]

SETTINGS: dict[str, KnownSetting] = {
    setting.key: setting
    for setting in (
        CUSTOM_PARAMS_MODE,
        ORIGIN_CHECK,
        ALLOW_LOCALHOST,
        BOT_FILTER,
        IMPORT_PAGE_VIEWS,
        IP_ANONYMIZATION,
        RESPECT_DNT,
        STRIPPED_QUERY_PARAMETERS,
        MAX_URL_LENGTH,
        MAX_USER_AGENT_LENGTH,
        SESSION_TIMEOUT_MINUTES,
        RETENTION_DAYS,
        ADDRESS_SHARE_PERCENT,
        KEY_RESERVE_PERCENT,
        DAILY_MEGABYTES,
        MAX_DIFFERENT_VALUES,
        TIMEZONE,
        WEEK_START,
        PAGE_QUERY_PARAMETERS,
        WEBHOOK_IP_ADDRESS,
        WEBHOOK_USER_AGENT,
        DIALECTS,
        ALIASES,
    )
}
