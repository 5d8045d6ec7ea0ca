"""The one job: make a backup if one is due, bring it to every place, prove it there, remove what may go.

Each step is remembered before the next begins: whatever ends a run, the next one goes on from there. Nothing is removed
from a place in which nothing newer is proved, and nothing at all while the hold is on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sidecar.archive.settings import read_settings
from sidecar.automatic import own_files
from sidecar.automatic.answers import Failure, Hold, PlaceOutcome, RunResult
from sidecar.automatic.catalogue import Catalogue, Entry, PlaceState, locked, new_name, read_catalogue, write_catalogue
from sidecar.automatic.checking import check_overdue
from sidecar.automatic.drilling import drill_overdue
from sidecar.automatic.fingerprint import WHOLE_BYTES, count_commits, take_fingerprint
from sidecar.automatic.policy import Place, Policy, PolicyFile, Trigger
from sidecar.automatic.policy_file import beside, distinct_places, read_policy
from sidecar.automatic.pruning import prune_place
from sidecar.automatic.retention import next_moment
from sidecar.automatic.schedule import next_due, why_due
from sidecar.database.connection import require_file
from sidecar.errors.backups import BackupError, DamagedBackup
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.errors.jobs import InvalidPolicy
from sidecar.errors.paths import PathError, PlaceUnreachable
from sidecar.export.exporting import export_data
from sidecar.export.shrinking import MAIN, compare_counts
from sidecar.progress import Progress
from sidecar.system.files import remove_file
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

PHASES = {"make": 0.8, "copy": 0.2}

Clock = Callable[[], datetime]


def now_utc() -> datetime:
    """The clock, in UTC."""
    return datetime.now(UTC)


def run_backup_if_due(
    places: Places,
    trigger: Trigger,
    progress: Progress,
    app_version: str = "",
    settings: Mapping[str, object] | None = None,
    clock: Clock = now_utc,
) -> RunResult:
    """Make a backup if one is due, in all places of the policy.

    Raises BackupUnderWay where another process is at it, and what an export raises, which then is remembered as the
    last failure; what was there before is still there.
    """
    progress.plan(PHASES)
    require_file(places.database)
    policy_file = read_policy(places.database)
    with locked(places.database):
        catalogue = read_catalogue(places.database)
        run = _Run(places, policy_file, catalogue, progress, clock, app_version, settings)
        result = run.carry_out(trigger)
        if trigger == "timer" and run.policy.enabled:
            run.look_after(result)
    if policy_file.remark:
        result.warnings.append(policy_file.remark)
    return result


def accept(places: Places) -> Hold | None:
    """Lift the hold, now that a person has looked; answers it, None where there was none. Raises BackupUnderWay."""
    with locked(places.database):
        catalogue = read_catalogue(places.database)
        hold, catalogue.hold = catalogue.hold, None
        write_catalogue(places.database, catalogue)
    return hold


@dataclass
class _Run:
    """One run, with the lock held. ``catalogue`` is written whenever it has changed."""

    places: Places
    policy_file: PolicyFile
    catalogue: Catalogue
    progress: Progress
    clock: Clock
    app_version: str
    settings: Mapping[str, object] | None

    @property
    def policy(self) -> Policy:
        return self.policy_file.policy

    def carry_out(self, trigger: Trigger) -> RunResult:
        now = self.clock()
        self._recover()
        self._forget_missing()
        fingerprint = take_fingerprint(self.places.database)
        commits = count_commits(self.places.database)
        # Where somebody removed all there were, there is none, whatever the clock says.
        last = self.catalogue.last if self._is_any_proved() else None
        why = why_due(self.policy, trigger, now, last, self._changes(commits))
        if why is None:
            return self._catch_up(RunResult(outcome="not_due"))
        try:
            entry, made = self._current(trigger, fingerprint, now, why)
        except Cancelled:
            raise
        except SidecarError as error:
            self.catalogue.failure = Failure(when=now, kind=error.kind, message=error.message)
            self._remember()
            raise
        self.catalogue.failure = None
        self.catalogue.last, self.catalogue.fingerprint, self.catalogue.commits = now, fingerprint or "", commits
        self.catalogue.newest = entry.number
        self.catalogue.settings, self.catalogue.app_version = self._settings_hash(), self.app_version
        self._remember()
        return self._everywhere(RunResult(outcome="made" if made else "current", why=why), entry, made)

    def look_after(self, result: RunResult) -> None:
        """Re-read what nobody has looked at for long, and restore on trial what was not tried for long.

        The run itself has succeeded: that this does not come to its end, or finds something, is no failure of it.
        """
        now, progress = self.clock(), self.progress.quietly()
        try:
            result.checked = check_overdue(self.catalogue, now, progress, self._remember)
            if self.policy.drill:
                result.drills = drill_overdue(self.catalogue, self.places.work_dir, now, progress, self._remember)
        except Cancelled:
            return
        except SidecarError as error:
            result.warnings.append(error.message)
        found = [(one.path, one.outcome, one.detail) for one in result.checked]
        found += [(one.path, one.drill.outcome, one.drill.detail) for one in result.drills if one.drill]
        result.warnings += [f"{path}: {detail}" for path, outcome, detail in found if outcome == "rotten"]

    def _everywhere(self, result: RunResult, entry: Entry, made: Path | None) -> RunResult:
        """Bring the newest backup to all places, and remove there what may go."""
        source = made or self._path_of(entry)
        self._bring_to(self._folders(), result, source, entry, made)
        result.held = self.catalogue.hold.detail if self.catalogue.hold else ""
        result.backup, result.rows = str(source), entry.rows
        return result

    def _catch_up(self, result: RunResult) -> RunResult:
        """Bring the newest backup to the places that were away when it was made, or were not named yet."""
        newest = self._newest() if self.policy.enabled else None
        if newest is not None and newest.number == self.catalogue.newest:
            late = {folder: place for folder, place in self._folders().items() if self._lacks(folder, newest)}
            if late:
                return self._bring_to(late, result, self._path_of(newest), newest, None)
        result.next_due = next_due(self.policy, self.catalogue.last)
        return result

    def _bring_to(
        self, folders: Mapping[Path, Place], result: RunResult, source: Path, entry: Entry, made: Path | None
    ) -> RunResult:
        self.progress.phase("copy", len(folders), "places", "Copying the backup to its places")
        for folder, place in folders.items():
            outcome = self._bring(folder, source, entry, made)
            result.places.append(outcome)
            if outcome.outcome in ("made", "copied", "current"):
                state = self.catalogue.place(folder)
                state.current = self.catalogue.last
                if self.catalogue.hold is None and not self.policy_file.is_lost:
                    result.removed += prune_place(folder, state, place.keep, self.progress, self._remember)
            self.progress.advance(1)
        self._remember()
        result.warnings += [outcome.warning for outcome in result.places if outcome.warning]
        result.next_due = next_due(self.policy, self.catalogue.last)
        return result

    def _current(self, trigger: Trigger, fingerprint: str | None, now: datetime, why: str) -> tuple[Entry, Path | None]:
        """The newest proved backup if the database holds just what it holds, else a new one and where it lies."""
        newest = self._newest()
        # The newest that is there and whole need not be the one that the fingerprint is about.
        untouched = fingerprint is not None and fingerprint == self.catalogue.fingerprint
        is_same = untouched and newest is not None and newest.number == self.catalogue.newest
        if newest is not None and is_same and self._same_settings() and self._stands_for_now(newest, trigger):
            return newest, None
        made = self._make(now, why)
        entry = self._describe(made, now, why)
        if newest is not None and newest.content == entry.content and self._same_settings() and self._is_whole(newest):
            with file_errors(made, Act.REMOVE):
                remove_file(made, self.progress)
            self.catalogue.pending.pop(str(made))
            return newest, None
        self.catalogue.hold = self.catalogue.hold or _hold_for(newest, entry, now)
        self._enter(made, entry)
        return entry, made

    def _bring(self, folder: Path, source: Path, entry: Entry, made: Path | None) -> PlaceOutcome:
        state = self.catalogue.place(folder)
        outcome = PlaceOutcome(path=str(folder), outcome="current", backup=entry.name)
        if source == made and source.parent == folder:
            outcome.outcome = "made"
        elif self._is_away(folder, state):
            outcome.outcome, outcome.backup, outcome.warning = "missing", None, _away(folder).message
        elif not _has(state, entry):
            try:
                self._make_folder(folder, state)
                self._begin(folder / entry.name, entry.why)
                own_files.copy(source, folder / entry.name, entry.sha256, self.progress)
                outcome.outcome = "copied"
                now = self.clock()
                moment = _moment(state, now)
                before = next((known for known in state.entries if known.name == entry.name), None)
                copied = msgspec.structs.replace(entry, made=now, moment=moment, proved=now)
                copied.pinned, copied.note = (before.pinned, before.note) if before else (False, "")
                state.entries = [known for known in state.entries if known.name != entry.name]
                self._enter(folder / entry.name, copied)
            except Cancelled:
                raise
            except SidecarError as error:
                if isinstance(error, DamagedBackup) and error.path == str(source):
                    # No fault of this place: the next run makes another one.
                    self._known_at(source).judge(whole=False)
                state.failure = Failure(when=self.clock(), kind=error.kind, message=error.message)
                outcome = PlaceOutcome(path=str(folder), outcome="failed", warning=error.message)
            else:
                state.failure = None
            self._remember()
        return outcome

    def _recover(self) -> None:
        """Take up files whose maker was killed after they were whole; what never got its name is gone already."""
        for text, why in list(self.catalogue.pending.items()):
            path = Path(text)
            if not path.parent.is_dir():
                continue
            state = self.catalogue.place(path.parent)
            try:
                if path.is_file() and all(entry.name != path.name for entry in state.entries):
                    self._enter(path, self._describe(path, own_files.made_at(path.name), why))
            except BackupError:
                # Never whole: what lies there is for a person to look at.
                pass
            except Cancelled:
                raise
            except SidecarError:
                # It could not be read today: it is still ours tomorrow.
                continue
            self.catalogue.pending.pop(text, None)
            self._remember()

    def _forget_missing(self) -> None:
        """A backup that somebody removed is no failure, nor is a folder beside the database, as no disk of its own."""
        for text, state in self.catalogue.places.items():
            folder = Path(text)
            if self._is_beside(folder) and not os.path.lexists(folder):
                state.entries = []
            state.forget_removed(folder)

    def _stands_for_now(self, entry: Entry, trigger: Trigger) -> bool:
        """Whether a backup is whole; a large one is read before what may need it, else by ``checking`` in its turn."""
        if entry.size <= WHOLE_BYTES or trigger in ("update", "clear"):
            return self._is_whole(entry)
        path = self._path_of(entry)
        with file_errors(path):
            return path.stat().st_size == entry.size

    def _is_whole(self, entry: Entry) -> bool:
        """Re-read a backup that is to stand for a new one; what it no longer is, is remembered."""
        if not entry.is_proved:
            return False
        path = self._path_of(entry)
        try:
            whole = own_files.hash_of(path, self.progress) == entry.sha256
        except PathError:
            return False
        return self._known_at(path).judge(whole=whole)

    def _describe(self, path: Path, made: datetime, why: str) -> Entry:
        entry = own_files.describe(path, made, why, self.progress)
        entry.number, entry.app_version = self.catalogue.count + 1, self.app_version
        entry.moment = _moment(self.catalogue.place(path.parent), made)
        return entry

    def _begin(self, path: Path, why: str) -> None:
        self.catalogue.pending[str(path)] = why
        self._remember()

    def _enter(self, path: Path, entry: Entry) -> None:
        self.catalogue.count = max(self.catalogue.count, entry.number)
        self.catalogue.place(path.parent).enter(entry)
        self.catalogue.pending.pop(str(path), None)
        self._remember()

    def _remember(self) -> None:
        write_catalogue(self.places.database, self.catalogue)

    def _is_any_proved(self) -> bool:
        return any(state.newest_proved() is not None for state in self.catalogue.places.values())

    def _lacks(self, folder: Path, entry: Entry) -> bool:
        """Whether a place that is there does not have it yet."""
        state = self.catalogue.places.get(str(folder), PlaceState())
        return not _has(state, entry) and not self._is_away(folder, state)

    def _newest(self) -> Entry | None:
        found = [state.newest_proved() for text, state in self.catalogue.places.items() if Path(text).is_dir()]
        return max((entry for entry in found if entry), key=lambda entry: entry.number, default=None)

    def _path_of(self, entry: Entry) -> Path:
        return next(
            Path(text) / entry.name
            for text, state in self.catalogue.places.items()
            if Path(text).is_dir() and any(known.name == entry.name and known.is_proved for known in state.entries)
        )

    def _known_at(self, path: Path) -> Entry:
        return next(known for known in self.catalogue.place(path.parent).entries if known.name == path.name)

    def _make(self, now: datetime, why: str) -> Path:
        """Make a backup in the first place that takes it. Raises the first one's error where none does."""
        failures: list[SidecarError] = []
        progress = self.progress.part("make", "Making the backup")
        for folder in self._folders():
            made = folder / new_name(now, self.catalogue.names() | own_files.names_in(folder))
            try:
                self._make_folder(folder, self.catalogue.place(folder))
                self._begin(made, why)
                export_data(self.places, str(made), progress, self.settings)
            except (PathError, InvalidPolicy) as error:
                # A full disk is no reason to have none on another; of this one it is told when it gets its copy.
                self.catalogue.pending.pop(str(made), None)
                failures.append(error)
            else:
                return made
        raise failures[0]

    def _folders(self) -> dict[Path, Place]:
        return distinct_places(self.policy, self.places.database)

    def _is_away(self, folder: Path, state: PlaceState) -> bool:
        """Whether a place was there and is not, or cannot be: a disk that is unplugged."""
        if folder.is_dir():
            return False
        # A link leads to where the disk will be; through it nothing is made.
        return folder.is_symlink() or not (self._is_beside(folder) or (folder.parent.is_dir() and not state.entries))

    def _is_beside(self, folder: Path) -> bool:
        return folder.is_relative_to(beside(self.places.database))

    def _make_folder(self, folder: Path, state: PlaceState) -> None:
        """Raise PlaceUnreachable for a place that is away, InvalidPolicy for one that is no folder."""
        with file_errors(folder, Act.SAVE):
            if folder.exists() and not folder.is_dir():
                raise InvalidPolicy(detail=f"its place {folder} is a file, and no folder")
            if self._is_away(folder, state):
                raise _away(folder)
            folder.mkdir(mode=0o700, parents=self._is_beside(folder), exist_ok=True)

    def _changes(self, commits: int | None) -> int | None:
        if commits is None or self.catalogue.commits is None:
            return None
        return (commits - self.catalogue.commits) % 2**32

    def _settings_hash(self) -> str:
        if self.settings is None:
            return self.catalogue.settings
        clean = read_settings(self.settings).clean
        return hashlib.sha256(msgspec.json.encode(clean, order="deterministic")).hexdigest()

    def _same_settings(self) -> bool:
        return self._settings_hash() == self.catalogue.settings


def _has(state: PlaceState, entry: Entry) -> bool:
    return any(known.number == entry.number and known.is_proved for known in state.entries)


def _away(folder: Path) -> PlaceUnreachable:
    return PlaceUnreachable(path=folder, detail="the folder is not there")


def _hold_for(before: Entry | None, after: Entry, now: datetime) -> Hold | None:
    """An emptied database must never push out the full ones: the hold that a new backup calls for, if any."""
    if before is None:
        return None
    shrunk = compare_counts({name: before.rows[name] for name in MAIN if name in before.rows}, after.rows)
    return Hold(since=now, detail=f"The newest backup holds {shrunk}") if shrunk else None


def _moment(state: PlaceState, now: datetime) -> datetime:
    last = state.entries[-1] if state.entries else None
    return next_moment(last.moment if last else None, last.made if last else None, now)
