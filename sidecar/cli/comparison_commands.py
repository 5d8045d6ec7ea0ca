"""The commands that look into backups and hold them against each other; each calls one job and shows its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sidecar.cli.arguments import Options
from sidecar.cli.report_commands import DIFFERENT, SAME, difference_page, report
from sidecar.screen.terminal import Terminal


def diff(options: Options, terminal: Terminal) -> int:
    """``diff LEFT RIGHT``: how two states of the data differ."""
    if options.page is not None:
        return difference_page(options, terminal, options.page)
    from sidecar.comparison.difference import COUNT, compare_backups
    from sidecar.screen import comparison_text

    count = COUNT if options.count is None else options.count
    with terminal.progress() as progress:
        result = compare_backups(options.places(), options.left, options.right, progress, options.start, count)
    terminal.answer(result, lambda: comparison_text.difference_lines(result))
    return SAME if result.identical else DIFFERENT


def conflicts(options: Options, terminal: Terminal) -> int:
    """``conflicts FILE``: the rows that a merge would have to choose between."""
    from sidecar.jobs.conflicts import COUNT, list_conflicts
    from sidecar.jobs.request import SEEN, Request
    from sidecar.screen import conflict_text

    request = Request(
        options.places(),
        options.file,
        overwrite=False,
        allow_loss=options.allow_loss,
        salvage=options.salvage,
        selection=options.selection(),
        policies=options.policies(),
        numbered_by=options.numbers_of or SEEN,
    )
    with terminal.progress() as progress:
        result = list_conflicts(request, progress, options.first, options.count or COUNT)
    terminal.answer(result, lambda: conflict_text.conflict_lines(result))
    return SAME


def find(options: Options, terminal: Terminal) -> int:
    """``find TEXT``: in which backups a task stands."""
    from sidecar.comparison.history import find_in_backups
    from sidecar.screen import comparison_text

    with terminal.progress() as progress:
        result = find_in_backups(options.places(), options.query, progress, options.task_id, options.everywhere)
    terminal.answer(result, lambda: comparison_text.found_lines(result))
    return SAME if result.tasks or result.others else DIFFERENT


COMPARISON: Mapping[str, Callable[[Options, Terminal], int]] = {
    "diff": diff,
    "conflicts": conflicts,
    "find": find,
    "report": report,
}
