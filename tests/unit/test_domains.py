import pytest

from tracker.domains import ascii_host


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
