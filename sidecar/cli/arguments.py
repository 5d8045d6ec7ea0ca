"""What may be typed: commands, options, and the help that documents them.

Does nothing but parse; :mod:`sidecar.cli.commands` acts.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from typing import Any, NoReturn

from sidecar import __version__
from sidecar.cli.automatic_arguments import DECLARE, AutomaticOptions, declare_automatic
from sidecar.cli.backup_arguments import BackupOptions, declare_backups
from sidecar.cli.care import CareOptions, declare_care
from sidecar.cli.comparison_arguments import ComparisonOptions, declare_comparison
from sidecar.cli.selection_arguments import ConflictOptions, SelectionOptions
from sidecar.cli.suggesting import explained
from sidecar.system.paths import DATABASE_VARIABLE, WORK_DIR_VARIABLE, Places, find_places

PROGRAM = "kirapilot-sidecar"

DEMO_TASKS = 2_000
"""Tasks of the demo's sample: enough to be a real load, done in seconds."""

_SUMMARY = "Export, validate and import KiraPilot's data, or serve the app as its sidecar."

_MORE = f"""\
examples:
  {PROGRAM} export kirapilot-backup.kpbackup
  {PROGRAM} help import

exit codes:
  0       done
  1       a difference: of the demo, of diff; find found nothing
  2       the command line is wrong, or a question could not be asked (see --yes)
  10-18   a path cannot be used
  20-29   the backup cannot be used; 25: it is not valid
  30-37   the database cannot be used
  40-44   the work folder, a check of our own or the safety copy failed; 44: nothing to undo
  50-54   the database cannot be backed up, made again or put back
  55      the backup was made of a damaged database: merge it
  56-58   a path cannot be used: too large for its disk, out of reach, write-protected
  59      the program lacks what it needs: start it again
  60      the file holds several backups: choose one
  65      the backup or the data is no longer what was shown: nothing was changed
  66      the database needs what the program does not know: update KiraPilot
  71-79   nothing of the backup is what was chosen, or there is nothing to compare or to settle
  100     numbers of conflicts were given, but not which preview's
  80-83   the policy of automatic backups is wrong, another run is at it, or there is no such backup
  84-87   the system took no timer, or has none that works
  90-93   status: the backups are stale, failing, held, or there are none
  105-107  a partial backup would stand for a whole one, or its name does not say partial
  110-111  a page would take the place of a page, or of another file
  120-124  check: something was found, or the file is damaged; what cannot be repaired or made smaller
  125     what lies beside the database is not its own: move it away
  70      unexpected: please report it
  130     cancelled (Ctrl-C, or "no" to a question): everything is as it was

Without a command, and with its input not a terminal, the program serves.
"""


class UsageError(Exception):
    """What was typed cannot be carried out; the message is a sentence, ``hint`` says what to type instead."""

    kind = "usage"
    exit_code = 2

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Options(BackupOptions, AutomaticOptions, CareOptions, ComparisonOptions, ConflictOptions, SelectionOptions):
    """What was typed, typed. A field is set only where the command has it, but for those given here a value."""

    command: str | None
    rows: int
    folder: str | None
    summary: bool
    topic: str | None = None
    shell: str
    database: str | None = None
    work_dir: str | None = None
    json: bool = False
    quiet: bool = False
    yes: bool = False
    debug: bool = False

    def places(self) -> Places:
        """The database and the work folder that the command works on."""
        return find_places(self.database, self.work_dir)


_A_PART = "Choose one by --list, --type, --id, --text, --since or --until, or leave --untied out."


def parse(arguments: Sequence[str]) -> Options | str:
    """The options typed, or the text that --help or --version asked for.

    :raises UsageError: when the arguments do not make a command.
    """
    shown = io.StringIO()
    parser = make_parser()
    try:
        with redirect_stdout(shown):
            options = parser.parse_args(arguments, Options())
    except SystemExit:
        return shown.getvalue()
    except UsageError as error:
        raise UsageError(explained(str(error), parser.names(), parser.options_for(arguments)), error.hint) from None
    if options.is_untied_alone and not getattr(options, "interactive", False):
        # It would be taken for all of the backup, of which something is removed.
        raise UsageError("--untied says how a part comes without what is above it, and no part is chosen.", _A_PART)
    return options


def make_parser() -> _Parser:
    """The whole command line; every command has a help line, a description and examples."""
    parser = _Parser(prog=PROGRAM, description=_SUMMARY, epilog=_MORE)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    # What many commands take may stand before the command as well.
    _add_database(parser)
    _add_output(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    declare_backups(partial(_command, commands), _add_database_and_output)
    for declare in (
        _demo,
        _serve,
        _licences,
        _completion,
        _help,
    ):
        declare(commands)
    declare_automatic(partial(_command, commands), _commands_of, _add_database_and_output)
    declare_comparison(partial(_command, commands), _add_database_and_output)
    declare_care(partial(_command, commands), _add_database_and_output)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of exiting, keeps examples as they are written, and guesses no option."""

    def __init__(self, prog: str, description: str, epilog: str) -> None:
        keep_lines = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, None, description, epilog, formatter_class=keep_lines, allow_abbrev=False)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """What a command does not know nobody else does: told of here, the hint is of that command's own help."""
        options, beyond = super().parse_known_args(args, namespace)
        if beyond:
            self.error(f"unrecognized arguments: {' '.join(beyond)}")
        return options, beyond

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help shows what can be typed.")

    def commands(self) -> dict[str, _Parser]:
        """The commands and their parsers."""
        return next((dict(one.choices) for one in self._actions if isinstance(one, argparse._SubParsersAction)), {})

    def names(self) -> list[str]:
        """The commands that can be typed."""
        return list(self.commands())

    def options_for(self, arguments: Sequence[str]) -> list[str]:
        """The long options of the command that was typed; those of all where there is none."""
        commands = self.commands()
        typed = [commands[word] for word in arguments if word in commands][:1] or [*commands.values(), self]
        every = [each for one in typed for each in (one, *one.commands().values())]
        return sorted({name for one in every for name in one._option_string_actions if name.startswith("--")})


_Commands = argparse._SubParsersAction  # the only name argparse has for what add_subparsers returns


def _command(commands: _Commands[Any], name: str, summary: str, more: str, examples: Sequence[str]) -> _Parser:
    shown = "\n".join(f"  {PROGRAM} {example}" for example in examples)
    parser: _Parser = commands.add_parser(
        name, help=summary, description=f"{summary}.\n{more}", epilog=f"examples:\n{shown}\n"
    )
    return parser


def _demo(commands: _Commands[_Parser]) -> None:
    parser = _command(
        commands,
        "demo",
        "Prove a round trip on sample data",
        "Makes a sample database, exports it, validates the backup, restores it into\n"
        "a fresh database and compares every value of every row.\nYour own data is not touched.",
        ["demo", "demo --rows 100000", "demo --folder ."],
    )
    parser.add_argument("--rows", type=_positive, metavar="N", default=DEMO_TASKS, help="tasks in it (%(default)s)")
    parser.add_argument("--folder", metavar="DIR", help="make its folder inside DIR (default: the temporary folder)")
    _add_work_dir(parser)
    _add_output(parser)


def _serve(commands: _Commands[_Parser]) -> None:
    parser = _command(
        commands,
        "serve",
        "Answer JSON-RPC on standard input and output",
        "This is what the app starts: one JSON message on each line, until the end of input.",
        ["serve", "serve --database kirapilot.db"],
    )
    _add_database(parser)


def _licences(commands: _Commands[_Parser]) -> None:
    parser = _command(
        commands,
        "licences",
        "Show what this program is made of, and under which licences",
        "The frozen program answers for all that it carries; an installed one, for Python and the\n"
        "packages that it needs.",
        ["licences", "licences --summary", "licences --json"],
    )
    parser.add_argument("--summary", action="store_true", help="names and versions, without the texts")
    _add_output(parser)


def _completion(commands: _Commands[_Parser]) -> None:
    parser = _command(
        commands,
        "completion",
        "Print what lets a shell complete commands and options",
        "Save it where the shell looks: for bash in\n"
        "~/.local/share/bash-completion/completions/kirapilot-sidecar, for zsh as _kirapilot-sidecar in a\n"
        "folder of $fpath, for fish in ~/.config/fish/completions/kirapilot-sidecar.fish.",
        ["completion bash", "completion zsh", "completion fish"],
    )
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def _help(commands: _Commands[_Parser]) -> None:
    parser = _command(commands, "help", "Show what can be typed", "The same as --help.", ["help", "help import"])
    parser.add_argument("topic", metavar="COMMAND", nargs="?", default=None, help="the command to tell about")


def _add_database(parser: argparse.ArgumentParser) -> None:
    place = f"KiraPilot's database (default: ${DATABASE_VARIABLE}, else where the app keeps it)"
    parser.add_argument("--database", metavar="PATH", default=argparse.SUPPRESS, help=place)
    _add_work_dir(parser)


def _add_work_dir(parser: argparse.ArgumentParser) -> None:
    place = f"folder for temporary files (default: ${WORK_DIR_VARIABLE}, else in the user's cache)"
    parser.add_argument("--work-dir", metavar="PATH", default=argparse.SUPPRESS, help=place)


def _commands_of(parser: argparse.ArgumentParser) -> DECLARE:
    """What makes the commands of a command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True, help="what to do")
    return partial(_command, actions)


def _add_database_and_output(parser: argparse.ArgumentParser) -> None:
    _add_database(parser)
    _add_output(parser)


def _add_output(parser: argparse.ArgumentParser) -> None:
    meaning = 'print one JSON object, {"error": ...} included, on standard output; never ask'
    _add_switch(parser, "--json", meaning=meaning)
    _add_switch(parser, "-q", "--quiet", meaning="print nothing but errors and questions; not even warnings")
    _add_switch(parser, "--debug", meaning="show the traceback of an unexpected error")


def _add_switch(parser: argparse.ArgumentParser, *names: str, meaning: str) -> None:
    # Without a default of its own: a command must not take back what was typed before it.
    parser.add_argument(*names, action="store_true", default=argparse.SUPPRESS, help=meaning)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
