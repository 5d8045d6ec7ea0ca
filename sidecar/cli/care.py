"""The commands that look after the live database: what may be typed, and the one job that each calls."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, get_args

from sidecar.care.codes import Mendable
from sidecar.cli.automatic_arguments import DECLARE
from sidecar.screen.terminal import Terminal

if TYPE_CHECKING:
    # What is typed is parsed before anything is done, and the parser declares these commands.
    from sidecar.cli.arguments import Options


class CareOptions(argparse.Namespace):
    """What was typed, typed. A field is set only where the command has it."""

    quick: bool
    only: list[str]


def declare_care(declare: DECLARE, finish: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add the commands; ``finish`` adds what every command takes."""
    for parser in (_check(declare), _repair(declare), _compact(declare)):
        finish(parser)


def _check(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "check",
        "Check the database: pages, indexes, references, values",
        "Reads a private copy and changes nothing. Each finding says what it means, and what mends it.\n"
        "Exits with 0 if nothing has to be done, with 120 if something is found that can be mended,\n"
        "with 121 if the file is damaged or empty: then only a restore helps.",
        ["check", "check --quick", "check --json"],
    )
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--full", dest="quick", action="store_false", help="look for each row in each index (default)")
    depth.add_argument("--quick", dest="quick", action="store_true", help="compare the number of rows and entries")
    parser.set_defaults(quick=False)
    return parser


def _repair(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "repair",
        "Mend what check found, as KiraPilot itself would",
        "Builds indexes anew, removes or unties what leads nowhere, settles the one default list, and\n"
        "fills values without which KiraPilot cannot read a row. Shows each repair and asks first; what\n"
        "was there before is kept in a safety copy, and undo brings it back. A damaged file is not\n"
        "repaired in its place: import a backup as a replacement.",
        ["repair --dry-run", "repair", "repair --yes --only list_missing"],
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would be repaired")
    parser.add_argument(
        "--only",
        metavar="CODE",
        action="append",
        default=[],
        choices=get_args(Mendable),
        help=f"repair what is found under this code alone; may be given several times: {', '.join(get_args(Mendable))}",
    )
    parser.add_argument("-y", "--yes", action="store_true", help="repair without asking")
    return parser


def _compact(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "compact",
        "Make the database's file as small as what it holds",
        "KiraPilot has to be closed. Every value is compared before the file is replaced and after; no row\n"
        "changes, and whatever ends it leaves the file as it was. Where less than a tenth would be gained,\n"
        "nothing is done.",
        ["compact", "compact --force", "compact --json"],
    )
    parser.add_argument("--force", action="store_true", help="even if little is gained")
    return parser


def check(options: Options, terminal: Terminal) -> int:
    """``check``: what is wrong with the database, and what mends it."""
    from sidecar.care.checking import check_database
    from sidecar.care.findings import EXIT_CODES
    from sidecar.screen import care_text

    with terminal.progress() as progress:
        result = check_database(options.places(), progress, options.quick)
    terminal.answer(result, lambda: care_text.check_lines(result))
    return EXIT_CODES[result.state]


def repair(options: Options, terminal: Terminal) -> int:
    """``repair``: show what would be repaired and ask, then do just that."""
    from sidecar.care.repairing import repair_database
    from sidecar.cli import questions
    from sidecar.screen import care_text

    with terminal.progress() as progress:
        result = repair_database(options.places(), progress, True, only=options.only)
    if result.repairs and not options.dry_run:
        questions.confirm_repair(options, terminal, result)
        with terminal.progress() as progress:
            result = repair_database(options.places(), progress, False, result.token, options.only)
    terminal.answer(result, lambda: care_text.repair_lines(result))
    return 0


def compact(options: Options, terminal: Terminal) -> int:
    """``compact``: let the file hold its rows and nothing else."""
    from sidecar.care.compacting import compact_database
    from sidecar.screen import care_text

    with terminal.progress() as progress:
        result = compact_database(options.places(), progress, options.force)
    terminal.answer(result, lambda: care_text.compact_lines(result))
    return 0


CARE: Mapping[str, Callable[[Options, Terminal], int]] = {"check": check, "repair": repair, "compact": compact}
