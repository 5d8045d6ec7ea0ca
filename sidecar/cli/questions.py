"""What is asked before a command replaces something, and what is shown beside the question.

Asked on standard error: standard output is for the answer. Nobody is asked who typed --yes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.cli.arguments import Options, UsageError
from sidecar.errors.base import Cancelled
from sidecar.screen.terminal import Terminal
from sidecar.screen.text import printable

_OPTIONS = "--list, --type, --merge and --on-conflict (kirapilot-sidecar help import)."

if TYPE_CHECKING:
    # Importing them would load every job for the sake of one command.
    from sidecar.care.answers import RepairResult
    from sidecar.installing.answers import SystemTimer
    from sidecar.merging.answers import Conflict
    from sidecar.progress import Progress
    from sidecar.results import ImportPreview


def confirm_replacement(options: Options, terminal: Terminal) -> tuple[bool, bool]:
    """Ask before a file is replaced; answers whether the user also agrees to a backup that holds far less, and to the
    end of one that is write-protected, or whole where a part takes its place: --yes alone does not agree to that."""
    from sidecar.export import partial, shrinking
    from sidecar.system.permissions import is_write_protected

    protected = is_write_protected(Path(options.file))
    unlike = options.part() is not None and not partial.is_partial(Path(options.file))
    fact = f"{printable(options.file)} exists already{', and is write-protected' if protected else ''}"
    fact += ", and this backup of a part of the data would take the place of what is none" if unlike else ""
    if options.yes or not terminal.can_ask:
        _require_yes(options, terminal, fact, "Replace it?")
        return True, options.force
    shrunk = None
    if not options.salvage and options.part() is None:
        # Of a damaged database nobody can tell, and what is salvaged replaces nothing.
        with terminal.progress() as progress:
            shrunk = shrinking.foresee(options.places(), options.file, progress)
    _require_yes(options, terminal, f"{fact}. This backup would hold {shrunk}" if shrunk else fact, "Replace it?")
    return bool(shrunk), protected or unlike or options.force


def confirm_import(options: Options, terminal: Terminal) -> str | None:
    """Show the preview and ask; a salvage is shown even if nobody is asked.

    Answers the token of what was shown; None where nothing was.
    """
    from sidecar.screen import changes, conflict_text

    database = printable(str(options.places().database))
    expected: ImportPreview | None = None
    shown = (terminal.can_ask and not options.yes) or (options.salvage and options.yes and not terminal.as_json)
    if options.choices and not shown and not options.numbers_of:
        raise UsageError(
            "The numbers of --conflict may be of other rows by now, and nobody is shown which.",
            "Add --numbers-of TOKEN, as: kirapilot-sidecar conflicts FILE shows it.",
        )
    if shown or options.choices:
        with terminal.progress() as progress:
            expected, chosen = previewed(options, progress)
        if shown:
            terminal.note("\n".join([*conflict_text.chosen_lines(chosen), *changes.preview_lines(expected)]))
    if options.salvage:
        fact = f"This brings what can be proved of a damaged backup into {database}"
    elif options.selection() is not None or (expected is not None and expected.partial is not None):
        fact = f"This brings a part of the backup into {database}"
    elif options.merge:
        fact = f"This merges the backup into {database}, and rows of it may take the place of yours"
    else:
        fact = f"This replaces the data in {database}"
    _require_yes(options, terminal, fact, "Go on?")
    return expected.token if expected is not None else None


def choose_import(options: Options, terminal: Terminal) -> None:
    """Let a person choose by keys what of a backup comes back, and how: as the options say that could have been typed.

    :raises UsageError: when there is nobody to choose, nothing to choose by, or something was chosen already.
    Raises KeyboardInterrupt when the person leaves, and what reading a backup raises.
    """
    from sidecar.jobs.grouping import read_groups
    from sidecar.merging.policy import REST
    from sidecar.screen import import_choices, picking

    if not terminal.can_ask:
        raise UsageError("import -i asks in a terminal, and there is none.", f"Choose by options instead: {_OPTIONS}")
    if options.salvage or options.merge or options.policies().ask or options.selection() is not None:
        raise UsageError("import -i asks what the other options say.", f"Leave out -i, or these: {_OPTIONS}")
    try:
        picking.require_library()
    except picking.NoLibrary:
        raise UsageError(
            "import -i needs what this program does not carry: the Python package questionary.",
            f"pip install 'kirapilot-sidecar[interactive]', or choose by options: {_OPTIONS}",
        ) from None
    with terminal.progress() as progress:
        groups = read_groups(options.places(), options.file, progress)
    terminal.note("\n".join(import_choices.group_lines(groups)))
    with terminal.waiting():
        options.lists, options.types = import_choices.pick_part(groups)
        options.merge, policy = import_choices.pick_policy(is_whole=options.selection() is None)
        options.policies_typed = [(REST, policy)]


def confirm_clearing(options: Options, terminal: Terminal) -> None:
    """Ask before all data is cleared."""
    _require_yes(options, terminal, f"This clears all data in {printable(str(options.places().database))}", "Go on?")


def confirm_undo(options: Options, terminal: Terminal, only: Path | None) -> tuple[Path, str] | None:
    """Show what would be put back, and ask; answers that copy and the token of what was shown."""
    from sidecar.jobs import undoing
    from sidecar.screen import changes

    places, agreed = options.places(), None
    if terminal.can_ask and not options.yes:
        with terminal.progress() as progress:
            path, expected = undoing.preview_undo(places, progress, only)
        agreed = path, expected.token
        terminal.note("\n".join(changes.undo_preview_lines(path, expected)))
    _require_yes(options, terminal, f"This replaces the data in {printable(str(places.database))}", "Go on?")
    return agreed


def confirm_timer(options: Options, terminal: Terminal, planned: SystemTimer) -> None:
    """Show what would be written for the system's timer, and ask."""
    from sidecar.screen import automatic_text

    if terminal.can_ask and not options.yes:
        terminal.note("\n".join(automatic_text.timer_written_lines(planned)))
    _require_yes(options, terminal, "This sets a timer of the system that makes backups", "Go on?")


def confirm_repair(options: Options, terminal: Terminal, planned: RepairResult) -> None:
    """Show what would be repaired, and ask."""
    from sidecar.screen import care_text

    if terminal.can_ask and not options.yes:
        terminal.note("\n".join(care_text.repair_lines(planned)))
    _require_yes(options, terminal, f"This repairs {printable(planned.path)}", "Go on?")


def previewed(options: Options, progress: Progress) -> tuple[ImportPreview, list[Conflict]]:
    """The preview of what was typed, and the conflicts that were chosen one by one. Raises what an import raises."""
    from sidecar.jobs import importing
    from sidecar.jobs.request import SEEN, Request

    request = Request(
        options.places(),
        options.file,
        not options.merge,
        options.allow_loss,
        salvage=options.salvage,
        selection=options.selection(),
        policies=options.policies(),
        numbered_by=options.numbers_of or SEEN,
    )
    return importing.preview_chosen(request, progress)


def _require_yes(options: Options, terminal: Terminal, fact: str, question: str) -> None:
    """Return if the user agrees.

    :raises Cancelled: when the answer is no.
    :raises UsageError: when there is nobody to ask.
    """
    if options.yes:
        return
    if not terminal.can_ask:
        raise UsageError(f"{fact}, and there is no terminal to ask for permission.", "Add --yes if that is meant.")
    if not terminal.ask(f"{fact}. {question}"):
        raise Cancelled()
