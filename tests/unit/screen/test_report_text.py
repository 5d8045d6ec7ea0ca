"""What is said of a page that was written."""

from __future__ import annotations

import pytest

from sidecar.report.answers import DifferencePage, ReportPage
from sidecar.screen.report_text import difference_page_lines, report_lines


@pytest.mark.parametrize(
    ("identical", "total", "said"),
    [
        (True, 0, "Both sides hold the same."),
        (False, 0, "What both sides speak of is the same."),
        (False, 1, "1 row differs; the page shows 1."),
        (False, 2000, "2,000 rows differ; the page shows 1,000."),
    ],
)
def test_a_difference_is_told_in_a_sentence(identical: bool, total: int, said: str) -> None:
    page = DifferencePage(path="/a.html", size=1200, cut=[], identical=identical, total=total, shown=min(total, 1000))
    assert difference_page_lines(page) == ["Wrote /a.html (1.2 kB): any browser shows it.", said]


def test_what_a_page_does_not_show_is_told_and_moves_no_cursor() -> None:
    page = ReportPage(path="/\x1b.html", size=1, cut=["3 of 5 tasks"], is_valid=False, error_count=2, warning_count=1)
    assert report_lines(page) == [
        "Wrote /\\x1b.html (1 byte): any browser shows it.",
        "The backup is not valid: 2 errors, 1 warning.",
        "not shown: 3 of 5 tasks",
    ]
