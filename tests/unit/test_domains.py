# ruff: noqa: RUF001 - letters that look like others are what it is about
import pytest

from tracker.domains import ascii_host, readable_host


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("Shop.Example.", "shop.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("faß.example", "xn--fa-hia.example"),
        ("βόλος.gr", "xn--nxasmm1c.gr"),
        ("क्\u200dष.example", "xn--11b2ezcw70k.example"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("Bücher.DE", "xn--bcher-kva.de"),
        ("☃.net", "xn--n3h.net"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("my_host.example", "my_host.example"),
    ],
)
def test_a_host_is_written_as_browsers_do(host: str, written: str) -> None:
    assert ascii_host(host) == written


@pytest.mark.parametrize("host", ["é..example", "-é.example-é-", "a\u200db.example", "é\ud800.example"])
def test_what_is_no_name_has_no_spelling(host: str) -> None:
    assert ascii_host(host) is None


TOGETHER = (
    "東京タワーへ行くjp",
    "佐々木3",
    "한국어abc漢",
    "ㄅㄆ中文abc",
    "col·lecció",
    "ソニーa",
    "हिन्दी",
    "قهوة",
    "straße-9",
)
"""Labels of one script, and of those that are written together."""
ALIKE = ("аpple", "gooِgle", "аррӏе", "аррӏе-9", "ρου", "googӏe", "abcノdef", "日本а", "한あ", "ʻokina", "paypal\u0323")
"""Labels that may be taken for others."""


def host_of(label: str) -> str:
    return f"xn--{label.encode('punycode').decode()}.example"


@pytest.mark.parametrize(
    ("host", "read"),
    [
        ("xn--mnchen-3ya.example", "münchen.example"),
        ("www.xn--wgv71a119e.jp", "www.日本語.jp"),
        ("xn--strae-oqa.de", "straße.de"),
        ("shop.example", "shop.example"),
        ("xn--e1afmkfd.xn--p1ai", "пример.рф"),
        ("xn--80aswg.com", "сайт.com"),
        ("xn--nxasmm1c.gr", "βόλος.gr"),
        ("xn--80ak6aa92e.xn--p1ai", "аррӏе.рф"),
        ("www.xn--pple-43d.xn--p1ai", "www.xn--pple-43d.рф"),
        *((host_of(label), f"{label}.example") for label in TOGETHER),
    ],
)
def test_a_host_is_read_in_the_letters_that_it_stands_for(host: str, read: str) -> None:
    assert readable_host(host) == read
    assert ascii_host(read) == host


ENCODED = ("b<i>", "Shop Ä", "a\u202eb", "a\u2215c", "MÜNCHEN", "münchen.example", "")
"""What a label may stand for that is no part of a host's name."""


@pytest.mark.parametrize(
    "host",
    [
        *map(host_of, (*ENCODED, *ALIKE)),
        *("xn--80ak6aa92e.com", "xn--pple-43d.com", "xn--google-yri.com"),
        *("xn--99999999999999999.example", "xn--é.example", "a/xn--b.example", "xn--n3h.net"),
    ],
)
def test_what_stands_for_no_other_name_stays_as_it_is(host: str) -> None:
    assert readable_host(host) == host
