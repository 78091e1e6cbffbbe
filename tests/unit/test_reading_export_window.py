"""How much time a statement of an export looks at, from how those before it went."""

from datetime import timedelta

from tracker.reading.export_window import MAX_WINDOW, NARROWEST, Window

HOUR = timedelta(hours=1)


def widths_while(window: Window, limit: timedelta, statements: int) -> list[float]:
    """In hours, what each statement looked at, where more than `limit` is given up."""
    widths = []
    for _ in range(statements):
        widths.append(window.width / HOUR)
        (window.given_up if window.width > limit else window.answered)()
    return widths


def test_what_is_given_up_is_cut_down_to_a_minute() -> None:
    window = Window()
    assert window.width == MAX_WINDOW
    while not window.is_narrowest:
        window.given_up()
    assert window.width == NARROWEST


def test_a_narrow_window_widens_slowly_and_tries_less_and_less_often_what_was_given_up() -> None:
    window = Window()
    widths = widths_while(window, 4 * HOUR, 200)
    assert widths[:11] == [24, *[3] * 8, 6, 3]
    given_up = [place for place, width in enumerate(widths) if width > 4]
    assert given_up == [0, 9, 26, 59, 124]
    assert min(widths) == 3


def test_after_a_slow_stretch_it_looks_at_whole_days_again() -> None:
    window = Window()
    widths_while(window, timedelta(minutes=5), 100)
    widths = widths_while(window, MAX_WINDOW, 600)
    assert widths[-1] == 24
    assert widths.index(24) < 300
