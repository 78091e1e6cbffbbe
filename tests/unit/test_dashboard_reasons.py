"""What the operator reads of reasons: never the values that they quote."""

import pytest

from tracker.dashboard.reason import without_values


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ('type inet: "2001:db8::1", from 192.0.2.7 (SQLSTATE 22P02)', "type inet: …, from … (SQLSTATE 22P02)"),
        ('bad "a" b@example.org "c" here', "bad … here"),
        ('bad "a" b@example.org" here', "bad …"),
        ('cut off "b@example.org', "cut off …"),
        ("from FE80::1 at 12:34:56", "from … at 12:34:56"),
        ("from ::ffff:192.0.2.7", "from …"),
        ("from 2001:db8:1:2:3:4:5:6 again", "from … again"),
    ],
)
def test_a_reason_is_shown_without_what_it_quotes(reason: str, shown: str) -> None:
    assert without_values(reason) == shown
