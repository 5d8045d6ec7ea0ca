"""The commands: each calls one job and shows its answer; here, and only here, exceptions become exit codes.

With ``--json``, standard output holds exactly one object: the result, or ``{"error": {...}}``, both in the shape that
the wire gives them (protocol/CLI.md). Without it, errors are a sentence and a hint on standard error. What was typed
wrongly is told before there is a job, yet in the same way.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from sidecar.cli.arguments import PROGRAM, Options, UsageError, parse
from sidecar.cli.automatic_commands import AUTOMATIC
from sidecar.cli.care import CARE
from sidecar.cli.comparison_commands import COMPARISON
from sidecar.cli.hints import hint_of
from sidecar.errors.backups import InvalidBackup
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.screen.terminal import Terminal
from sidecar.screen.text import printable
from sidecar.system.os_errors import last_resort
from sidecar.system.signals import Interrupts
from sidecar.wire.unpacked import kept

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
        return _fail(last_resort(error), terminal)


def _run(arguments: Sequence[str], interrupts: Interrupts, terminal: Terminal) -> int:
    options = parse(arguments)
    if isinstance(options, str):
        terminal.say(options)
        return DONE
    if options.command is None:
        terminal.note(str(parse(["--help"])))
        return UsageError.exit_code
    # It may have been typed with others, such as -yq.
    terminal.quiet = options.quiet
    command = COMMANDS[options.command]
    if command is serve:
        # The server has its own way with signals.
        return serve(options, terminal)
    with interrupts, kept():
        return command(options, terminal)


def _fail(error: UsageError | SidecarError, terminal: Terminal) -> int:
    if terminal.as_json:
        with suppress(SidecarError):
            terminal.answer({"error": _error_object(error)}, list)
    else:
        hint = error.hint if isinstance(error, UsageError) else hint_of(error)
        terminal.note(f"{PROGRAM}: {printable(str(error))}" + (f"\nHint: {printable(hint)}" if hint else ""))
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
    from sidecar.cli import piping, questions
    from sidecar.export import exporting
    from sidecar.screen import rendering

    if options.file == piping.OUTPUT:
        piped = piping.export_to_output(options, terminal)
        terminal.remark(rendering.export_lines(piped))
        return DONE
    part = options.part()
    options.file = _file_for(options.file, part is not None)
    agreed, force = options.yes, options.force
    if _exists(options.file):
        agreed, force = questions.confirm_replacement(options, terminal)
    with terminal.progress() as progress:
        result = exporting.export_data(
            options.places(), options.file, progress, None, agreed, force, options.salvage, part
        )
    terminal.answer(result, lambda: rendering.export_lines(result))
    return DONE


def import_(options: Options, terminal: Terminal) -> int:
    """``import FILE``: show what would change and ask, unless nothing is replaced, then restore the backup."""
    from sidecar.cli import questions
    from sidecar.jobs import importing
    from sidecar.screen import rendering

    if options.interactive:
        questions.choose_import(options, terminal)
    token = (
        questions.confirm_import(options, terminal)
        if options.interactive or options.salvage or not options.merge or options.policies().ask
        else None
    )
    with terminal.progress() as progress:
        result = importing.import_data(
            options.places(),
            options.file,
            not options.merge,
            progress,
            allow_loss=options.allow_loss,
            salvage=options.salvage,
            preview_token=token,
            selection=options.selection(),
            on_conflict=options.on_conflict,
            choices=options.choices,
        )
    terminal.answer(result, lambda: rendering.import_lines(result))
    return DONE


def validate(options: Options, terminal: Terminal) -> int:
    """``validate FILE``: check a backup, and against a database that is named; say so in the exit code, too."""
    from sidecar.jobs import importing, validating
    from sidecar.screen import rendering
    from sidecar.sources.folders import files_of
    from sidecar.system.files import open_source

    if options.basic:
        with terminal.progress() as progress:
            metadata = validating.validate_basic(options.places(), options.file, progress)
        if options.database:
            with terminal.progress() as progress:
                importing.preview_import(options.places(), options.file, True, progress)
        terminal.answer(metadata, lambda: rendering.basic_lines(metadata))
        return DONE
    # A file that cannot be read is no judgement on a backup: it ends with a code of its own.
    for file_path in files_of(options.file):
        open_source(file_path).close()
    with terminal.progress() as progress:
        result = validating.validate_comprehensive(options.places(), options.file, progress)
    if options.database:
        with terminal.progress() as progress:
            result = validating.validate_against(options.places(), options.file, progress, result)
    terminal.answer(result, lambda: rendering.validation_lines(result))
    return DONE if result.is_valid else InvalidBackup.code


def preview(options: Options, terminal: Terminal) -> int:
    """``preview FILE``: show what an import would change."""
    from sidecar.cli import questions
    from sidecar.screen import changes, conflict_text

    with terminal.progress() as progress:
        result, chosen = questions.previewed(options, progress)
    terminal.answer(result, lambda: [*conflict_text.chosen_lines(chosen), *changes.preview_lines(result)])
    return DONE


def undo(options: Options, terminal: Terminal) -> int:
    """``undo``: show what would change and ask, then put the newest safety copy back, or the one that is named."""
    from sidecar.cli import questions
    from sidecar.jobs import undoing
    from sidecar.screen import rendering

    only = undoing.find_copy(options.places(), options.to) if options.to else None
    agreed = questions.confirm_undo(options, terminal, only)
    with terminal.progress() as progress:
        result = undoing.undo_last_import(options.places(), progress, agreed=agreed, only=only)
    terminal.answer(result, lambda: rendering.undo_lines(result))
    return DONE


def backups(options: Options, terminal: Terminal) -> int:
    """``backups``: list all backups there are."""
    from sidecar.automatic import shelf
    from sidecar.screen import rendering

    with terminal.progress() as progress:
        result = shelf.list_all(options.places(), progress)
    terminal.answer(result, lambda: rendering.backups_lines(result))
    return DONE


def inspect(options: Options, terminal: Terminal) -> int:
    """``inspect FILE``: show what an archive says of itself."""
    from sidecar.jobs import inspecting
    from sidecar.screen import rendering

    with terminal.progress() as progress:
        result = inspecting.inspect_backup(options.file, progress, options.places())
    terminal.answer(result, lambda: rendering.summary_lines(result))
    return DONE


def demo(options: Options, terminal: Terminal) -> int:
    """``demo``: prove a round trip on sample data."""
    from sidecar.jobs.demo import demo_folder, run_demo
    from sidecar.screen import rendering

    parent = None if options.folder is None else Path(options.folder)
    with demo_folder(parent) as folder:
        result = run_demo(folder, options.places().work_dir, options.rows, terminal.progress)
    terminal.answer(result, lambda: rendering.demo_lines(result))
    return DONE if result.identical else DIFFERENT


def help_(options: Options, terminal: Terminal) -> int:
    """``help [COMMAND]``: what --help shows."""
    terminal.say(str(parse([options.topic, "--help"] if options.topic else ["--help"])))
    return DONE


def serve(options: Options, _terminal: Terminal) -> int:
    """``serve``: answer JSON-RPC on standard input and output until it ends."""
    from sidecar.wire.server import serve as answer_requests

    return answer_requests(options.database, options.work_dir)


def licences(options: Options, terminal: Terminal) -> int:
    """``licences``: show what the program is made of."""
    from sidecar.description.licences import find_licences
    from sidecar.screen import rendering

    result = find_licences(with_texts=not options.summary)
    terminal.answer(result, lambda: rendering.licences_lines(result))
    return DONE


def completion(options: Options, terminal: Terminal) -> int:
    """``completion SHELL``: a script for a shell."""
    from sidecar.cli.arguments import make_parser
    from sidecar.description.completion import completion_script

    terminal.say(completion_script(make_parser(), options.shell))
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
    "help": help_,
    "completion": completion,
    "licences": licences,
    **AUTOMATIC,
    **COMPARISON,
    **CARE,
}


def _file_for(file: str | None, is_part: bool) -> str:
    """The file to write; of a part of the data one with a name of its own, where none, or a folder, was typed."""
    from sidecar.export.partial import default_name, require_name

    if is_part and (file is None or (file and Path(file).is_dir())):
        return str(Path(file or ".") / default_name(date.today()))
    if is_part and file:
        # Before anything is asked about the file.
        require_name(Path(file))
    if file is None:
        where = f"{PROGRAM} export --help shows what can be typed."
        raise UsageError("the following arguments are required: FILE", where)
    return file


def _exists(file: str) -> bool:
    """True if there is a file that an export would replace; any other path is for the export to judge."""
    try:
        return Path(file).is_file()
    except OSError:
        return False
