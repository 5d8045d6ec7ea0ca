"""The page about a backup: what it holds, where it comes from, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

from sidecar.archive.settings import read_settings, restore_settings
from sidecar.comparison.sides import archived, find_side
from sidecar.database.connection import is_database_file
from sidecar.errors.backups import BackupError
from sidecar.progress import Progress
from sidecar.report import charts, contents, wording
from sidecar.report.answers import ReportPage
from sidecar.report.contents import Lists
from sidecar.report.drawing import pieces
from sidecar.report.provenance import Facts, facts_of_backup, facts_of_database, facts_of_file
from sidecar.report.target import find_target
from sidecar.report.times import WEEKS, Times, add_times, times
from sidecar.sources.opening import ARCHIVE, Opened
from sidecar.stage.judged import BROKEN, Judged, judged
from sidecar.stage.problems import ERROR, WARNING, Problems
from sidecar.system.paths import Places

PHASES = {"stage": 0.7, "check": 0.15, "write": 0.15}

PROBLEMS = 200
"""Most problems of each severity that are listed."""

T = TypeVar("T")


def write_report(places: Places, backup: str, target: str, progress: Progress, force: bool = False) -> ReportPage:
    """Write a page about a backup, whatever is wrong with it: of one that cannot be read it says why.

    :param backup: a backup's path, its number in the list, a safety copy's name, or "now" for the database.
    :param force: whether a page that is there is replaced.
    Raises PageExists, NotAPage and the other PathErrors for the target; FileNotFound, NotABackup and SeveralBackups
    for what is no backup at all, DatabaseError, NoSuchBackup, WorkFolderUnusable, DiskFull, Cancelled.
    """
    progress.plan(PHASES)
    path = find_side(backup, places)
    page = find_target(target, places, force)
    is_now = is_database_file(path, places.database)
    with ExitStack() as stack:
        # What is known to be something else than a backup is refused here.
        given = stack.enter_context(archived(path, places, progress))
        facts = facts_of_database(path) if is_now else facts_of_file(path, places, progress)
        try:
            judgement = stack.enter_context(judged(given.path, places.work_dir, progress))
            facts += facts_of_backup(given, places, progress)
        except BackupError as error:
            about = _unreadable(error, facts)
        else:
            about = _about(judgement, given, facts, progress)
        name = str(places.database) if is_now else path.name
        drawn = pieces("report.html", name=name, is_now=is_now, origin=_origin(facts), **about)
        size = page.write(drawn, places, progress)
    return ReportPage(
        path=str(page.path),
        size=size,
        cut=about["cut"],
        is_valid=not about["errors"],
        error_count=about["errors"],
        warning_count=about["warnings"],
    )


def _origin(facts: Facts) -> str:
    """The facts that everybody looks for, in a line for the head of the page."""
    known = dict(facts)
    made = [f"{word} {known[name]}" for name, word in (("Made", "made"), ("Made by", "by")) if name in known]
    line = ", ".join([*([" ".join(made)] if made else ()), *([known["Size"]] if "Size" in known else ())])
    return line[:1].upper() + line[1:]


def _unreadable(error: BackupError, facts: Facts) -> dict[str, Any]:
    problems = Problems()
    problems.error(error.kind, error.message)
    return {**_verdict(problems), "facts": facts, "is_partial": False, "held": None, "cut": []}


def _about(backup: Judged, given: Opened, facts: Facts, progress: Progress) -> dict[str, Any]:
    """All that the page shows; rows are read only when they are drawn."""
    stage = backup.stage
    backup.remark(given.remarks)
    for line in restore_settings(backup.contents.settings, read_settings(None)).warnings:
        backup.problems.warning("setting_left_out", line)
    with progress.watching(stage.connection):
        contents.prepare(stage)
        lists = contents.lists(stage)
        spent = times(stage, backup.contents.metadata.created_at)
        add_times(stage, lists)
    rows = {table.name: table.rows for table in stage.tables.values()}
    shown = sum(each.shown for each in lists.shown)
    progress.phase("write", shown, "tasks", "Writing the page")
    return {
        **_verdict(backup.problems),
        "facts": [*facts, *_proof(backup, given)],
        "limits": _limits(),
        "is_partial": backup.contents.part is not None,
        "held": contents.counts(stage),
        "rows": rows,
        "lists": lists,
        "statuses": wording.STATUSES,
        "status_chart": _status_chart(lists),
        "spent": spent,
        "week_chart": _week_chart(spent),
        "list_chart": _list_chart(lists),
        "tasks_of": _counted(lambda each: contents.tasks_of(stage, each), progress),
        "dependencies": contents.dependencies(stage),
        "threads": contents.threads(stage),
        "messages_of": lambda thread: contents.messages_of(stage, thread),
        "interactions": contents.interactions(stage),
        "cut": list(_cut(lists, spent, rows, shown)),
    }


def _verdict(problems: Problems) -> dict[str, Any]:
    kept = problems.kept()
    listed = {
        severity: [problem for problem in kept if problem.severity == severity][:PROBLEMS]
        for severity in (ERROR, WARNING)
    }
    return {
        "errors": problems.count(ERROR),
        "warnings": problems.count(WARNING),
        "problems": listed,
    }


def _counted(rows: Callable[[T], Iterable[Any]], progress: Progress) -> Callable[[T], Iterator[Any]]:
    """The same rows, each a point at which the job reports and can be cancelled."""

    def counted(of: T) -> Iterator[Any]:
        for row in rows(of):
            progress.advance(1)
            yield row

    return counted


def _status_chart(lists: Lists) -> charts.Rows:
    return charts.rows(
        [each.name for each in lists.shown],
        [[(status or "other", count) for status, count in each.by_status.items()] for each in lists.shown],
        [wording.number(each.tasks) for each in lists.shown],
    )


def _list_chart(lists: Lists) -> charts.Rows:
    spent = [each for each in lists.shown if each.seconds]
    return charts.rows(
        [each.name for each in spent],
        [[("time", each.seconds)] for each in spent],
        [wording.hours(each.seconds) for each in spent],
    )


def _week_chart(spent: Times) -> charts.Columns:
    return charts.columns(
        [seconds / 3600 for _, seconds in spent.weeks],
        [wording.week(monday) for monday, _ in spent.weeks],
        [wording.hours(seconds) for _, seconds in spent.weeks],
    )


def _limits() -> dict[str, int]:
    """Table -> most of its rows on a page."""
    return {
        "task_dependencies": contents.DEPENDENCIES,
        "threads": contents.THREADS,
        "ai_interactions": contents.INTERACTIONS,
    }


def _proof(backup: Judged, given: Opened) -> Facts:
    """That every byte was read just now, and held against what; nothing of what is no archive, or is not whole."""
    if given.form != ARCHIVE or backup.problems.of_kinds(BROKEN):
        return []
    against = "what was written, by its SHA-256" if backup.contents.manifest else "each other, for it has no manifest"
    return [("Proved", f"for this page: every entry was read, and held against {against}")]


def _cut(lists: Lists, spent: Times, rows: dict[str, int], shown: int) -> Iterator[str]:
    """What is in the backup and not on the page, in sentences."""
    if lists.more:
        tasks = wording.plural(lists.more_tasks, "task")
        yield f"{wording.plural(lists.more, 'more task list')} with {tasks}: the {contents.LISTS} largest are shown."
    if shown < lists.tasks:
        left_out = f"{lists.tasks - shown:,} of {wording.plural(lists.tasks, 'task')}"
        yield f"{left_out}: of each list those that are open are shown first."
    if spent.before:
        yield f"{wording.hours(spent.before)} of work before the last {WEEKS} weeks: they are in the sums."
    for table, most in _limits().items():
        if rows[table] > most:
            of = wording.plural(rows[table], "row")
            yield f"{rows[table] - most:,} of {of} of {wording.table(table)}."
