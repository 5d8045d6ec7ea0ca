"""Pages on paper: as a browser lays them out for print, on a screen of a page's width."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.database.sample import make_sample
from sidecar.progress import Progress
from sidecar.report.differing import write_difference
from sidecar.report.reporting import write_report
from tests.browser.browser import Browser
from tests.support.archives import SHIPPED
from tests.support.databases import execute, places_of

WIDTH, HEIGHT = 688, 970
"""A4 between the margins that the page asks for, in CSS pixels."""

AS_PRINTED = """
for (const rule of document.styleSheets[0].cssRules) {
  if (rule.media?.mediaText === 'print') rule.media.mediaText = 'all';
}
"""
"""WebDriver shows no page as it is printed; with its rules for print in force, the engine lays it out so."""

UNSEEN = """
return [...document.querySelectorAll('details > :not(summary)')]
  .filter((one) => !one.checkVisibility({ contentVisibilityAuto: true }) || one.getBoundingClientRect().height === 0)
  .map((one) => one.outerHTML.slice(0, 200));
"""
"""What of the parts that fold up is not there."""

CUT = """
const right = document.documentElement.clientWidth;
// A space at the end of a line may hang over.
const most = (one) => right + (getComputedStyle(one).display === 'inline' ? 8 : 1);
return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > most(one))
  .map((one) => one.outerHTML.slice(0, 200));
"""
"""What would lie beyond the edge of the paper."""

STYLE = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A report with many lists and long words, and a difference."""
    folder = tmp_path_factory.mktemp("pages")
    places = places_of(folder / "kirapilot.db")
    make_sample(places.database, 300)
    execute(
        places.database,
        f"UPDATE tasks SET title = '{'Verylongword' * 30}' WHERE rowid % 40 = 0",
        "WITH numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50)"
        " INSERT INTO task_lists (id, name, is_default, created_at, updated_at)"
        " SELECT printf('list %d', n), printf('List %d', n), 0, created_at, updated_at FROM numbers,"
        " (SELECT created_at, updated_at FROM task_lists LIMIT 1)",
        "UPDATE tasks SET task_list_id = printf('list %d', rowid % 45)",
    )
    write_report(places, "now", str(folder / "report.html"), Progress())
    write_difference(places, str(SHIPPED), "now", str(folder / "differs.html"), Progress(), count=60)
    return sorted(folder.glob("*.html"))


def printed(shown: Browser, page: Path) -> None:
    shown.show(page)
    shown.resize(WIDTH, HEIGHT)
    shown.script(AS_PRINTED)


def test_what_is_folded_up_is_printed_and_nothing_lies_beyond_the_paper(
    in_the_light: Browser, pages: list[Path]
) -> None:
    for page in pages:
        printed(in_the_light, page)
        assert in_the_light.script(UNSEEN) == [], page.name
        assert in_the_light.script(CUT) == [], page.name
        assert in_the_light.script(STYLE, "nav", "display") == "none"


def test_paper_is_white_in_the_dark_as_well(shown_in: Browser, pages: list[Path]) -> None:
    for page in pages:
        printed(shown_in, page)
        assert shown_in.script(STYLE, "body", "backgroundColor") == "rgb(255, 255, 255)"
        assert shown_in.script(STYLE, "body", "color") == "rgb(0, 0, 0)"


def test_a_chart_is_no_higher_than_a_page(in_the_light: Browser, pages: list[Path]) -> None:
    (report,) = (page for page in pages if page.stem == "report")
    printed(in_the_light, report)
    heights = "return [...document.querySelectorAll('figure')].map((one) => one.getBoundingClientRect().height)"
    charts: list[Any] = in_the_light.script(heights)
    assert len(charts) == 3
    assert max(charts) <= HEIGHT


def test_the_same_tests_find_what_is_wrong(in_the_light: Browser, pages: list[Path]) -> None:
    """The control of the tests before: the page as it is on a screen."""
    (report,) = (page for page in pages if page.stem == "report")
    in_the_light.show(report)
    in_the_light.resize(WIDTH, HEIGHT)
    assert in_the_light.script(UNSEEN) != []
    assert in_the_light.script(STYLE, "nav", "display") != "none"
