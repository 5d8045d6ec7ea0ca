"""What may be typed to look into backups and to hold them against each other. Does nothing but parse."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from sidecar.cli.automatic_arguments import DECLARE
from sidecar.cli.selection_arguments import add_choices, add_conflicts, add_selection, some_text

SIDES = (
    "A side is a backup's path, its number as backups lists it, a safety copy's name, or now: the\n"
    "database as it is. Neither side is changed."
)


class ComparisonOptions(argparse.Namespace):
    """What was typed, typed. A field is set only where the command has it."""

    left: str
    right: str
    start: int
    count: int | None
    first: int
    query: str
    task_id: bool
    everywhere: bool
    backup: str
    page: str | None


def declare_comparison(declare: DECLARE, finish: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add the commands; ``finish`` adds what every command takes."""
    for parser in (_diff(declare), _conflicts(declare), _find(declare), _report(declare)):
        finish(parser)


def _diff(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "diff",
        "Show how two backups differ, or a backup and the database",
        f"Rows added, removed and changed, field by field.\n{SIDES}\n"
        "Exits with 0 if both hold the same, with 1 if they differ.",
        [
            "diff old.kpbackup new.kpbackup",
            "diff 12 now",
            "diff --json --count 10000 old.kpbackup now",
            "diff --html difference.html old.kpbackup now",
        ],
    )
    parser.add_argument("left", metavar="LEFT", type=some_text, help="the one side: what was")
    meaning = "the other: what is (default: now)"
    parser.add_argument("right", metavar="RIGHT", type=some_text, nargs="?", default="now", help=meaning)
    parser.add_argument(
        "--start", metavar="N", type=_not_negative, default=0, help="leave out the first N rows that differ"
    )
    parser.add_argument(
        "--count", metavar="N", type=_page, default=None, help="show at most N rows (default: 100; in a page 1000)"
    )
    meaning = "write the difference as an HTML page instead"
    parser.add_argument("--html", dest="page", metavar="PAGE", type=_page_name, help=meaning)
    _add_force(parser)
    return parser


def _page_name(text: str) -> str:
    if text == "-":
        raise argparse.ArgumentTypeError("a page is a file, and never standard output")
    return text


def _conflicts(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "conflicts",
        "Show which rows of a backup differ from the database's",
        "Of a merge: rows of one id with other content, numbered, field by field, and which is newer.\n"
        "Neither the backup nor the database is changed. What stays is as --on-conflict says.",
        ["conflicts other-device.kpbackup", "conflicts --on-conflict newer --from 101 other-device.kpbackup"],
    )
    parser.add_argument("file", metavar="FILE", help="the backup to read (.kpbackup or .zip)")
    parser.add_argument(
        "--from", metavar="N", dest="first", type=_number, default=1, help="begin with this number (default: 1)"
    )
    parser.add_argument(
        "--count", metavar="N", type=_shown, default=100, help="show at most N of them (default: %(default)s)"
    )
    add_conflicts(parser)
    add_choices(parser)
    add_selection(parser)
    parser.add_argument("--allow-loss", action="store_true", help="leave out what this KiraPilot has no place for")
    parser.add_argument("--salvage", action="store_true", help="of a damaged backup, take what can be proved")
    return parser


def _find(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "find",
        "Find tasks in all backups: since when, until when, what changed",
        "Looks for a text in titles, descriptions and tags, in every automatic backup, safety copy and other\n"
        "backup of the list, and in the database. Answers: when did it vanish?",
        ["find groceries", "find --id 6f1c1f0e-6b5e-4a37-9a3e-0f6f6f1d2c11", "find --json taxes"],
    )
    parser.add_argument("query", metavar="TEXT", type=some_text, help="what is looked for; capitals do not matter")
    parser.add_argument("--id", dest="task_id", action="store_true", help="TEXT is the id of one task")
    meaning = "look into lists, templates, notes, chats and logs as well"
    parser.add_argument("--everywhere", action="store_true", help=meaning)
    return parser


def _report(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "report",
        "Write a page about a backup: what it holds, and what is wrong with it",
        "One HTML file, to be read in any browser and to be printed; it needs no network and runs no script.\n"
        "BACKUP is a backup's path, its number as backups lists it, a safety copy's name, or now: the\n"
        "database as it is. A page never takes the place of anything but a page, and asks before it does.",
        ["report kirapilot-backup.kpbackup", "report -o holidays.html 12", "report now"],
    )
    parser.add_argument("backup", metavar="BACKUP", type=some_text, help="the backup that is told of")
    meaning = "the page to write (default: the backup's name, here)"
    parser.add_argument("-o", "--output", dest="page", metavar="PAGE", type=_page_name, help=meaning)
    _add_force(parser)
    return parser


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace a page that is there without asking")


def _not_negative(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _number(text: str) -> int:
    if (number := _not_negative(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a conflict: they begin with 1")
    return number


def _shown(text: str) -> int:
    if not 1 <= (number := _not_negative(text)) <= 1_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 1,000; use --from for those that follow")
    return number


def _page(text: str) -> int:
    if not 0 <= (number := _not_negative(text)) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is more than 10,000 rows; use --start for those that follow")
    return number
