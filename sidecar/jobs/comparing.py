"""What an import and its preview share: archive -> stage -> check -> plan, with the live database beside."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from sidecar.archive.settings import DeviceSettings, RestoredSettings, any_in, read_settings, restore_settings
from sidecar.archive.timestamps import order_within
from sidecar.database.connection import (
    database_errors,
    is_database_file,
    live_schema,
    open_for_import,
    writing_only_below,
)
from sidecar.database.introspection import Schema, ask_for_orders
from sidecar.errors.backups import NotWhole, PartialBackup
from sidecar.errors.base import SidecarError, reassuring
from sidecar.errors.databases import DatabaseBusy
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.errors.paths import SameFile
from sidecar.export.exporting import export_data
from sidecar.jobs.disk_space import require_room
from sidecar.jobs.request import Request
from sidecar.jobs.rescuing import Rebuilding, Unfit
from sidecar.merging.answers import Conflict
from sidecar.merging.conflicts import Conflicts
from sidecar.merging.pages import Row, page
from sidecar.merging.twins import Twins
from sidecar.progress import Progress
from sidecar.rescue.checking_beside import CheckBeside, Copy, Unsound
from sidecar.rescue.diagnosis import Wreck, diagnose
from sidecar.restore.applying import data_version
from sidecar.restore.plan import Plan
from sidecar.restore.preview_token import (
    FileState,
    database_state,
    make_token,
    read_state,
    require_same,
    require_same_numbers,
    require_unchanged,
)
from sidecar.restore.refused_rows import leave_out_refused
from sidecar.restore.running_timers import find_stopped, fit_timers
from sidecar.restore.target_rules import Fitted, fit_to_target
from sidecar.restore.trial import is_familiar, try_out
from sidecar.restore.triggers import remark_on
from sidecar.results import PROBLEMS_SHOWN, ImportPreview, Rescue, SalvageReport, SelectedTable
from sidecar.salvage.salvaging import Salvaged, nothing_in_it, offering_salvage, salvaged
from sidecar.selection.closure import select, wanted_by
from sidecar.selection.remarks import speak_of_selection
from sidecar.sources.folders import files_of
from sidecar.sources.opening import opened
from sidecar.stage.judged import Judged, encoding_of, judged
from sidecar.stage.problems import KEPT_TO_CHOOSE, WARNING
from sidecar.stage.references import LISTS_NOT_CARRIED
from sidecar.system.workfolder import attach, new_file

_Answer = TypeVar("_Answer")

TRIES = 3
"""Times that the app may write in between: an app that writes all the while outdates each plan and safety copy."""

ASSUMED_ENCODING = "UTF-8"
"""What a database that is busy is taken to be in until it can be asked: the app's own are."""


@dataclass
class Target:
    """The live database with a judged backup beside it, and the difference between the two.

    ``version`` is that of the database when the difference was worked out, which took ``seconds``; ``token`` says
    what the difference is, where a preview answers it or an import is held to it. Where the live one is broken,
    ``rebuilding`` makes the one that ``connection`` is open on.
    """

    connection: sqlite3.Connection
    request: Request
    backup: Judged
    plan: Plan
    version: int
    rebuilding: Rebuilding | None = None
    seconds: float = 0.0
    token: str = ""
    selected: dict[str, SelectedTable] | None = None
    shown: list[Conflict] = field(default_factory=list)

    def work_out(self, progress: Progress) -> None:
        begun = time.monotonic()
        self.version = data_version(self.connection)
        self.plan.work_out(self.connection, progress)
        self.seconds = time.monotonic() - begun

    def work_out_again(self, progress: Progress) -> None:
        """The same after the app wrote. Raises DatabaseBusy if what the stage was fitted to is no more."""
        if self.request.preview_token is not None:
            raise ChangedSincePreview(detail="KiraPilot's data has changed")
        if isinstance(self.backup, Salvaged) or self.selected is not None:
            # What a salvage or a selection took may refer to rows of the database, as they were.
            raise DatabaseBusy(path=self.request.places.database, detail="It was written to just now.")
        self.plan.fitted.require_same_target(self.connection)
        self._settle_again(progress)
        self.work_out(progress)

    def _settle_again(self, progress: Progress) -> None:
        if self.request.policies.doubles:
            # Rows of the stage have other ids by now, and refer to each other by these.
            raise DatabaseBusy(path=self.request.places.database, detail="It was written to just now.")
        if self.plan.conflicts is not None:
            self.plan.conflicts.settle(self.connection, progress)

    def try_out(self, progress: Progress) -> None:
        """Find out by a trial what only the transaction would meet. Raises what the import would raise."""
        database = self.rebuilding.path if self.rebuilding else self.request.places.database
        for _ in range(TRIES):
            try:
                try_out(self.plan, database, progress.quietly(), self.request.verbatim)
            except SidecarError:
                if self.version == data_version(self.connection):
                    raise
                # The app wrote in between: the difference was of another moment.
                self._settle_again(progress)
                self.work_out(progress)
            else:
                return

    def catch_up(self, progress: Progress) -> None:
        """Work out again, outside of a transaction, what the app has outdated."""
        if self.version != data_version(self.connection):
            with self.writing(progress):
                self.work_out_again(progress)

    @contextmanager
    def writing(self, progress: Progress) -> Iterator[None]:
        """Within, only throw-away databases are written, by statements that report and can be cancelled."""
        with writing_only_below(self.backup.stage.path.parent.parent), progress.watching(self.connection):
            yield

    def preview(self) -> ImportPreview:
        return ImportPreview(
            **msgspec.structs.asdict(self.backup.contents.metadata),
            overwrite=self.request.overwrite,
            tables=self.plan.accounts,
            examples={name: self.plan.examples(self.connection, name) for name in self.plan.accounts},
            warnings=[*self.warnings(), *self.restored(read_settings(None)).warnings],
            salvage=self.report(),
            token=self.token,
            rescue=self.rescue(),
            selected=self.selected,
            partial=self.backup.contents.part,
            conflicts=self.plan.conflicts.total if self.plan.conflicts else 0,
        )

    def restored(self, device: DeviceSettings) -> RestoredSettings:
        """The settings that come back: of a part of the backup none, unless they were asked for as a type of data."""
        selection = self.request.selection
        if selection is not None and not selection.has_settings:
            return RestoredSettings(None, (), differ=False)
        return restore_settings(self.backup.contents.settings, device)

    def rows(self) -> int:
        """Rows of the backup."""
        return sum(table.rows for table in self.backup.stage.tables.values())

    def warnings(self) -> list[str]:
        salvaged = self.backup.salvage.warnings() if isinstance(self.backup, Salvaged) else []
        rescued = self.rebuilding.warnings() if self.rebuilding else []
        found = self.backup.problems.lines(WARNING, without=LISTS_NOT_CARRIED)
        settled = self.plan.conflicts.remarks() if self.plan.conflicts else ()
        not_run = remark_on(self.plan.not_run)
        return [*rescued, *salvaged, *found, *self.plan.fitted.warnings, *settled, *not_run]

    def rescue(self) -> Rescue | None:
        return self.rebuilding.report() if self.rebuilding else None

    def report(self) -> SalvageReport | None:
        return self.backup.salvage.report(self.backup.stage) if isinstance(self.backup, Salvaged) else None


def fitting(request: Request, job: Callable[[Request], _Answer]) -> _Answer:
    """Do a job; over a broken database once more where a schema that the code does not know refuses the backup."""
    try:
        return job(request)
    except Unfit:
        return job(replace(request, believing=False))


@contextmanager
def compared(request: Request, progress: Progress, copy: Copy | None = None) -> Iterator[Target]:
    """A backup, read and judged, beside the database that it would change.

    :param copy: of the database, which may be made while the backup is read.
    """
    with ExitStack() as stack:
        try:
            target = stack.enter_context(_compared(request, progress, CheckBeside(stack, copy=copy)))
        except Unsound:
            # What it is comes first then: a wreck's backup is read and judged in other ways.
            target = stack.enter_context(_compared(request, progress, CheckBeside(stack, at_once=True)))
        yield target


@contextmanager
def _compared(request: Request, progress: Progress, beside: CheckBeside) -> Iterator[Target]:
    database = request.places.database
    request.require_sense()
    if request.file_path and is_database_file(Path(request.file_path), database):
        raise SameFile(path=request.file_path)
    with reassuring("Nothing was changed: "):
        # A database that cannot be used is told of at once, not after a minute of reading.
        found = _diagnosed(request, progress, beside)
    with ExitStack() as stack:
        with beside.settled():
            backup, state = _read(stack, request, found, progress)
        with (
            reassuring(f"Nothing was changed{'' if request.salvage else ' and the backup is fine'}: "),
            _standing_in(found, request, backup, progress.quietly()) as rebuilding,
            database_errors(database),
            closing(open_for_import(rebuilding.path if rebuilding else database)) as connection,
        ):
            if request.verbatim:
                # What was in the database goes back into it, whether or not it keeps to the CHECKs of its table.
                connection.execute("PRAGMA ignore_check_constraints = ON")
            if found is None and diagnose(database, request.places.work_dir, progress) != ASSUMED_ENCODING:
                raise DatabaseBusy(path=database, detail="It has only just become free.")
            target = _compare(connection, request, backup, progress, state, rebuilding)
            if rebuilding is None:
                require_room(connection, database, target.plan)
            yield target


def _read(
    stack: ExitStack, request: Request, found: Wreck | str | None, progress: Progress
) -> tuple[Judged, FileState | None]:
    """The backup, read and judged, and what its file was before, where that is to be told of or held to."""
    work_dir = request.places.work_dir
    shown = request.preview or request.preview_token is not None
    state = read_state(files_of(request.file_path), progress) if shown else None
    kept = KEPT_TO_CHOOSE if request.selection is not None else PROBLEMS_SHOWN
    judging = salvaged if request.salvage else partial(judged, kept=kept, wanted=wanted_by(request.selection))
    with nothing_in_it(asked=request.salvage):
        given = stack.enter_context(opened(request.file_path, request.places, export_data, progress))
    # Salvage is for damage: what the database refuses of a whole backup, it would refuse of a salvaged one.
    with offering_salvage(given.path, work_dir, progress, asked=request.salvage):
        backup = stack.enter_context(judging(given.path, work_dir, progress, _encoding(found, given.path)))
        backup.remark(given.remarks)
        if request.verbatim:
            backup.require_whole()
            if backup.contents.part is not None:
                raise NotWhole(path=request.file_path, detail=backup.contents.part)
        else:
            backup.require_valid()
            _require_complete(backup, request, found)
    backup.stage.close()
    if state is not None:
        require_unchanged(files_of(request.file_path), state)
    return backup, state


def _require_complete(backup: Judged, request: Request, found: Wreck | str | None) -> None:
    """Raise PartialBackup where rows would be removed because a damaged database no longer told of them."""
    remarks = backup.contents.manifest.remarks if backup.contents.manifest else []
    if request.salvage:
        backup.remark(remarks)
    elif remarks and request.overwrite and request.selection is None and not isinstance(found, Wreck):
        raise PartialBackup(detail=remarks[0])


def _diagnosed(request: Request, progress: Progress, beside: CheckBeside) -> Wreck | str | None:
    """The wreck that the database is, or the encoding of a sound one; None while it is busy: whether the backup is
    fine is then found out first, and said. Raises what is the matter with a wreck that nothing may take the place of.
    """
    try:
        found = diagnose(request.places.database, request.places.work_dir, progress, beside.require_sound)
    except DatabaseBusy:
        return None
    if isinstance(found, Wreck) and (not request.overwrite or request.selection is not None):
        raise found.error
    return found


@contextmanager
def _standing_in(
    found: Wreck | str | None, request: Request, backup: Judged, progress: Progress
) -> Iterator[Rebuilding | None]:
    """A database in the place of a broken one, to be filled; None where there is a sound one."""
    if not isinstance(found, Wreck):
        yield None
        return
    rebuilding = Rebuilding(found, request.places, backup, progress, request.believing)
    with rebuilding.errors():
        yield rebuilding


def _encoding(found: Wreck | str | None, archive: str) -> str:
    if isinstance(found, Wreck):
        # In the place of a wreck, a database like the one that the backup is of.
        return encoding_of(archive)
    return ASSUMED_ENCODING if found is None else found


def _compare(
    connection: sqlite3.Connection,
    request: Request,
    backup: Judged,
    progress: Progress,
    state: FileState | None,
    rebuilding: Rebuilding | None,
) -> Target:
    live = live_schema(connection, request.places.database, progress)
    if rebuilding is None and not request.verbatim:
        # Else its safety copy could not be compared with it, and no undo bring that back.
        ask_for_orders(connection, live)
    # The more of what changes is held in memory, the later SQLite keeps the app from reading: at best at the commit.
    connection.execute("PRAGMA main.cache_size = -49152")
    attach(connection, "stage", backup.stage.path)
    # A database of its own: in the stage, any name of a table could be the archive's.
    attach(connection, "plan", new_file(backup.stage.path.parent, "plan.db"))
    # Up to here and on to the transaction, only throw-away databases are written.
    with writing_only_below(backup.stage.path.parent.parent), progress.watching(connection):
        version = data_version(connection)
        data = _state_of(connection, request, rebuilding) if state is not None else ""
        (encoding,) = connection.execute("PRAGMA main.encoding").fetchone()
        connection.create_function("order_of", 1, order_within(encoding), deterministic=True)
        plan, chosen = _fit(connection, request, backup, live, progress)
        target = Target(connection, request, backup, plan, version, rebuilding, selected=chosen)
        rows = _settle(target, progress)
        if not request.verbatim:
            fit_timers(connection, backup, live, request.overwrite, plan.fitted, plan.conflicts)
        target.work_out(progress)
        # The fitting looked at the database before the plan did.
        target.version = version
        if request.preview and not is_familiar(connection, plan):
            target.try_out(progress)
        target.shown = [plan.outcome(connection, row, conflict) for row, conflict in rows]
    if state is not None:
        numbers = plan.conflicts.digest(connection) if plan.conflicts else ""
        target.token = make_token(state, request.kind(), data, plan, numbers)
    if request.numbered_by:
        require_same_numbers(request.numbered_by, target.token)
    if request.preview_token is not None:
        require_same(request.preview_token, target.token)
    if plan.conflicts is not None:
        # Last: of a preview that is outdated, the numbers are no matter.
        plan.conflicts.policies.require_numbers(plan.conflicts.total)
    return target


def _fit(
    connection: sqlite3.Connection, request: Request, backup: Judged, live: Schema, progress: Progress
) -> tuple[Plan, dict[str, SelectedTable] | None]:
    """Make the stage what is to be imported; answers the plan to be worked out, and how many rows were selected."""
    fitted = Fitted()
    if isinstance(backup, Salvaged):
        leave_out_refused(connection, backup, live)
        fitted = Fitted(salvaged=backup.salvage.left_out, hedged=backup.salvage.hedged)
    chosen = None
    if request.selection is not None:
        has_settings = any_in(backup.contents.settings)
        chosen = select(connection, backup.stage, live, request.selection, progress, has_settings, request.keeps_all)
        speak_of_selection(connection, backup.stage, backup.problems)
    fitted.adding = request.selection is not None or backup.contents.part is not None
    fit_to_target(connection, backup.stage, live, request.overwrite, request.allow_loss, request.verbatim, fitted)
    plan = Plan(request.overwrite, live, backup.stage, fitted, verbatim=request.verbatim)
    return plan, chosen


def _settle(target: Target, progress: Progress) -> list[Row]:
    """Number and settle the conflicts of a merge; answers those that are to be shown, as both sides have them."""
    connection, request, plan = target.connection, target.request, target.plan
    if request.overwrite:
        return []
    twins = Twins(connection, plan.stage, plan.live, progress)
    twins.find_earlier()
    find_stopped(connection, target.backup, plan.live)
    if not request.has_conflicts:
        return []
    plan.conflicts = Conflicts(plan.stage, plan.live, request.policies, plan.fitted.mapped)
    plan.conflicts.settle(connection, progress)
    shown = page(connection, plan.conflicts, request.page) if request.page else []
    twins.make(plan.conflicts)
    return shown


def _state_of(connection: sqlite3.Connection, request: Request, rebuilding: Rebuilding | None) -> str:
    """A word for what is there, a wreck or a database, that is another one when that was written to."""
    return rebuilding.state() if rebuilding else database_state(connection, request.places.database)
