"""Pages in a browser: usable by whoever hears them, has no mouse or other colours, and silent towards the network."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.database.sample import make_sample
from sidecar.progress import Progress
from sidecar.report.differing import write_difference
from sidecar.report.reporting import write_report
from tests.browser.browser import Browser
from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import SHIPPED, TASK, made_of, write
from tests.support.databases import execute, places_of
from tests.support.pages import make_hostile
from tests.window.screen import eventually

TAB, RETURN = "\ue004", "\ue007"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Pages of every sort: of each generation, of a sample, hostile, damaged, not valid, empty, and differences."""
    folder = tmp_path_factory.mktemp("pages")
    hostile, sample = folder / "hostile.db", folder / "sample.db"
    shutil.copy(DATA / f"{EVERY_KIND}.db", hostile)
    make_hostile(hostile)
    make_sample(sample, 30)
    damaged = folder / "damaged.kpbackup"
    damaged.write_bytes(SHIPPED.read_bytes()[:5000])
    tasks = [TASK | {"id": f"t{number // 2}", "parent_task_id": "gone"} for number in range(60)]
    wrong = write(folder / "wrong.kpbackup", made_of(tasks))
    empty = write(folder / "empty.kpbackup", made_of(()))
    given = [*sorted(DATA.glob("*.kpbackup")), damaged, wrong, empty]
    for path in given:
        write_report(places_of(folder / "none.db"), str(path), str(folder / f"{path.stem}.html"), Progress())
    for path in (hostile, sample):
        write_report(places_of(path), "now", str(folder / f"{path.stem}.html"), Progress())
        target = str(folder / f"{path.stem}-differs.html")
        write_difference(places_of(path), str(SHIPPED), "now", target, Progress(), count=40)
    copy = shutil.copy(SHIPPED, folder / "copy.kpbackup")
    write_difference(places_of(sample), str(SHIPPED), str(copy), str(folder / "same.html"), Progress())
    return sorted(folder.glob("*.html"))


def test_no_guideline_is_violated_in_the_light_and_in_the_dark(shown_in: Browser, pages: list[Path]) -> None:
    assert len(pages) == 12
    for page in pages:
        shown_in.show(page)
        assert shown_in.violations() == [], page.name


def test_the_check_finds_what_is_wrong(in_the_light: Browser, pages: list[Path], tmp_path: Path) -> None:
    """The control of the test before."""
    bad = tmp_path / "bad.html"
    text = pages[0].read_text("utf-8")
    bad.write_text(text.replace("<h2", "<h5").replace('lang="en"', "").replace("<main", "<div"), "utf-8")
    in_the_light.show(bad)
    assert {"html-has-lang", "heading-order", "landmark-one-main"} <= {
        each["rule"] for each in in_the_light.violations()
    }


def test_the_keyboard_leads_past_the_head_and_opens_what_is_folded_up(in_the_light: Browser, pages: list[Path]) -> None:
    in_the_light.show(next(page for page in pages if page.stem == "sample"))
    in_the_light.press(TAB)
    focused = "return document.activeElement"
    assert in_the_light.script(f"{focused}.className") == "skip"
    assert in_the_light.script(f"{focused}.getBoundingClientRect().left") >= 0
    in_the_light.press(RETURN)
    assert in_the_light.script(f"{focused}.tagName") == "MAIN"
    in_the_light.script("document.querySelector('details:not([open]) summary').focus()")
    in_the_light.press(RETURN)
    assert in_the_light.script(f"{focused}.parentElement.open") is True


def test_the_style_is_in_force_and_no_script_is_there(shown_in: Browser, pages: list[Path]) -> None:
    shown_in.show(pages[0])
    assert shown_in.script("return [document.scripts.length, document.styleSheets.length]") == [0, 1]
    assert shown_in.script("return getComputedStyle(document.querySelector('.skip')).position") == "absolute"


@contextmanager
def listening() -> Iterator[tuple[int, socket.socket]]:
    """A port, and the socket at which whoever knocks there is heard."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server.getsockname()[1], server


def knocked(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


FETCHING = (
    '"><img src="http://127.0.0.1:{0}/a.png" />',
    '<link rel="stylesheet" href="http://127.0.0.1:{0}/a.css" /><script src="http://127.0.0.1:{0}/a.js"></script>',
    "</style><style>@import url(http://127.0.0.1:{0}/b.css);</style>",
    '<iframe src="http://127.0.0.1:{0}/"></iframe><meta http-equiv="refresh" content="0;url=http://127.0.0.1:{0}/" />',
    '<svg><image href="http://127.0.0.1:{0}/c.png" /></svg><form action="http://127.0.0.1:{0}/">',
)


def test_nothing_is_fetched_whatever_titles_ask_for(in_the_light: Browser, tmp_path: Path) -> None:
    database = tmp_path / "kirapilot.db"
    shutil.copy(DATA / f"{EVERY_KIND}.db", database)
    with listening() as (port, server):
        for number, text in enumerate(FETCHING):
            title = text.format(port).replace("'", "''")
            execute(database, f"UPDATE tasks SET title = '{title}', description = '{title}' WHERE rowid % 5 = {number}")
        execute(database, f"UPDATE threads SET title = '{FETCHING[0].format(port)}'")
        for write_page in (
            lambda page: write_report(places_of(database), "now", str(page), Progress()),
            lambda page: write_difference(places_of(database), str(SHIPPED), "now", str(page), Progress()),
        ):
            write_page(tmp_path / "page.html")
            in_the_light.show(tmp_path / "page.html")
            assert "a.png" in in_the_light.script("return document.body.innerText")
            assert in_the_light.script("return performance.getEntriesByType('resource').length") == 0
            (tmp_path / "page.html").unlink()
        assert not knocked(server)


def test_a_page_that_fetches_would_be_heard(in_the_light: Browser, tmp_path: Path) -> None:
    """The control of the test before."""
    with listening() as (port, server):
        (tmp_path / "page.html").write_text(f"<!DOCTYPE html><p>{FETCHING[1].format(port)}</p>", "utf-8")
        address = (tmp_path / "page.html").as_uri()
        # Not waited for: nobody answers what it asks for.
        in_the_light.script("const [address] = arguments; setTimeout(() => { location.href = address })", address)
        eventually(lambda: knocked(server), "the page asks for its style")
