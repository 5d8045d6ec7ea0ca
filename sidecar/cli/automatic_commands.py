"""The commands about backups that are made by themselves: each calls one job and shows its answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.cli.arguments import Options, UsageError
from sidecar.errors.backups import DamagedBackup
from sidecar.screen.terminal import Terminal

if TYPE_CHECKING:
    # Importing it would load its room for the sake of one command.
    from sidecar.automatic.policy import Policy

DONE = 0

NOT_WORKING = 87
"""The system has no timer that makes backups."""


def auto(options: Options, terminal: Terminal) -> int:
    """``auto ACTION``: one of the actions below."""
    return ACTIONS[options.action](options, terminal)


def run(options: Options, terminal: Terminal) -> int:
    """``auto run``: make a backup if one is due; a place that failed makes the exit code that of ``status``."""
    from sidecar.automatic.health import EXIT_CODES, FAILING
    from sidecar.automatic.running import run_backup_if_due
    from sidecar.screen import automatic_text

    with terminal.progress() as progress:
        result = run_backup_if_due(options.places(), options.trigger, progress, options.app_version)
    terminal.answer(result, lambda: automatic_text.run_lines(result))
    return EXIT_CODES[FAILING] if any(place.outcome == "failed" for place in result.places) else DONE


def set_policy(options: Options, terminal: Terminal) -> int:
    """``auto set``: change what is named of the policy, and show all of it."""
    from sidecar.automatic.policy_file import beside, put_in_force
    from sidecar.screen import automatic_text

    database = options.places().database
    result = put_in_force(database, lambda policy: _changed(policy, options, beside(database)))
    terminal.answer(result, lambda: automatic_text.policy_lines(result))
    return DONE


def show_policy(options: Options, terminal: Terminal) -> int:
    """``auto show``: the policy in force."""
    from sidecar.automatic.policy_file import read_policy
    from sidecar.screen import automatic_text

    result = read_policy(options.places().database)
    terminal.answer(result, lambda: automatic_text.policy_lines(result))
    return DONE


def prune(options: Options, terminal: Terminal) -> int:
    """``auto prune``: remove what the policy lets go of, or tell of it."""
    from sidecar.automatic.pruning import prune_backups
    from sidecar.screen import automatic_text

    with terminal.progress() as progress:
        result = prune_backups(options.places(), progress, dry_run=options.dry_run)
    terminal.answer(result, lambda: automatic_text.prune_lines(result, dry_run=options.dry_run))
    return DONE


def accept(options: Options, terminal: Terminal) -> int:
    """``auto accept``: lift the hold."""
    from sidecar.automatic.answers import HoldAnswer
    from sidecar.automatic.running import accept as lift
    from sidecar.screen import automatic_text

    result = HoldAnswer(lifted=lift(options.places()))
    terminal.answer(result, lambda: automatic_text.hold_lines(result))
    return DONE


def check(options: Options, terminal: Terminal) -> int:
    """``auto check``: re-read backups; one that rotted makes the exit code that of a damaged backup."""
    from sidecar.automatic.checking import check_backups
    from sidecar.automatic.running import now_utc
    from sidecar.screen import automatic_text

    with terminal.progress() as progress:
        result = check_backups(options.places(), now_utc(), progress, all_of_them=options.all_of_them)
    terminal.answer(result, lambda: automatic_text.check_lines(result))
    return DamagedBackup.code if any(one.outcome == "rotten" for one in result.checked) else DONE


def install(options: Options, terminal: Terminal) -> int:
    """``auto install``: show what would be written and ask, then set the system's timer."""
    from sidecar.cli import questions
    from sidecar.installing import timers
    from sidecar.screen import automatic_text

    service = timers.service_of()
    result = timers.install(options.places(), service, options.work_dir, dry_run=True)
    if result.changed and not options.dry_run:
        questions.confirm_timer(options, terminal, result)
        result = timers.install(options.places(), service, options.work_dir, dry_run=False)
    terminal.answer(result, lambda: automatic_text.timer_set_lines(result, dry_run=options.dry_run))
    return DONE if options.dry_run or result.is_working else NOT_WORKING


def installed(_options: Options, terminal: Terminal) -> int:
    """``auto installed``: the system's timer, and whether it works."""
    from sidecar.installing import timers
    from sidecar.screen import automatic_text

    result = timers.installed(timers.service_of())
    terminal.answer(result, lambda: automatic_text.timer_lines(result))
    return DONE if result.is_working else NOT_WORKING


def uninstall(options: Options, terminal: Terminal) -> int:
    """``auto uninstall``: take the system's timer away."""
    from sidecar.installing import timers
    from sidecar.screen import automatic_text

    result = timers.uninstall(timers.service_of(), dry_run=options.dry_run)
    terminal.answer(result, lambda: automatic_text.timer_gone_lines(result, dry_run=options.dry_run))
    return DONE


def drill(options: Options, terminal: Terminal) -> int:
    """``drill``: restore the newest backups on trial; one that does not come back is a damaged backup."""
    from sidecar.automatic.drilling import drill_backups
    from sidecar.automatic.running import now_utc
    from sidecar.screen import automatic_text

    with terminal.progress() as progress:
        result = drill_backups(options.places(), now_utc(), progress)
    terminal.answer(result, lambda: automatic_text.drill_lines(result))
    tried = [place.drill for place in result.places if place.drill is not None]
    return DamagedBackup.code if any(one.outcome == "rotten" for one in tried) else DONE


def status(options: Options, terminal: Terminal) -> int:
    """``status``: how the backups are, in words and in the exit code."""
    from sidecar.automatic.health import EXIT_CODES, backup_status
    from sidecar.automatic.running import now_utc
    from sidecar.screen import automatic_text

    now = now_utc()
    result = backup_status(options.places(), now)
    terminal.answer(result, lambda: automatic_text.status_lines(result, now))
    return EXIT_CODES[result.state]


def restore(options: Options, terminal: Terminal) -> int:
    """``restore --from N``: the same as an import of that backup."""
    from sidecar.automatic.shelf import find_backup
    from sidecar.cli.commands import import_

    options.file = str(find_backup(options.places(), options.number))
    return import_(options, terminal)


def clear(options: Options, terminal: Terminal) -> int:
    """``clear``: ask, then clear all data."""
    from sidecar.clearing.clearing import clear_all_data
    from sidecar.cli import questions
    from sidecar.screen import automatic_text

    questions.confirm_clearing(options, terminal)
    with terminal.progress() as progress:
        result = clear_all_data(options.places(), progress)
    terminal.answer(result, lambda: automatic_text.clear_lines(result))
    return DONE


def show(options: Options, terminal: Terminal) -> int:
    """``show N``: what that backup says of itself."""
    from sidecar.automatic.shelf import find_backup
    from sidecar.cli.commands import inspect

    options.file = str(find_backup(options.places(), options.number))
    return inspect(options, terminal)


def pin(options: Options, terminal: Terminal) -> int:
    """``pin N``: keep a backup for good."""
    return _keep_with(options, terminal, None, True)


def unpin(options: Options, terminal: Terminal) -> int:
    """``unpin N``: let it go when its time comes."""
    return _keep_with(options, terminal, None, False)


def note(options: Options, terminal: Terminal) -> int:
    """``note N TEXT``: put a note to a backup."""
    return _keep_with(options, terminal, options.text, None)


def _keep_with(options: Options, terminal: Terminal, words: str | None, pinned: bool | None) -> int:
    from sidecar.automatic.shelf import note_backup
    from sidecar.screen import automatic_text

    result = note_backup(options.places(), options.number, words, pinned)
    terminal.answer(result, lambda: automatic_text.noted_lines(result))
    return DONE


def _changed(policy: Policy, options: Options, beside: Path) -> Policy:
    """``policy`` with what was typed. Raises UsageError where that is nothing, InvalidPolicy."""
    import msgspec

    from sidecar.automatic.policy_file import parse_policy
    from sidecar.own_json import encoded

    names = ("enabled", "after_changes", "stale_hours", "before_update", "before_clear", "drill")
    changes: dict[str, object] = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    changes |= options.every or {}
    if options.folders or options.keep:
        changes["places"] = _places(policy, options, beside)
    if not changes:
        raise UsageError("Nothing is named that is to change.", "kirapilot-sidecar auto set --help shows what can be.")
    # Through the text, for that is where its bounds are looked at.
    return parse_policy(encoded(msgspec.structs.replace(policy, **changes)))


def _places(policy: Policy, options: Options, beside: Path) -> list[object]:
    """The places typed, or else those there are, with the rules typed; a place that was there already keeps its own."""
    import msgspec

    from sidecar.automatic.policy import Place

    known = {Path(beside, place.path): place for place in policy.places}
    typed = dict.fromkeys(_placed(Path(folder)) for folder in options.folders or ())
    chosen = [known.get(folder, Place(path=_told_from(beside, folder))) for folder in typed] or policy.places
    return [
        msgspec.structs.replace(place, keep=msgspec.structs.replace(place.keep, **options.keep or {}))
        for place in chosen
    ]


def _placed(folder: Path) -> Path:
    """A folder from where one stands; a link stays the link it is, unless the way leads back out of one."""
    return folder.resolve() if ".." in folder.parts else folder.absolute()


def _told_from(beside: Path, folder: Path) -> str:
    """A folder beside the database is named from there: it moves with it."""
    return folder.relative_to(beside).as_posix() if folder.is_relative_to(beside) else str(folder)


ACTIONS: dict[str, Callable[[Options, Terminal], int]] = {
    "run": run,
    "set": set_policy,
    "show": show_policy,
    "prune": prune,
    "accept": accept,
    "check": check,
    "install": install,
    "installed": installed,
    "uninstall": uninstall,
}

AUTOMATIC: dict[str, Callable[[Options, Terminal], int]] = {
    "status": status,
    "auto": auto,
    "drill": drill,
    "restore": restore,
    "clear": clear,
    "show": show,
    "pin": pin,
    "unpin": unpin,
    "note": note,
}
