"""What to type next: the hint of an error as the command line gives it.

On the wire a hint speaks of what a person does in a window; here it names the option. Whatever the sentence itself
says already is not said twice.
"""

from __future__ import annotations

from sidecar.cli.suggesting import meant_file
from sidecar.errors.backups import RowsRefused
from sidecar.errors.base import SidecarError
from sidecar.errors.paths import FileNotFound

_BY_KIND = {
    "invalid_backup": "kirapilot-sidecar validate FILE lists every problem.",
    "would_lose_data": "Update KiraPilot first, or add --allow-loss to leave that out.",
    "cannot_remove": "Add --merge: that removes nothing.",
    "database_not_found": "Name the database with --database PATH.",
    "not_a_database": "Name KiraPilot's database with --database PATH.",
    "not_kirapilot": "Name KiraPilot's database with --database PATH.",
    "work_folder_unusable": "Name another folder with --work-dir PATH.",
    "database_damaged": "kirapilot-sidecar export --salvage FILE saves what can still be read of it.",
    "partial_backup": "Add --merge or --salvage: neither removes anything.",
    "replaces_whole": "Choose another name, or add --force.",
    "write_protected": "Choose another name, or add --force.",
    "page_exists": "Choose another name, or add --force.",
    "no_conflicts": "Add --merge, or leave --on-conflict and --conflict out.",
    "no_such_conflict": "kirapilot-sidecar conflicts FILE shows the numbers.",
    "changed_since_preview": "Type the command again: it shows what would happen now.",
    "no_safety_copy": "kirapilot-sidecar import FILE imports a backup of your own.",
}

_SALVAGE = "Add --salvage to take what can be proved of it."


def hint_of(error: SidecarError) -> str | None:
    """The hint to print below an error's message; None where the message says it all."""
    if error.suggestion:
        return _SALVAGE
    if isinstance(error, FileNotFound) and error.path and (near := meant_file(error.path)):
        return f"Did you mean {near}?"
    if isinstance(error, RowsRefused):
        return None  # no problem of the backup's: its validation would find none
    hint = _BY_KIND.get(error.kind, error.hint)
    return None if _plain(hint) in _plain(error.message) else hint


def _plain(text: str) -> str:
    return text.lower().rstrip(".")
