"""Where names of machines may end a line, and what is left of long ones."""

import pytest

from tracker.dashboard.breaks import breakable, cut_in_middle


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/short", "/short"),
        ("/exactly-20-letters-", "/exactly-20-letters-"),
        ("/magazine/2026/autumn/part-1", "/magazine…mn/part-1"),
        ("/magazine/2026/autumn/part-2", "/magazine…mn/part-2"),
        ("/雑誌/二〇二六年/秋号", "/雑誌/二…六年/秋号"),
        ("", ""),
    ],
)
def test_of_a_long_name_beginning_and_end_are_shown(text: str, shown: str) -> None:
    assert cut_in_middle(text, 20) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("e\u0301" * 20, "e\u0301" * 2 + "\N{HORIZONTAL ELLIPSIS}" + "e\u0301" * 2),
        ("/" + "%E6%98%A5" * 9, "/%E6\N{HORIZONTAL ELLIPSIS}%A5"),
        ("ab" + "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}" * 9 + "yz", "ab\N{HORIZONTAL ELLIPSIS}yz"),
    ],
)
def test_nothing_that_is_one_is_cut_in_two(text: str, shown: str) -> None:
    assert cut_in_middle(text, 11) == shown
