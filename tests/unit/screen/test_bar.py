from __future__ import annotations

import pytest

from sidecar.progress import Report
from sidecar.screen.bar import shape


def drawn(width: int, seconds: float = 0.0, *, unit: str = "rows", percentage: int = 25) -> str:
    return shape(Report("p", 120_000_000, 395_000_000, unit, percentage, "Writing the backup"), seconds, width)


def test_a_wide_terminal_sees_how_much_and_how_long() -> None:
    assert drawn(80, 30, unit="bytes") == "Writing the backup {percentage:3.0f}%|{bar}| 120.0 MB of 395.0 MB 1:30 left"
    assert drawn(100).endswith("| 120,000,000 of 395,000,000 rows")
    assert drawn(100, 6000).endswith(" 5:00:00 left")


def test_a_narrow_one_keeps_words_bar_and_time() -> None:
    assert drawn(40, 30) == "Writing the backup {percentage:3.0f}%|{bar}| 1:30 left"
    assert drawn(20, 30) == "… {percentage:3.0f}%|{bar}| 1:30 left"


@pytest.mark.parametrize("width", range(1, 200, 7))
def test_no_terminal_is_too_narrow(width: int) -> None:
    for seconds in (0, 30, 100_000):
        assert "%|{bar}|" in drawn(width, seconds)


def test_nothing_is_foreseen_at_once_or_at_the_ends() -> None:
    for percentage, seconds in ((0, 100), (100, 100), (50, 1)):
        assert "left" not in drawn(80, seconds, percentage=percentage)


def test_a_percentage_is_not_said_twice() -> None:
    assert drawn(80, unit="percent") == "Writing the backup {percentage:3.0f}%|{bar}|"
