"""The commands that write pages; each calls one job and says what was written."""

from __future__ import annotations

from pathlib import Path

from sidecar.cli.arguments import Options
from sidecar.errors.base import Cancelled
from sidecar.screen.terminal import Terminal
from sidecar.screen.text import printable

SAME = 0
DIFFERENT = 1
"""As diff has it: a difference is no failure, yet a script wants to know."""

DONE = 0


def report(options: Options, terminal: Terminal) -> int:
    """``report BACKUP``: write a page about a backup. One that is not valid is no failure: the page tells of it."""
    from sidecar.report.reporting import write_report
    from sidecar.screen import report_text

    places = options.places()
    page = options.page if options.page is not None else _default_page(options)
    force = _agreed(options, terminal, page)
    with terminal.progress() as progress:
        result = write_report(places, options.backup, page, progress, force)
    terminal.answer(result, lambda: report_text.report_lines(result))
    return DONE


def difference_page(options: Options, terminal: Terminal, page: str) -> int:
    """``diff --html PAGE``: write a page about how two states of the data differ."""
    from sidecar.report.differing import COUNT, write_difference
    from sidecar.screen import report_text

    force = _agreed(options, terminal, page)
    count = COUNT if options.count is None else options.count
    with terminal.progress() as progress:
        result = write_difference(
            options.places(), options.left, options.right, page, progress, force, options.start, count
        )
    terminal.answer(result, lambda: report_text.difference_page_lines(result))
    return SAME if result.identical else DIFFERENT


def _default_page(options: Options) -> str:
    from sidecar.comparison.sides import find_side

    return f"{find_side(options.backup, options.places()).stem}.html"


def _agreed(options: Options, terminal: Terminal, page: str) -> bool:
    """Whether a page that is there is to be replaced; where nobody can be asked, the job refuses it.

    Raises NotAPage before anything is asked, PathError, Cancelled when the answer is no.
    """
    from sidecar.report.target import find_target

    if options.force or not terminal.can_ask:
        return options.force
    there = find_target(page, options.places(), force=True).path
    if not Path(there).exists():
        return False
    if not terminal.ask(f"{printable(page)} exists already. Replace it?"):
        raise Cancelled()
    return True
