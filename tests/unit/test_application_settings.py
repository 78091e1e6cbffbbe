import pytest

from tracker.application_settings import (
    ALIASES,
    ALLOW_LOCALHOST,
    DIALECTS,
    IP_ANONYMIZATION,
    MAX_URL_LENGTH,
    SETTINGS,
    STRIPPED_QUERY_PARAMETERS,
    KnownSetting,
)


def test_every_setting_reads_what_it_writes_and_has_a_meaning() -> None:
    for key, setting in SETTINGS.items():
        assert setting.key == key
        assert setting.normal(setting.default_text) == setting.default_text
        assert setting.meaning.endswith(".")
        assert setting.accepted


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        (IP_ANONYMIZATION, " FULL ", "full"),
        (ALLOW_LOCALHOST, "True", True),
        (MAX_URL_LENGTH, " 100 ", 100),
        (STRIPPED_QUERY_PARAMETERS, "", ()),
        (DIALECTS, "Umami, original,umami", ("original", "umami")),
        (DIALECTS, "", ()),
        (ALIASES, " 7 , Shop.Example,7,straße.example", ("7", "shop.example", "xn--strae-oqa.example")),
        (STRIPPED_QUERY_PARAMETERS, "A, b,,a", ("a", "b")),
        (STRIPPED_QUERY_PARAMETERS, "defaults,voucher", (*STRIPPED_QUERY_PARAMETERS.default, "voucher")),
    ],
)
def test_a_stored_text_is_read(setting: KnownSetting, text: str, value: object) -> None:
    assert setting.value({setting.key: text}) == value


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        (IP_ANONYMIZATION, "half"),
        (ALLOW_LOCALHOST, "1"),
        (DIALECTS, "original,posthog"),
        (ALIASES, "a b"),
        (ALIASES, "x" * 101),
        (ALIASES, ",".join(str(number) for number in range(201))),
        (MAX_URL_LENGTH, "8193"),
        (MAX_URL_LENGTH, "-1"),
        (MAX_URL_LENGTH, "1e3"),
        (MAX_URL_LENGTH, "9" * 5000),
        (STRIPPED_QUERY_PARAMETERS, "a b"),
        (STRIPPED_QUERY_PARAMETERS, "x" * 101),
        (STRIPPED_QUERY_PARAMETERS, ",".join(f"n{number}" for number in range(201))),
    ],
)
def test_what_a_setting_does_not_take_leaves_its_default(setting: KnownSetting, text: str) -> None:
    assert setting.value({setting.key: text}) == setting.value({setting.key: None}) == setting.default
