"""Where names of machines may end a line."""

import pytest

from tracker.dashboard.breaks import breakable


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("https://hooks.example/in/x", "https://<wbr>hooks.<wbr>example/<wbr>in/<wbr>x"),
        ("session.started", "session.<wbr>started"),
        ("a_long_key", "a_<wbr>long_<wbr>key"),
        ("/?q=1&a=<b>", "/?<wbr>q=<wbr>1&amp;<wbr>a=<wbr>&lt;b&gt;"),
        ("United Kingdom", "United Kingdom"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_a_name_breaks_behind_its_signs(text: str, html: str) -> None:
    assert str(breakable(text)) == html
