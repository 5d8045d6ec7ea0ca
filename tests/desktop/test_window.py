"""Export, import and test backup in the app's own window, from start to finish."""

from __future__ import annotations

import json
import subprocess

from tests.desktop.screen import Window


def test_export_writes_a_backup_that_unzip_reads(shown: Window) -> None:
    target = shown.home.path / "my backup.kpbackup"
    shown.answer_dialogs(save=str(target))
    shown.click("#export")
    assert "Export complete" in shown.text("#success")
    metadata = json.loads(subprocess.run(["unzip", "-p", str(target), "metadata.json"], capture_output=True, check=True).stdout)
    assert metadata["version"] == "1.0.0"
