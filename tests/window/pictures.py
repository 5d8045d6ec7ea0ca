"""Makes the pictures of protocol/images from the example app's own window.

``KIRAPILOT_EXAMPLE=... python -m tests.window.pictures protocol/images``, with what .ci/desktop installs; ``jobs``,
``backups`` or ``choosing`` after it takes some of them alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from sidecar.database.sample import make_fresh, make_sample
from tests.support.archives import edited, entries_of, write
from tests.support.databases import altered, execute, query
from tests.window.conftest import APP_VARIABLE
from tests.window.screen import Home, eventually, screen
from tests.window.test_choosing import SELECT
from tests.window.window import Window, window


def settled(shown: Window) -> None:
    """Two frames later, everything is drawn; and no button is under the focus ring."""
    shown.script(
        "document.activeElement.blur(); window.__drawn = false;"
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => window.__drawn = true, 300)))"
    )
    eventually(lambda: shown.script("return window.__drawn"), "the page is drawn")


def picture(shown: Window, images: Path, name: str) -> None:
    settled(shown)
    shown.picture(images / f"{name}.png")


def themed(shown: Window, theme: str) -> None:
    shown.script("localStorage.setItem('kirapilot-preferences', arguments[0])", f'{{"theme":"{theme}"}}')
    shown.reload()


def take(app: Path, home: Home, images: Path) -> None:
    backup = home.path / "kirapilot-backup-2026-11-24.kpbackup"
    damaged = home.path / "kirapilot-backup-2026-02-30.kpbackup"
    with screen() as display, window(app, home, display, LC_ALL="en_US.UTF-8") as shown:
        themed(shown, "light")
        shown.answer_dialogs(save=str(backup), open=str(backup))
        # Stopped in the middle, so that the bar is there when the picture is taken.
        shown.click("#export")
        in_the_middle = "const bar = document.querySelector('#progress progress'); return bar && bar.value >= 30"
        eventually(lambda: shown.script(in_the_middle), "the export is in the middle")
        process = shown.sidecars()[-1]
        process.suspend()
        picture(shown, images, "export")
        process.resume()
        shown.find("#success")
        picture(shown, images, "success")
        make_fresh_again(home)
        shown.click("#import")
        shown.find("#preview")
        picture(shown, images, "preview")
        entries = entries_of(backup)
        for name in ("data.json", "tasks.json"):
            entries = edited(entries, name, spoil)
        del entries["manifest.json"]
        write(damaged, entries)
        themed(shown, "dark")
        shown.answer_dialogs(open=str(damaged))
        shown.click("#import")
        eventually(
            lambda: not shown.is_gone("#failure"), "the backup is judged, and what can be saved of it", seconds=300
        )
        picture(shown, images, "warning")


def take_backups(app: Path, home: Home, images: Path) -> None:
    """The automatic backups: pinned, noted, held since the data shrank."""
    with screen() as display, window(app, home, display, LC_ALL="en_US.UTF-8") as shown:
        themed(shown, "light")
        shown.click("#back-up")
        shown.click("#backups .pin")
        eventually(lambda: "pinned" in shown.text("#backups"), "it is pinned", seconds=300)
        shown.click("#backups .noted")
        shown.find("#backups .noting input").send_keys("Before the move to the new laptop")
        shown.click("#backups .noting .primary")
        eventually(lambda: "new laptop" in shown.text("#backups"), "it is noted", seconds=300)
        execute(home.database, "DELETE FROM tasks WHERE rowid % 3 > 0")
        shown.click("#back-up")
        eventually(lambda: not shown.is_gone("#hold"), "it is held", seconds=300)
        shown.script("document.querySelector('.automatic').scrollIntoView({ block: 'start' })")
        picture(shown, images, "backups")


def take_choosing(app: Path, home: Home, images: Path) -> None:
    """A backup of before some tasks went and others were changed, opened, with some of it ticked."""
    with screen() as display, window(app, home, display, LC_ALL="en_US.UTF-8") as shown:
        themed(shown, "light")
        ids = [row[0] for row in query(home.database, "SELECT id FROM tasks ORDER BY created_at LIMIT 8")]
        lists = [row[0] for row in query(home.database, "SELECT id FROM task_lists ORDER BY is_default DESC, id")]
        for name, list_id in zip(("Home", "Work", "Travel", "Garden"), lists, strict=False):
            altered(home.database, "UPDATE task_lists SET name = ? WHERE id = ?", name, list_id)
        for number, (row_id, title) in enumerate(zip(ids, TITLES, strict=True)):
            named = (
                "UPDATE tasks SET title = ?, status = 'pending', parent_task_id = NULL, task_list_id = ? WHERE id = ?"
            )
            altered(home.database, named, title, lists[number % 3], row_id)
        shown.click("#back-up")
        shown.find("#backups .open")
        for table, column in (("time_sessions", "task_id"), ("task_dependencies", "task_id"), ("tasks", "id")):
            for gone in ids[:3]:
                altered(home.database, f"DELETE FROM {table} WHERE {column} = ?", gone)
        changed = "UPDATE tasks SET title = 'Call the dentist', status = 'completed', updated_at = ? WHERE id = ?"
        altered(home.database, changed, "2026-11-27T17:04:00.120000000+00:00", ids[4])
        shown.click("#backups .open")
        shown.find("#entries li")
        shown.script(SELECT, "#kind", "tasks")
        for row_id in (ids[1], ids[2], ids[4]):
            shown.click(f"#entries li[data-id='{row_id}'] input")
        shown.click(f"#entries li[data-id='{ids[4]}'] summary")
        shown.script("document.querySelector('.found').scrollIntoView({ block: 'start' })")
        picture(shown, images, "choose")


TITLES = (
    "Renew the passport",
    "Offer for the spring conference",
    "Book the night train to Lisbon",
    "Fix the garden gate",
    "Call the dentist about the appointment",
    "Water the plants",
    "Read the contract",
    "Pay the deposit",
)


def make_fresh_again(home: Home) -> None:
    home.database.unlink()
    make_fresh(home.database)


def make_sample_again(home: Home) -> None:
    home.database.unlink()
    make_sample(home.database, 20_000)


def spoil(document: object) -> None:
    tasks = document["tasks"] if isinstance(document, dict) else document
    assert isinstance(tasks, list)
    tasks[3]["title"] = None
    tasks[8]["id"] = tasks[7]["id"]
    tasks[11]["created_at"] = "yesterday"


def main() -> None:
    images = Path(sys.argv[1]).resolve()
    # A short name: it is in the pictures.
    folder = Path(tempfile.gettempdir()) / "mia"
    folder.mkdir()
    try:
        home = Home(folder).make()
        make_sample(home.database, 2_000)
        app = Path(os.environ[APP_VARIABLE])
        wanted = sys.argv[2:] or ["jobs", "backups", "choosing"]
        if "backups" in wanted:
            take_backups(app, home, images)
        if "choosing" in wanted:
            take_choosing(app, home, images)
        if "jobs" in wanted:
            shutil.rmtree(home.database.parent / "backups", ignore_errors=True)
            make_sample_again(home)
            take(app, home, images)
        eventually(lambda: not list(home.run_folders.glob("run-*/*")), "the sidecar has tidied up")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
