"""Makes protocol/images/report.png: the page about a backup, as a browser shows it.

``python -m tests.browser.pictures protocol/images``, with what .ci/desktop installs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from sidecar.database.sample import make_sample
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.report.reporting import write_report
from sidecar.system.paths import Places
from tests.browser.browser import browser
from tests.support.databases import altered

NAMES = ("Work", "Home", "Garden", "Reading", "Some day")


def make_page(folder: Path) -> Path:
    """The page about a backup of a sample whose lists have names that people give."""
    places = Places(folder / "kirapilot.db", folder / "work")
    make_sample(places.database, 800)
    for number, name in enumerate(NAMES):
        altered(places.database, "UPDATE task_lists SET name = ? WHERE rowid = ? + 2", name, number)
        # Of lists that look alike a chart would say little.
        altered(
            places.database,
            "UPDATE tasks SET task_list_id = (SELECT id FROM task_lists WHERE name = ?),"
            " status = CASE WHEN rowid % 7 < ? THEN 'completed' ELSE status END WHERE rowid % 31 BETWEEN ? AND ?",
            name, 6 - number, number * (11 - number), 31,
        )  # fmt: skip
    backup = folder / f"kirapilot-backup-{date.today()}.kpbackup"
    export_data(places, str(backup), Progress())
    write_report(places, str(backup), str(folder / "report.html"), Progress())
    return folder / "report.html"


def main() -> None:
    images = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        page = make_page(Path(name))
        with browser("light", Path(name) / "home", "1400x1800") as shown:
            shown.show(page)
            shown.picture(images / "report.png", 1140, 1490)
    words = ["mogrify", "+dither", "-colors", "128", "-strip", f"PNG8:{images / 'report.png'}"]
    subprocess.run(words, check=True, timeout=60)


if __name__ == "__main__":
    main()
