"""The command line as scripts and people meet it: real processes on real files, in pipes."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from sidecar.cli import commands
from sidecar.cli.arguments import make_parser
from sidecar.database.comparison import compare
from sidecar.description.openrpc import list_errors
from sidecar.errors.backups import DamagedBackup, InvalidBackup, NotABackup
from sidecar.errors.jobs import NoSafetyCopy, SafetyCopyFailed
from sidecar.errors.paths import FileNotFound, FolderNotFound, PathNotAllowed
from sidecar.export import exporting
from sidecar.jobs import demo, importing
from sidecar.jobs.demo import DemoResult
from sidecar.progress import Progress
from sidecar.results import (
    BackupList,
    BackupMetadata,
    BackupSummary,
    BackupValidationResult,
    ExportResult,
    ImportPreview,
    ImportResult,
    UndoResult,
)
from sidecar.system.paths import Places
from tests.conftest import EVERY_KIND
from tests.support.client import DEADLINE

Copy = Callable[[str], Path]


@dataclass
class Shell:
    """Runs the program in a folder, with one database and one work folder."""

    command: list[str]
    folder: Path
    database: Path

    def run(
        self, *arguments: str | bytes, env: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one command with pipes for all three streams."""
        ended = subprocess.run(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={
                **os.environ,
                "KIRAPILOT_DATABASE": str(self.database),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
                **(env or {}),
            },
            timeout=4 * DEADLINE,
            check=False,
        )
        if ended.stdout is not None:
            # Where a line ends otherwise, a text does, too.
            ended.stdout = ended.stdout.replace(b"\r\n", b"\n")
        return ended

    def text(self, *arguments: str) -> str:
        """What a command that succeeds prints on standard output; it says nothing on standard error."""
        ended = self.run(*arguments)
        assert (ended.returncode, ended.stderr) == (0, b"")
        return ended.stdout.decode()

    def object(self, *arguments: str) -> dict[str, object]:
        """The JSON object that a command prints with --json."""
        ended = self.run(*arguments, "--json")
        assert ended.stderr == b""
        found: dict[str, object] = json.loads(ended.stdout)
        return found


@pytest.fixture
def shell(sidecar_command: list[str], fresh_database: Path, tmp_path: Path) -> Shell:
    folder = tmp_path / "here"
    folder.mkdir()
    return Shell(sidecar_command, folder, fresh_database)


@pytest.fixture
def backup(real_files: Path) -> str:
    return str(real_files / f"{EVERY_KIND}.kpbackup")


# What is typed


def test_every_command_is_documented() -> None:
    (parsers,) = (action.choices for action in make_parser()._actions if isinstance(action.choices, dict))
    assert parsers.keys() == commands.COMMANDS.keys()
    summary = make_parser().format_help()
    for name, parser in parsers.items():
        assert re.search(rf"^    {name} +\w", summary, re.MULTILINE), f"{name} has no line in --help"
        assert parser.description, f"{name} has no description"
        assert f"examples:\n  kirapilot-sidecar {name}" in parser.epilog, f"{name} has no example"
        assert all(action.help for action in parser._actions), f"{name} has an option without a word of help"


@pytest.mark.slow
def test_every_example_can_be_typed() -> None:
    for command in commands.COMMANDS:
        examples = re.findall(r"^  kirapilot-sidecar (.+)$", make_parser_epilog(command), re.MULTILINE)
        assert examples
        for example in examples:
            assert make_parser().parse_args(example.split()).command == command


def make_parser_epilog(command: str) -> str:
    (commands,) = (action.choices for action in make_parser()._actions if isinstance(action.choices, dict))
    return str(commands[command].epilog)


@pytest.mark.parametrize("arguments", [["exprt"], ["export"], ["demo", "--rows", "0"], ["import", "f", "--mer"]])
def test_what_cannot_be_understood_exits_with_2_and_says_where_help_is(shell: Shell, arguments: list[str]) -> None:
    ended = shell.run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"--help shows what can be typed" in ended.stderr


def test_help_on_a_closed_pipe_ends_quietly(shell: Shell, closed_pipe: int) -> None:
    ended = shell.run("--help", stdout=closed_pipe)
    assert (ended.returncode, ended.stderr) == (0, b"")


# Each command


def test_export_tells_where_the_backup_lies_and_what_is_in_it(shell: Shell) -> None:
    shown = shell.text("export", "new.kpbackup")
    assert re.match(r"Exported \d+ rows to .*new\.kpbackup \(\d+\.\d kB\)\n", shown)
    assert re.search(r"^tasks +12$", shown, re.MULTILINE)
    assert "tasks.json" in zipfile.ZipFile(shell.folder / "new.kpbackup").namelist()


def test_export_as_json_is_the_export_result(shell: Shell) -> None:
    result = msgspec.convert(shell.object("export", "new.kpbackup"), ExportResult)
    assert result.task_count == result.tables["tasks"] == 12
    assert result.size == (shell.folder / "new.kpbackup").stat().st_size


def test_export_in_a_script_replaces_a_backup_only_with_yes(shell: Shell) -> None:
    target = shell.folder / "old.kpbackup"
    target.write_bytes(b"the only backup there is")
    ended = shell.run("export", "old.kpbackup")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"exists already" in ended.stderr
    assert b"--yes" in ended.stderr
    assert target.read_bytes() == b"the only backup there is"
    assert shell.run("export", "old.kpbackup", "--yes").returncode == 0
    assert zipfile.is_zipfile(target)


def test_import_in_a_script_replaces_data_only_with_yes(shell: Shell, backup: str) -> None:
    before = shell.database.read_bytes()
    ended = shell.run("import", backup)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"This replaces the data in" in ended.stderr
    assert shell.database.read_bytes() == before
    error = shell.object("import", backup)["error"]
    assert isinstance(error, dict)
    assert (error["kind"], error["code"]) == ("usage", 2)
    assert shell.database.read_bytes() == before


def test_import_restores_what_export_wrote(shell: Shell, database_copy: Copy) -> None:
    original = database_copy("2025-09-08-periodic-templates")
    shell.text("export", "new.kpbackup", "--database", str(original))
    shown = shell.text("import", "new.kpbackup", "--yes")
    assert shown.startswith("Replaced the data with the backup of ")
    tables = compare(original, shell.database, ("seaql_migrations",), Progress())
    assert [name for name, table in tables.items() if table.different] == []


def test_a_merge_asks_nothing_for_it_replaces_nothing(shell: Shell, real_files: Path) -> None:
    other = str(real_files / "2025-09-08-periodic-templates.kpbackup")
    result = msgspec.convert(shell.object("import", "--merge", other), ImportResult)
    assert not result.overwrite
    assert result.tables["tasks"].added == 30
    assert result.tables["tasks"].removed == 0


@pytest.mark.slow
def test_a_damaged_backup_is_salvaged_only_when_asked_for_twice(shell: Shell, real_files: Path) -> None:
    damaged = shell.folder / "damaged.kpbackup"
    damaged.write_bytes((real_files / "2025-09-08-periodic-templates.kpbackup").read_bytes()[:15_000])
    before = shell.database.read_bytes()
    refused = shell.run("import", "--yes", "damaged.kpbackup")
    assert refused.returncode == DamagedBackup.code
    assert b"A part of it can still be saved: import it with salvage" in refused.stderr
    for mode in ([], ["--merge"]):
        ended = shell.run("import", "--salvage", *mode, "damaged.kpbackup")
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert b"This brings what can be proved of a damaged backup into " in ended.stderr
    expected = msgspec.convert(shell.object("preview", "--salvage", "damaged.kpbackup"), ImportPreview)
    assert shell.database.read_bytes() == before
    done = msgspec.convert(shell.object("import", "--salvage", "--yes", "damaged.kpbackup"), ImportResult)
    assert (done.tables, done.salvage) == (expected.tables, expected.salvage)
    assert done.tables["tasks"].added == 30
    assert done.salvage is not None
    assert done.salvage.complete


@pytest.mark.slow
def test_preview_tells_what_import_does_and_changes_nothing(shell: Shell, real_files: Path) -> None:
    other = str(real_files / "2025-09-08-periodic-templates.kpbackup")
    before = shell.database.read_bytes()
    expected = msgspec.convert(shell.object("preview", other), ImportPreview)
    shown = shell.text("preview", other)
    assert shell.database.read_bytes() == before
    assert re.search(r"^tasks +30 +30 ", shown, re.MULTILINE)
    done = msgspec.convert(shell.object("import", "--yes", other), ImportResult)
    assert done.tables == expected.tables


def test_an_import_says_where_the_safety_copy_is_and_undo_puts_it_back(shell: Shell, database_copy: Copy) -> None:
    original = database_copy(EVERY_KIND)
    assert shell.text("backups").startswith("No import has made a safety copy yet in ")
    shell.text("export", "other.kpbackup", "--database", str(database_copy("2025-09-08-periodic-templates")))
    shown = shell.text("import", "other.kpbackup", "--yes")
    (copy,) = re.findall(r"^What was there before: (.+)$", shown, re.MULTILINE)
    assert Path(copy).parent == shell.database.parent / "backups"
    listed = shell.text("backups")
    assert re.search(rf" yes +{re.escape(Path(copy).name)}$", listed, re.MULTILINE)
    shown = shell.text("undo", "--yes")
    assert shown.startswith(f"Put back {copy} of ")
    tables = compare(original, shell.database, (), Progress())
    assert [name for name, table in tables.items() if table.different] == []
    result = msgspec.convert(shell.object("undo", "--yes"), UndoResult)
    assert result.tables["tasks"].added == 30
    assert result.safety_copy is not None
    copies = msgspec.convert(shell.object("backups"), BackupList).backups
    assert [(one.path, one.proved, one.task_count) for one in copies[:2]] == [
        (result.safety_copy, True, 12),
        (result.path, True, 30),
    ]


@pytest.mark.slow
def test_undo_in_a_script_replaces_data_only_with_yes(shell: Shell, real_files: Path) -> None:
    shell.text("import", "--merge", str(real_files / "2025-09-08-periodic-templates.kpbackup"))
    before = shell.database.read_bytes()
    for option in ([], ["--json"]):
        ended = shell.run("undo", *option)
        assert ended.returncode == 2
        assert b"This replaces the data in" in ended.stderr + ended.stdout
    assert shell.database.read_bytes() == before


def test_undo_where_nothing_was_imported_exits_with_44(shell: Shell) -> None:
    ended = shell.run("undo", "--yes")
    assert (ended.returncode, ended.stdout) == (NoSafetyCopy.code, b"")
    assert b"There is nothing to undo: " in ended.stderr
    error = shell.object("undo", "--yes")["error"]
    assert isinstance(error, dict)
    assert (error["kind"], error["path"]) == ("no_safety_copy", str(shell.database.parent / "backups"))


def test_undo_with_nothing_left_to_undo_says_so(shell: Shell, real_files: Path) -> None:
    """Somebody has put everything back by hand."""
    before = shell.database.read_bytes()
    shell.text("import", "--yes", str(real_files / "2025-09-08-periodic-templates.kpbackup"))
    shell.database.write_bytes(before)
    assert shell.text("undo", "--yes") == "There is nothing to undo: the data is what the safety copies hold.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_an_import_without_its_safety_copy_exits_with_43_and_changes_nothing(shell: Shell, real_files: Path) -> None:
    (shell.database.parent / "backups").symlink_to(shell.database.parent / "unplugged")
    before = shell.database.read_bytes()
    ended = shell.run("import", "--yes", str(real_files / "2025-09-08-periodic-templates.kpbackup"))
    assert (ended.returncode, ended.stdout) == (SafetyCopyFailed.code, b"")
    assert b"Nothing was changed and the backup is fine: No safety copy" in ended.stderr
    assert shell.database.read_bytes() == before


@pytest.mark.slow
def test_a_damaged_safety_copy_is_listed_with_the_reason(shell: Shell, real_files: Path) -> None:
    shell.text("import", "--yes", str(real_files / "2025-09-08-periodic-templates.kpbackup"))
    (copy,) = (shell.database.parent / "backups").iterdir()
    copy.write_bytes(copy.read_bytes()[:-1])
    listed = shell.text("backups")
    assert re.search(rf" NO +{re.escape(copy.name)}$", listed, re.MULTILINE)
    assert f"warning: {copy.name}: The backup is damaged: " in listed
    assert shell.run("undo", "--yes").returncode == DamagedBackup.code


@pytest.mark.slow
def test_validate_shows_a_verdict_and_the_counts(shell: Shell, backup: str) -> None:
    shown = shell.text("validate", backup)
    assert shown.startswith("The backup is valid (0 errors, ")
    assert re.search(r"^tasks +12$", shown, re.MULTILINE)
    assert shell.text("validate", "--comprehensive", backup) == shown
    result = msgspec.convert(shell.object("validate", backup), BackupValidationResult)
    assert result.is_valid


@pytest.mark.slow
def test_validate_lists_every_problem_and_exits_with_25(shell: Shell, backup: str) -> None:
    spoiled = spoil(Path(backup), shell.folder / "spoiled.kpbackup", '"status": "', '"status": 7, "was": "')
    ended = shell.run("validate", str(spoiled))
    assert ended.returncode == InvalidBackup.code
    shown = ended.stdout.decode()
    assert shown.startswith("The backup is not valid: ")
    assert len(re.findall(r"^error:   ", shown, re.MULTILINE)) > 1
    assert shell.run("validate", "--json", str(spoiled)).returncode == InvalidBackup.code
    assert shell.object("validate", str(spoiled))["is_valid"] is False


@pytest.mark.slow
def test_basic_validation_answers_the_counts_or_the_first_error(shell: Shell, backup: str) -> None:
    assert "passes the basic checks" in shell.text("validate", "--basic", backup)
    assert msgspec.convert(shell.object("validate", "--basic", backup), BackupMetadata).task_count == 12
    (shell.folder / "no.kpbackup").write_text("not a backup at all")
    assert shell.run("validate", "--basic", "no.kpbackup").returncode == NotABackup.code


def test_inspect_needs_no_database(shell: Shell, backup: str) -> None:
    shell.database.unlink()
    shown = shell.text("inspect", backup)
    assert re.search(r"^made by +kirapilot$", shown, re.MULTILINE)
    assert re.search(r"^tasks\.json +\d", shown, re.MULTILINE)
    summary = msgspec.convert(shell.object("inspect", backup), BackupSummary)
    assert summary.tables["tasks"] == 12


def test_the_demo_proves_a_round_trip_and_says_where_the_archive_lies(shell: Shell, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ended = shell.run("demo", "--rows", "50", env={"TMPDIR": str(temporary)})
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"every value is identical" in ended.stdout
    assert str(temporary).encode() in ended.stdout
    [archive] = temporary.glob("kirapilot-demo-*/demo.kpbackup")
    assert str(archive).encode() in ended.stdout


def test_the_demo_keeps_its_archive_in_a_folder_of_ones_choice(shell: Shell) -> None:
    result = msgspec.convert(shell.object("demo", "--rows", "50", "--folder", "."), DemoResult)
    assert result.identical
    assert result.tables["tasks"].rows >= 50
    archive = Path(result.archive)
    assert archive.parent.parent == shell.folder
    assert archive.stat().st_size == result.archive_size


def test_the_demo_uses_every_table_of_the_app(shell: Shell) -> None:
    result = msgspec.convert(shell.object("demo", "--rows", "50", "--folder", "."), DemoResult)
    assert len(result.tables) == 15
    assert [name for name, table in result.tables.items() if table.rows == 0] == []


def test_the_demo_fails_if_a_single_value_was_not_restored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def import_all_but_one_letter(places: Places, file_path: str, overwrite: bool, progress: Progress) -> None:
        importing.import_data(places, file_path, overwrite, progress)
        with closing(sqlite3.connect(places.database)) as connection:
            connection.execute("UPDATE thread_messages SET content = content || 'x' WHERE rowid = 1")
            connection.commit()

    monkeypatch.setattr(demo, "import_data", import_all_but_one_letter)
    assert commands.run(["demo", "--rows", "50", "--work-dir", str(tmp_path / "work")]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"^thread_messages +(\d+) +\1 +2$", shown, re.MULTILINE)
    assert "2 rows differ" in shown


def test_a_demo_that_does_not_come_to_its_end_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "export_data", fail_unexpectedly)
    assert commands.run(["demo", "--rows", "50", "--folder", str(tmp_path)]) == 70
    assert "RuntimeError" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_demo_needs_a_folder_that_exists(shell: Shell) -> None:
    assert shell.run("demo", "--folder", "missing").returncode == FolderNotFound.code


# What goes wrong


def test_an_error_is_a_sentence_and_a_hint_on_standard_error(shell: Shell) -> None:
    ended = shell.run("import", "--yes", "missing.kpbackup")
    assert (ended.returncode, ended.stdout) == (FileNotFound.code, b"")
    sentence, hint = ended.stderr.decode().splitlines()
    assert sentence.startswith("kirapilot-sidecar: There is no file at ")
    assert hint == f"Hint: {FileNotFound.hint}"


def test_an_error_as_json_is_an_object_on_standard_output(shell: Shell) -> None:
    ended = shell.run("import", "--yes", "--json", "missing.kpbackup")
    assert (ended.returncode, ended.stderr) == (FileNotFound.code, b"")
    error = json.loads(ended.stdout)["error"]
    assert (error["code"], error["kind"], error["hint"]) == (FileNotFound.code, FileNotFound.kind, FileNotFound.hint)
    assert error["path"].endswith("missing.kpbackup")
    assert error["message"].startswith("There is no file at ")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "a" * 5000, "no/such/folder.kpbackup", "."])
def test_no_path_makes_a_command_crash(shell: Shell, name: str) -> None:
    for command in (["export", "--yes"], ["import", "--yes"], ["preview"], ["validate", "--basic"], ["inspect"]):
        ended = shell.run(*command, name)
        assert 10 <= ended.returncode <= 18, ended
        assert b"Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_path_that_is_not_text_works_and_is_shown(shell: Shell) -> None:
    name = b"b\xfcckup.kpbackup"
    ended = shell.run(b"export", name, b"--json")
    assert ended.returncode == 0, ended
    assert b"ckup.kpbackup" in ended.stdout
    json.loads(ended.stdout.decode("ascii"))
    assert (os.fsencode(shell.folder) + b"/" + name).decode(errors="surrogateescape") in {
        str(path) for path in shell.folder.iterdir()
    }
    assert shell.run(b"inspect", name).returncode == 0
    assert shell.run(b"validate", name).returncode == 0


def test_an_output_that_lacks_characters_shows_their_escapes(shell: Shell) -> None:
    poor = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = shell.run("export", "Sicherung für 😀.kpbackup", env=poor)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert zipfile.is_zipfile(shell.folder / "Sicherung für 😀.kpbackup")


@pytest.mark.slow
def test_a_reader_that_has_gone_changes_nothing_about_what_was_done(shell: Shell, closed_pipe: int) -> None:
    ended = shell.run("export", "new.kpbackup", stdout=closed_pipe)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert zipfile.is_zipfile(shell.folder / "new.kpbackup")
    assert shell.run("validate", "new.kpbackup", "--json", stdout=closed_pipe).returncode == 0
    assert shell.run("import", "missing", "--yes", "--json", stdout=closed_pipe).returncode == FileNotFound.code


def test_an_output_that_cannot_be_written_is_an_error(shell: Shell, backup: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = shell.run("validate", backup, stdout=full.fileno())
    assert ended.returncode == 18
    assert b"the standard output" in ended.stderr


def test_a_file_gets_plain_lines_without_a_progress_bar(shell: Shell, backup: str) -> None:
    answer = shell.folder / "answer.txt"
    with answer.open("wb") as file:
        ended = shell.run("validate", backup, stdout=file.fileno())
    assert ended.stderr == b""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", answer.read_text(encoding="utf-8"))


def fail_unexpectedly(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("no such luck")


@pytest.mark.parametrize("debug", [False, True])
def test_only_debug_shows_the_traceback_of_an_unexpected_error(
    debug: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(exporting, "export_data", fail_unexpectedly)
    code = commands.run(["export", str(tmp_path / "new.kpbackup"), *(["--debug"] if debug else [])])
    shown = capsys.readouterr()
    assert (code, shown.out) == (70, "")
    assert "RuntimeError" in shown.err
    assert ("Traceback" in shown.err) is debug
    assert ("no such luck" in shown.err) is debug


def test_a_missing_standard_stream_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, fresh_database: Path, tmp_path: Path
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert commands.run(["export", str(tmp_path / "new.kpbackup"), "--database", str(fresh_database)]) == 0
    assert commands.run(["export", "", "--database", str(fresh_database)]) == PathNotAllowed.code


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    """The writing end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def spoil(archive: Path, target: Path, old: str, new: str) -> Path:
    """A copy of ``archive`` with ``old`` replaced in all its entries."""
    packed = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            text = source.read(name).decode()
            copy.writestr(name, text.replace(old, new))
    packed.seek(0)
    with target.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return target


def test_the_help_speaks_of_every_exit_code() -> None:
    ranges = re.findall(r"^  (\d+)(?:-(\d+))?  ", make_parser().format_help(), re.MULTILINE)
    told = {code for first, last in ranges for code in range(int(first), int(last or first) + 1)}
    assert {kind.code for kind in list_errors() if kind.code > 0} <= told
