"""Backups that are made by themselves while the app is open, and what its page shows of them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import entries_of
from tests.window.conftest import OpenWindow
from tests.window.locks import held
from tests.window.programs import overheard, requests_in
from tests.window.screen import DEADLINE, Home, eventually
from tests.window.window import Window, window

SOON = "--backups-after=0.5"
"""Seconds of quiet after which the app asks for a backup."""

STATUS = "kirapilot-backup://status"
RUN = "run_backup_if_due"


def automatic(home: Home) -> list[Path]:
    """The backups that were made by themselves, the oldest first."""
    return sorted((home.database.parent / "backups/automatic").glob("*.kpbackup"))


def says(shown: Window, words: str) -> str:
    """What the status line says, once that is in it."""
    look = lambda: re.search(words, line := shown.text("#status").strip()) and line  # noqa: E731
    return eventually(look, f"the status says {words!r}")


@contextmanager
def run_under_way(
    app: Path, display: dict[str, str], home: Home, folder: Path
) -> Iterator[tuple[Window, list[psutil.Process]]]:
    """The app with an automatic backup that cannot go on within the block; with the processes of its sidecar."""
    program, log = overheard(app, folder)
    with held(home.database), window(program, home, display, SOON) as shown:
        eventually(lambda: requests_in(log)[RUN], "the sidecar is asked for a backup")
        yield shown, shown.sidecars()


def test_at_the_first_start_a_backup_appears_and_the_page_says_so(open_window: OpenWindow, home: Home) -> None:
    with open_window(home, SOON) as shown:
        shown.listen(STATUS)
        said = says(shown, "^Last backup: ")
        assert re.fullmatch(r"Last backup: today \d\d:\d\d, proved\. 1 kept in one place\.", said)
        told = shown.heard(STATUS, state="healthy")
        (place,) = told["places"]
        (backup,) = automatic(home)
        assert place["newest"] == backup.name
    assert entries_of(backup)["metadata.json"]


def test_a_person_does_not_wait_for_a_backup_that_runs_by_itself(
    app: Path, display: dict[str, str], home: Home, tmp_path: Path
) -> None:
    backup = str(DATA / f"{EVERY_KIND}.kpbackup")
    with run_under_way(app, display, home, tmp_path / "app") as (shown, _):
        # It would wait for the database for 10 seconds.
        begun = time.monotonic()
        assert shown.call("validate_backup_file", filePath=backup)["value"]["task_count"] == 12
        assert time.monotonic() - begun < 5
        assert automatic(home) == []


def test_a_run_that_gave_way_is_made_up_for_once_it_is_quiet_again(
    app: Path, display: dict[str, str], home: Home, tmp_path: Path
) -> None:
    program, log = overheard(app, tmp_path / "app")
    with window(program, home, display, SOON) as shown:
        with held(home.database):
            eventually(lambda: requests_in(log)[RUN], "the sidecar is asked for a backup")
            shown.call("validate_backup_file", filePath=str(DATA / f"{EVERY_KIND}.kpbackup"))
        says(shown, "^Last backup: today")
    assert len(automatic(home)) == 1
    assert requests_in(log)[RUN] >= 2


def test_an_app_that_is_closed_does_not_wait_for_a_backup_that_runs_by_itself(
    app: Path, display: dict[str, str], home: Home, tmp_path: Path
) -> None:
    with run_under_way(app, display, home, tmp_path / "app") as (shown, sidecars):
        shown.close()
        closed = time.monotonic()
        left = psutil.wait_procs([shown.process, *sidecars], timeout=DEADLINE)[1]
        assert not left
        assert time.monotonic() - closed < 5, "they would wait for the database for 10 seconds"
    assert automatic(home) == []
