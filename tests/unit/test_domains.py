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


@pytest.mark.parametrize(
    ("host", "read"),
    [
        ("xn--mnchen-3ya.example", "münchen.example"),
        ("www.xn--wgv71a119e.jp", "www.日本語.jp"),
        ("xn--strae-oqa.de", "straße.de"),
        ("shop.example", "shop.example"),
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
        *(f"xn--{text.encode('punycode').decode()}.example" for text in ENCODED),
        *("xn--99999999999999999.example", "xn--é.example", "a/xn--b.example", "xn--n3h.net"),
    ],
)
def test_what_stands_for_no_other_name_stays_as_it_is(host: str) -> None:
    assert readable_host(host) == host
