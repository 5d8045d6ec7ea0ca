"""The commands: each calls one job and shows its answer; here, and only here, exceptions become exit codes.

With ``--json``, standard output holds exactly one object: the result, or ``{"error": {...}}``, both in the shape that
the wire gives them (protocol/CLI.md). Without it, errors are a sentence and a hint on standard error. What was typed
wrongly is told before there is a job, yet in the same way.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.cli.arguments import PROGRAM, Options, UsageError, parse
from sidecar.cli.terminal import Terminal
from sidecar.cli.text import printable
from sidecar.errors import Cancelled, InternalError, InvalidBackup, SidecarError
from sidecar.system.signals import Interrupts

if TYPE_CHECKING:
    # Importing them would load every job for the sake of one command.
    from sidecar.progress import Progress
    from sidecar.results import ImportPreview

DONE = 0
DIFFERENT = 1


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code; raises nothing."""
    interrupts = Interrupts()
    terminal = Terminal(interrupts, as_json="--json" in arguments, quiet="--quiet" in arguments or "-q" in arguments)
    try:
        return _run(arguments, interrupts, terminal)
    except (UsageError, SidecarError) as error:
        return _fail(error, terminal)
    except KeyboardInterrupt:
        return _fail(Cancelled(), terminal)
    except Exception as error:  # noqa: BLE001 -- the last boundary: whatever it is, the user gets a sentence
        # Its text may hold the user's data: that is for who asked for it.
        if "--debug" in arguments:
            terminal.note(traceback.format_exc())
        return _fail(InternalError(detail=type(error).__name__), terminal)


def _run(arguments: Sequence[str], interrupts: Interrupts, terminal: Terminal) -> int:
    options = parse(arguments)
    if isinstance(options, str):
        terminal.say(options)
        return DONE
    if options.command is None:
        terminal.note(str(parse(["--help"])))
        return UsageError.exit_code
    command = COMMANDS[options.command]
    if command is serve:
        # The server has its own way with signals.
        return serve(options, terminal)
    with interrupts:
        return command(options, terminal)


def _fail(error: UsageError | SidecarError, terminal: Terminal) -> int:
    if terminal.as_json:
        with suppress(SidecarError):
            terminal.answer({"error": _error_object(error)}, list)
    else:
        terminal.note(f"{PROGRAM}: {printable(str(error))}\nHint: {printable(error.hint)}")
    return error.exit_code


def _error_object(error: UsageError | SidecarError) -> dict[str, object]:
    """The error member of a response on the wire; the members of its data stand beside it as well."""
    if isinstance(error, UsageError):
        code = error.exit_code
        data: dict[str, object] = {"kind": error.kind, "hint": error.hint}
    else:
        code, data = error.code, error.data()
    return {"code": code, "message": str(error), "data": data, **data}


def export(options: Options, terminal: Terminal) -> int:
    """``export FILE``: ask before an existing file is replaced, then write the backup."""
    from sidecar.cli import rendering
    from sidecar.jobs import exporting

    agreed, force = options.yes, options.force
    if _exists(options.file):
        agreed, force = _confirm_replacement(options, terminal)
    with terminal.progress() as progress:
        result = exporting.export_data(options.places(), options.file, progress, overwrite_shrunk=agreed, force=force)
    terminal.answer(result, lambda: rendering.export_lines(result))
    return DONE


def import_(options: Options, terminal: Terminal) -> int:
    """``import FILE``: show what would change and ask, unless nothing is replaced, then restore the backup."""
    from sidecar.cli import rendering
    from sidecar.jobs import importing

    token = _confirm_import(options, terminal) if options.salvage or not options.merge else None
    with terminal.progress() as progress:
        result = importing.import_data(
            options.places(),
            options.file,
            not options.merge,
            progress,
            allow_loss=options.allow_loss,
            salvage=options.salvage,
            preview_token=token,
        )
    terminal.answer(result, lambda: rendering.import_lines(result))
    return DONE


def validate(options: Options, terminal: Terminal) -> int:
    """``validate FILE``: check a backup, and say so in the exit code, too."""
    from sidecar.cli import rendering
    from sidecar.jobs import validating

    if options.basic:
        with terminal.progress() as progress:
            metadata = validating.validate_basic(options.places(), options.file, progress)
        terminal.answer(metadata, lambda: rendering.basic_lines(metadata))
        return DONE
    with terminal.progress() as progress:
        result = validating.validate_comprehensive(options.places(), options.file, progress)
    terminal.answer(result, lambda: rendering.validation_lines(result))
    return DONE if result.is_valid else InvalidBackup.code


def preview(options: Options, terminal: Terminal) -> int:
    """``preview FILE``: show what an import would change."""
    from sidecar.cli import rendering

    with terminal.progress() as progress:
        result = _previewed(options, progress)
    terminal.answer(result, lambda: rendering.preview_lines(result))
    return DONE


def undo(options: Options, terminal: Terminal) -> int:
    """``undo``: show what would change and ask, then put the newest safety copy back."""
    from sidecar.cli import rendering
    from sidecar.jobs import undoing

    places = options.places()
    agreed = None
    if terminal.can_ask and not options.yes:
        with terminal.progress() as progress:
            path, expected = undoing.preview_undo(places, progress)
        agreed = path, expected.token
        terminal.note("\n".join(rendering.undo_preview_lines(path, expected)) + "\n")
    _require_yes(options, terminal, f"This replaces the data in {printable(str(places.database))}", "Go on?")
    with terminal.progress() as progress:
        result = undoing.undo_last_import(places, progress, agreed=agreed)
    terminal.answer(result, lambda: rendering.undo_lines(result))
    return DONE


def backups(options: Options, terminal: Terminal) -> int:
    """``backups``: list the safety copies."""
    from sidecar.cli import rendering
    from sidecar.jobs import listing

    with terminal.progress() as progress:
        result = listing.list_backups(options.places(), progress)
    terminal.answer(result, lambda: rendering.backups_lines(result))
    return DONE


def inspect(options: Options, terminal: Terminal) -> int:
    """``inspect FILE``: show what an archive says of itself."""
    from sidecar.cli import rendering
    from sidecar.jobs import inspecting

    with terminal.progress() as progress:
        result = inspecting.inspect_backup(options.file, progress)
    terminal.answer(result, lambda: rendering.summary_lines(result))
    return DONE


def demo(options: Options, terminal: Terminal) -> int:
    """``demo``: prove a round trip on sample data."""
    from sidecar.cli import rendering
    from sidecar.jobs.demo import demo_folder, run_demo

    parent = None if options.folder is None else Path(options.folder)
    with demo_folder(parent) as folder:
        result = run_demo(folder, options.places().work_dir, options.rows, terminal.progress)
    terminal.answer(result, lambda: rendering.demo_lines(result))
    return DONE if result.identical else DIFFERENT


def serve(options: Options, _terminal: Terminal) -> int:
    """``serve``: answer JSON-RPC on standard input and output until it ends."""
    from sidecar.wire.server import serve as answer_requests

    return answer_requests(options.database, options.work_dir)


def licences(options: Options, terminal: Terminal) -> int:
    """``licences``: show what the program is made of."""
    from sidecar.cli import rendering
    from sidecar.system.licences import find_licences

    result = find_licences(with_texts=not options.summary)
    terminal.answer(result, lambda: rendering.licences_lines(result))
    return DONE


COMMANDS: dict[str, Callable[[Options, Terminal], int]] = {
    "export": export,
    "import": import_,
    "validate": validate,
    "preview": preview,
    "undo": undo,
    "backups": backups,
    "inspect": inspect,
    "demo": demo,
    "serve": serve,
    "licences": licences,
}


def _confirm_replacement(options: Options, terminal: Terminal) -> tuple[bool, bool]:
    """Ask before a file is replaced; answers whether the user also agrees to a backup that holds far less, and to
    the end of one that is write-protected: --yes alone does not agree to that."""
    from sidecar.jobs import shrinking
    from sidecar.system.permissions import is_write_protected

    protected = is_write_protected(Path(options.file))
    fact = f"{printable(options.file)} exists already{', and is write-protected' if protected else ''}"
    if options.yes or not terminal.can_ask:
        _require_yes(options, terminal, fact, "Replace it?")
        return True, options.force
    with terminal.progress() as progress:
        shrunk = shrinking.foresee(options.places(), options.file, progress)
    _require_yes(options, terminal, f"{fact}. This backup would hold {shrunk}" if shrunk else fact, "Replace it?")
    return bool(shrunk), protected or options.force


def _confirm_import(options: Options, terminal: Terminal) -> str | None:
    """Show the preview on standard error, as part of the question: standard output is for the answer.

    Answers the token of what was shown and agreed to; None where nothing was.
    """
    token = None
    database = printable(str(options.places().database))
    if terminal.can_ask and not options.yes:
        from sidecar.cli import rendering

        with terminal.progress() as progress:
            expected = _previewed(options, progress)
        token = expected.token
        terminal.note("\n".join(rendering.preview_lines(expected)) + "\n")
    if options.salvage:
        fact = f"This brings what can be proved of a damaged backup into {database}"
    else:
        fact = f"This replaces the data in {database}"
    _require_yes(options, terminal, fact, "Go on?")
    return token


def _previewed(options: Options, progress: Progress) -> ImportPreview:
    from sidecar.jobs import importing

    return importing.preview_import(
        options.places(),
        options.file,
        not options.merge,
        progress,
        allow_loss=options.allow_loss,
        salvage=options.salvage,
    )


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


def _exists(file: str) -> bool:
    """True if there is a file that an export would replace; any other path is for the export to judge."""
    try:
        return Path(file).is_file()
    except OSError:
        return False
