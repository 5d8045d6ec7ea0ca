"""An export to standard output: a whole backup, made and proved in the work folder, then handed on."""

from __future__ import annotations

import shutil
import sys
from datetime import date

from sidecar.cli.arguments import Options, UsageError
from sidecar.errors.paths import ReadFailed
from sidecar.export.exporting import export_data
from sidecar.export.partial import default_name
from sidecar.results import ExportResult
from sidecar.screen.terminal import Terminal
from sidecar.system.workfolder import folder_errors, work_folder

OUTPUT = "-"
"""What is typed instead of a file."""


def export_to_output(options: Options, terminal: Terminal) -> ExportResult:
    """Write a backup to standard output; its ``path`` is then "-".

    :raises UsageError: when standard output is closed or a terminal, or is for the answer in JSON.
    Raises what an export raises, and ReadFailed for an output that takes no more.
    """
    if terminal.as_json:
        raise UsageError("The backup and its description cannot both go to standard output.", "Leave out --json.")
    if sys.stdout is None:
        raise UsageError("There is no standard output to write a backup to.", "Name a file.")
    if sys.stdout.isatty():
        raise UsageError("A backup is not for a terminal.", 'Add "> kirapilot-backup.kpbackup", or name a file.')
    places = options.places()
    with work_folder(places.work_dir) as folder:
        part = options.part()
        backup = folder / ("backup.kpbackup" if part is None else default_name(date.today()))
        with terminal.progress() as progress:
            result = export_data(places, str(backup), progress, salvage=options.salvage, part=part)
        with folder_errors(places.work_dir):
            file = backup.open("rb")
        with file:
            try:
                shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.buffer.flush()
            except OSError as error:
                raise ReadFailed(path="the standard output", detail=error.strerror or str(error)) from error
    result.path = OUTPUT
    return result
