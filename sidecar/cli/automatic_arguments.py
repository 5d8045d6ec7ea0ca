"""What may be typed about backups that are made by themselves: commands, options, help. Does nothing but parse."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sidecar.cli.selection_arguments import some_text

if TYPE_CHECKING:
    # Importing it would load what the command line does without.
    from sidecar.automatic.policy import Trigger

DECLARE = Callable[[str, str, str, Sequence[str]], argparse.ArgumentParser]
"""Makes the parser of a command: of its name, its line in the help, what is to be said besides, and its examples."""

TRIGGERS = ("timer", "start", "update", "clear", "manual")

_ITS_NUMBER = "its number, as backups shows it"

_PERIOD = re.compile(r"(\d{1,5})h", re.ASCII)
_KEEP = re.compile(r"(hours|daily|weekly|monthly|most)=(\d{1,6})", re.ASCII)


class AutomaticOptions(argparse.Namespace):
    """What was typed, typed. A field is set only where the command has it; None is what was not typed."""

    action: str
    trigger: Trigger
    app_version: str
    enabled: bool | None
    every: dict[str, object] | None
    after_changes: int | None
    folders: list[str] | None
    keep: dict[str, int] | None
    stale_hours: int | None
    before_update: bool | None
    before_clear: bool | None
    drill: bool | None
    dry_run: bool
    all_of_them: bool
    number: int
    text: str
    to: str | None


def declare_automatic(
    declare: DECLARE,
    declare_in: Callable[[argparse.ArgumentParser], DECLARE],
    finish: Callable[[argparse.ArgumentParser], None],
) -> None:
    """Add the commands.

    :param declare_in: what makes the commands of a command. :param finish: adds what every command takes.
    """
    parsers = [
        _status(declare),
        *_actions(declare_in(_auto(declare))),
        declare(
            "drill",
            "Try whether the newest backups really restore",
            "Restores the newest backup of each place into a database that is thrown away, compares\n"
            "every value and checks the result. Your own data is not touched.",
            ["drill", "drill --json"],
        ),
        _restore(declare),
        _clear(declare),
        _show_one(declare),
        *_keeping(declare),
    ]
    for parser in parsers:
        finish(parser)


def _status(declare: DECLARE) -> argparse.ArgumentParser:
    return declare(
        "status",
        "Tell how the automatic backups are",
        "Of each place the newest backup, its age, what is next due and what went wrong. The exit\n"
        "code says it as well: 0 healthy, 90 stale, 91 failing, 92 held (see auto accept), 93 never made.",
        ["status", "status --json", "status --quiet"],
    )


def _auto(declare: DECLARE) -> argparse.ArgumentParser:
    return declare(
        "auto",
        "Make backups by themselves: run, set, show, prune, accept, check, install",
        "Each has a help of its own, with examples: auto run --help. Nothing here starts by itself:\n"
        "the app asks while it is open, or a timer of the system, set by auto install, calls auto run.",
        ["auto run", "auto install", "auto set --every weekly --place /media/usb/kirapilot", "auto show"],
    )


def _actions(declare: DECLARE) -> list[argparse.ArgumentParser]:
    return [one(declare) for one in (_run, _set, _show, _prune, _accept, _check, _install, _installed, _uninstall)]


def _show(declare: DECLARE) -> argparse.ArgumentParser:
    return declare(
        "show", "Show whether, when and where backups are made", "All that auto set can change.", ["auto show"]
    )


def _accept(declare: DECLARE) -> argparse.ArgumentParser:
    return declare(
        "accept",
        "Say that it is right that the data shrank",
        "While a backup holds far less than the one before, no older one is removed. Look first:\n"
        "once accepted, old backups go again as the policy says.",
        ["auto accept"],
    )


def _run(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "run",
        "Make a backup now if one is due",
        "Proves it in every place, and removes what the policy lets go of. Where nothing changed\n"
        "since the newest one, there is no new file. Made for a timer: it may be called at any time.",
        ["auto run", "auto run --trigger manual", "auto run --trigger update --app-version 0.0.55"],
    )
    meaning = "who asks: manual makes one whatever the clock says (default: %(default)s)"
    parser.add_argument("--trigger", choices=TRIGGERS, default="timer", help=meaning)
    parser.add_argument("--app-version", metavar="V", default="", help="KiraPilot's version, kept with the backup")
    return parser


def _set(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "set",
        "Say whether, when and where backups are made",
        "Changes what is named and leaves the rest. --place replaces the list of places: name each.\n"
        "--keep is for the places named beside it; where none is, for all.",
        [
            "auto set --on --every daily",
            "auto set --every 6h --after-changes 200",
            "auto set --place backups/automatic --place /media/usb/kirapilot",
            "auto set --keep daily=7,weekly=5,monthly=12,hours=48,most=30",
            "auto set --off",
        ],
    )
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--on", dest="enabled", action="store_const", const=True, help="make backups by themselves")
    switch.add_argument("--off", dest="enabled", action="store_const", const=False, help="make none by themselves")
    meaning = "daily, weekly, monthly, or so many hours: 6h"
    parser.add_argument("--every", metavar="PERIOD", type=_period, help=meaning)
    meaning = "sooner after N changes of the database; 0 for never"
    parser.add_argument("--after-changes", metavar="N", type=_count, help=meaning)
    meaning = "a folder to keep them in, again for each; the disk of the first need not be the only one"
    parser.add_argument("--place", dest="folders", metavar="DIR", type=some_text, action="append", help=meaning)
    meaning = "how many stay: the newest of so many days, weeks and months, all of the last hours, at most so many"
    parser.add_argument("--keep", metavar="RULES", type=_keep, help=meaning)
    meaning = "from what age on the newest counts as stale; 0 for three times what lies between two"
    parser.add_argument("--stale-hours", metavar="N", type=_count, help=meaning)
    for name, meaning in _SWITCHES.items():
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=None, help=meaning)
    return parser


_SWITCHES: Mapping[str, str] = {
    "before-update": "make one before KiraPilot is updated",
    "before-clear": "make one before all data is cleared",
    "drill": "try once a month whether the newest ones restore",
}


def _prune(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "prune",
        "Remove the backups that the policy lets go of",
        "Each run does so by itself, a few at a time. The newest proved one of each place, pinned\n"
        "ones, and what you put there yourself always stay.",
        ["auto prune --dry-run", "auto prune"],
    )
    parser.add_argument("--dry-run", action="store_true", help="remove nothing; tell what would go, and why each stays")
    return parser


def _check(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "check",
        "Re-read automatic backups and find those that rotted",
        "Reads a share, those that were not looked at for longest first. Exits with 21 if one is\n"
        "no longer what was written.",
        ["auto check", "auto check --all"],
    )
    parser.add_argument("--all", dest="all_of_them", action="store_true", help="read all of them")
    return parser


def _install(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "install",
        "Let the system make backups while KiraPilot is not open",
        "Sets a timer of the system, your own: systemd, launchd or the Windows task scheduler. Once an\n"
        "hour it calls auto run, which makes a backup if one is due. What was missed while the computer\n"
        "was off is made up for. Shows what is written, and asks. Doing it twice is doing it once.",
        ["auto install", "auto install --dry-run", "auto install --yes --database kirapilot.db"],
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing; show what would be written")
    parser.add_argument("-y", "--yes", action="store_true", help="write it without asking")
    return parser


def _installed(declare: DECLARE) -> argparse.ArgumentParser:
    return declare(
        "installed",
        "Tell whether the system makes backups, and how",
        "Exits with 0 if the timer is there, runs, and the program that it starts is there; else with 87.",
        ["auto installed", "auto installed --json"],
    )


def _uninstall(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "uninstall",
        "Take the system's timer away",
        "Backups stay where they are, and KiraPilot makes them while it is open.",
        ["auto uninstall", "auto uninstall --dry-run"],
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing; show what would be done")
    return parser


def _restore(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "restore",
        "Restore one of the automatic backups",
        "As import does, it shows what would change, asks, and keeps what was there in a safety copy.",
        ["restore --from 12", "restore --from 12 --merge", "restore --yes --from 12 --json"],
    )
    parser.add_argument("--from", dest="number", metavar="ID", type=_number, required=True, help=_ITS_NUMBER)
    parser.add_argument("--merge", action="store_true", help="add what is missing, and keep all that is there")
    parser.add_argument("--allow-loss", action="store_true", help="leave out what this KiraPilot has no place for")
    parser.add_argument("--salvage", action="store_true", help="of a damaged backup, take what can be proved")
    parser.add_argument("-y", "--yes", action="store_true", help="replace the data without asking")
    return parser


def _clear(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "clear",
        "Clear all data, and keep it in a safety copy",
        "As Clear All Data does in KiraPilot: tasks, lists, sessions, chats, patterns, settings, all of\n"
        "it. Asks first. What was there is in a safety copy, from which undo brings it back.",
        ["clear", "clear --yes --json"],
    )
    parser.add_argument("-y", "--yes", action="store_true", help="clear without asking")
    return parser


def _show_one(declare: DECLARE) -> argparse.ArgumentParser:
    parser = declare(
        "show",
        "Show what one of the automatic backups holds",
        "As inspect does with a file.",
        ["show 12", "show --json 12"],
    )
    parser.add_argument("number", metavar="ID", type=_number, help=_ITS_NUMBER)
    return parser


def _keeping(declare: DECLARE) -> list[argparse.ArgumentParser]:
    pin = declare("pin", "Keep an automatic backup for good", "A pinned one is never removed by itself.", ["pin 12"])
    unpin = declare("unpin", "Take the pin from an automatic backup", "It goes when its time comes.", ["unpin 12"])
    note = declare("note", "Put a note to an automatic backup", 'An empty note, "", removes it.', ["note 12 moved"])
    for parser in (pin, unpin, note):
        parser.add_argument("number", metavar="ID", type=_number, help=_ITS_NUMBER)
    note.add_argument("text", metavar="TEXT", type=_text, help="words of your own, up to 1,000 characters")
    return [pin, unpin, note]


def _period(text: str) -> dict[str, object]:
    if text in ("daily", "weekly", "monthly"):
        return {"every": text}
    found = _PERIOD.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is none of daily, weekly, monthly, 6h")
    return {"every": "hours", "hours": int(found[1])}


def _keep(text: str) -> dict[str, int]:
    rules = [_KEEP.fullmatch(rule.strip()) for rule in text.split(",")]
    kept = {rule[1]: int(rule[2]) for rule in rules if rule is not None}
    if len(kept) < len(rules):
        raise argparse.ArgumentTypeError(f"{text!r} is not such as daily=7,weekly=5,monthly=12,hours=48,most=30")
    return kept


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len("100000"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 100,000")
    return int(text)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < len("1000000000"):
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a backup")
    return int(text)


def _text(text: str) -> str:
    if len(text) > 1000:
        raise argparse.ArgumentTypeError("a note has 1,000 characters at most")
    return text
