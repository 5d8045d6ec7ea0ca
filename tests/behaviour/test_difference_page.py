"""Pages about differences: row by row, field by field, list by list, as the comparison itself has it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.comparison.difference import compare_backups
from sidecar.errors.jobs import SameSides
from sidecar.errors.paths import NotAPage, PageExists
from sidecar.progress import Progress
from sidecar.report import differing
from sidecar.report.differing import write_difference
from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import SMALL
from tests.support.databases import execute, places_of, query
from tests.support.pages import HOSTILE, Page, make_hostile

Copy = Callable[[str], Path]


def pages_rows(page: Page) -> list[list[str]]:
    """The cells of all rows that differ, list after list."""
    return [
        [page.words(cell) for cell in row]
        for table in page.all("table")
        if page.words(table.find("caption")).startswith("Rows that differ")
        for row in table.findall("tbody/tr")
    ]


def test_each_field_that_differs_stands_with_both_its_values(fresh_database: Path, tmp_path: Path) -> None:
    (task, title), (gone, _) = query(fresh_database, "SELECT id, title FROM tasks ORDER BY rowid LIMIT 2")
    execute(
        fresh_database,
        "UPDATE task_lists SET name = 'Garden' WHERE is_default",
        f"UPDATE tasks SET title = 'Water <the> plants', priority = 3, description = NULL, task_list_id ="
        f" (SELECT id FROM task_lists WHERE is_default) WHERE id = '{task}'",
        f"DELETE FROM tasks WHERE id = '{gone}'",
        "INSERT INTO tasks (id, title) VALUES ('new', 'Made since')",
    )
    target = tmp_path / "page.html"
    result = write_difference(places_of(fresh_database), str(SMALL), "now", str(target), Progress())
    page = Page(target)
    page.assert_sound()
    rows = pages_rows(page)
    at = next(number for number, row in enumerate(rows) if row[0].startswith("Water <the> plants"))
    told = {row[-3]: row[-2:] for row in rows[at : at + 4]}
    assert told["title"] == [" ".join(title.replace("\x07", "\u2407").split()), "Water <the> plants"]
    assert told["priority"] == ["0", "3"]
    assert ["+ added", "the whole row"] in [row[1:] for row in rows if row[0].startswith("Made since")]
    assert sum(row[1:] == ["\u2212 removed", "the whole row"] for row in rows) >= 1
    assert [page.words(each).partition(" ")[0] for each in page.all("h2")][:2] == ["The", "How"]
    assert any(page.words(each).startswith("Garden") for each in page.all("h2"))
    assert (result.identical, result.shown, result.cut) == (False, result.total, [])


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("left", sorted(path.stem for path in DATA.glob("*.db")))
def test_the_page_has_every_row_that_the_comparison_tells(database_copy: Copy, tmp_path: Path, left: str) -> None:
    places = places_of(database_copy(EVERY_KIND))
    sides = str(DATA / f"{left}.kpbackup"), "now"
    difference = compare_backups(places, *sides, Progress(), count=10_000)
    write_difference(places, *sides, str(tmp_path / "page.html"), Progress(), count=10_000)
    page = Page(tmp_path / "page.html")
    page.assert_sound()
    fields = sum(max(1, len(change.fields)) for change in difference.changes)
    assert len(pages_rows(page)) == fields
    counts = {row[0]: [int(cell) for cell in row[1:]] for row in page.table("Rows of each table")} if fields else {}
    differing_tables = [each for each in difference.tables.values() if each.added or each.removed or each.changed]
    assert sorted(counts.values()) == sorted(
        [each.left, each.right, each.added, each.removed, each.changed, each.same] for each in differing_tables
    )


def test_values_are_text_whatever_they_hold(fresh_database: Path, tmp_path: Path) -> None:
    make_hostile(fresh_database)
    write_difference(places_of(fresh_database), str(SMALL), "now", str(tmp_path / "page.html"), Progress())
    page = Page(tmp_path / "page.html")
    page.assert_sound()
    assert any(cell.startswith(HOSTILE[0][:40]) for row in pages_rows(page) for cell in row)


def test_what_does_not_fit_is_told(fresh_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(fresh_database, "UPDATE tasks SET title = title || '!', description = hex(zeroblob(2000))")
    places, target = places_of(fresh_database), tmp_path / "page.html"
    result = write_difference(places, str(SMALL), "now", str(target), Progress(), count=5)
    assert (result.total, result.shown) == (12, 5)
    assert result.cut == ["Of 12 rows that differ this page shows 1 to 5; 10,000 is the most."]
    assert result.cut[0] in Page(target).words()
    monkeypatch.setattr(differing, "ROOM", 2_000)
    result = write_difference(places, str(SMALL), "now", str(target), Progress(), force=True)
    assert 0 < result.shown < 5
    assert len(result.cut) == 1


def test_two_sides_that_hold_the_same_make_a_page_that_says_so(tmp_path: Path) -> None:
    copy = Path(shutil.copy(SMALL, tmp_path / "copy.kpbackup"))
    result = write_difference(
        places_of(tmp_path / "kirapilot.db"), str(SMALL), str(copy), str(tmp_path / "page.html"), Progress()
    )
    assert result.identical
    page = Page(tmp_path / "page.html")
    page.assert_sound()
    assert "Both hold the same" in page.words()


def test_a_difference_takes_the_place_of_nothing_but_a_page(fresh_database: Path, tmp_path: Path) -> None:
    places = places_of(fresh_database)
    copy = Path(shutil.copy(SMALL, tmp_path / "copy.kpbackup"))
    with pytest.raises(NotAPage):
        write_difference(places, str(SMALL), "now", str(copy), Progress(), force=True)
    assert copy.read_bytes() == SMALL.read_bytes()
    with pytest.raises(SameSides):
        write_difference(places, str(SMALL), str(SMALL), str(tmp_path / "page.html"), Progress())
    assert not (tmp_path / "page.html").exists()
    write_difference(places, str(SMALL), str(copy), str(tmp_path / "page.html"), Progress())
    with pytest.raises(PageExists):
        write_difference(places, str(SMALL), str(copy), str(tmp_path / "page.html"), Progress())
