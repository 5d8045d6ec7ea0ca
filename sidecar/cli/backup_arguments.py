"""What may be typed about backups and the database: to export, import, validate, preview, undo, list, inspect.

Does nothing but parse.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from sidecar.cli.automatic_arguments import DECLARE
from sidecar.cli.selection_arguments import add_choices, add_conflicts, add_part, add_selection, some_text


class BackupOptions(argparse.Namespace):
    """What was typed, typed. A field is set only where the command has it, but for those given here a value."""

    file: str
    basic: bool
    merge: bool
    allow_loss: bool
    salvage: bool
    force: bool = False
    interactive: bool = False


def declare_backups(declare: DECLARE, finish: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add the commands; ``finish`` adds what every command takes."""
    for one in (_export, _import, _validate, _preview, _undo, _backups, _inspect):
        finish(one(declare))


def _export(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "export",
        "Write all data into a backup file",
        "The file appears whole or not at all: a failed export leaves an older backup as it was.\n"
        "The app's own settings lie in its window: only an export in KiraPilot has them too.\n"
        "A damaged database is refused, unless --salvage is given: what can still be read of it is\n"
        "then written, beside FILE if there is one, and can be merged, but replaces nothing.\n"
        "A part of the data is chosen by the options below. The name of its FILE has to say partial;\n"
        "left out, or a folder, it is kirapilot-backup-<day>-partial.kpbackup.",
        [
            "export kirapilot-backup.kpbackup",
            "export --yes --json nightly.kpbackup",
            "export --list Garden --since 2026-01-01",
            "export --salvage rest.kpbackup",
            "export -",
        ],
    )
    meaning = 'the backup to write (.kpbackup); "-" is standard output'
    parser.add_argument("file", metavar="FILE", nargs="?", help=meaning)
    _add_yes(parser, "replace an existing FILE without asking")
    parser.add_argument("--force", action="store_true", help="replace FILE even if it is write-protected, or whole")
    parser.add_argument("--salvage", action="store_true", help="of a damaged database, save what can be read")
    add_part(parser)
    return parser


def _import(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "import",
        "Restore a backup into the database",
        "Shows what would change and asks before it replaces anything.\nAll of it happens, or nothing;"
        " what was there before is kept in a safety copy.\n"
        "A damaged backup is refused, unless --salvage is given: what can be proved of it is then\n"
        "added to the data, or updates it; nothing is removed. It is always shown first, and asked\n"
        "unless --yes is given. What was shown is done, or nothing.\n"
        "With -i, lists, types of data and what becomes of rows that differ are chosen by keys first.",
        [
            "import kirapilot-backup.kpbackup",
            "import --merge other-device.kpbackup",
            "import -i old.kpbackup",
            "import --yes nightly.kpbackup",
            "import --list Garden --missing old.kpbackup",
            "import --salvage damaged.kpbackup",
        ],
    )
    _add_file(parser)
    _add_mode(parser)
    parser.add_argument("-i", "--interactive", action="store_true", help="choose by keys what comes back, and how")
    add_conflicts(parser)
    add_choices(parser)
    add_selection(parser)
    _add_yes(parser, "replace the data without asking")
    return parser


def _validate(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "validate",
        "Check a backup file",
        "Lists every problem; exits with 0 if the backup is whole. With --database it is held against\n"
        "that database as well: 0 then means that it can replace what is there without loss.",
        [
            "validate kirapilot-backup.kpbackup",
            "validate --basic --json nightly.kpbackup",
            "validate --database kirapilot.db kirapilot-backup.kpbackup",
        ],
    )
    _add_file(parser)
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--comprehensive", dest="basic", action="store_false", help="find every problem (the default)")
    depth.add_argument("--basic", dest="basic", action="store_true", help="stop at the first error")
    parser.set_defaults(basic=False)
    return parser


def _preview(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "preview",
        "Show what an import would change",
        "Reads the backup and the database, and changes neither.",
        ["preview kirapilot-backup.kpbackup", "preview --merge --json other-device.kpbackup"],
    )
    _add_file(parser)
    _add_mode(parser)
    add_conflicts(parser)
    add_choices(parser)
    add_selection(parser)
    return parser


def _undo(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "undo",
        "Put back what the last import replaced",
        "Shows what would change and asks first. It makes a safety copy itself:\n"
        "a second undo brings back what the first took away.",
        ["undo", "undo --yes --json", "undo --to before-import-20261122T160721.689983Z"],
    )
    meaning = "the safety copy to put back, as backups names it"
    parser.add_argument("--to", metavar="ID", type=some_text, default=None, help=meaning)
    _add_yes(parser, "put it back without asking")
    return parser


def _backups(declare: DECLARE) -> argparse.ArgumentParser:
    return declare(
        "backups",
        "List all backups: automatic ones and safety copies",
        "The newest first; every byte of each safety copy is read and held against what was written,\n"
        "automatic ones are re-read now and then. A number is for show, restore, pin and note; the name\n"
        "of a safety copy for undo --to.",
        ["backups", "backups --json"],
    )


def _inspect(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "inspect",
        "Show what a backup file holds",
        "Tells what the file says of itself, without judging it; no database is needed.",
        ["inspect kirapilot-backup.kpbackup", "inspect --json nightly.kpbackup"],
    )
    _add_file(parser)
    return parser


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the backup to read (.kpbackup or .zip)")


def _add_mode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--merge", action="store_true", help="add what is missing, and keep all that is there")
    parser.add_argument("--allow-loss", action="store_true", help="leave out what this KiraPilot has no place for")
    parser.add_argument("--salvage", action="store_true", help="of a damaged backup, take what can be proved")


def _add_yes(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help=meaning)
