"""Automatic backups on the command line: real processes, what they say, and the codes they end with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from sidecar.automatic.catalogue import locked
from sidecar.automatic.health import EXIT_CODES
from sidecar.automatic.policy import Trigger
from sidecar.cli.arguments import make_parser
from sidecar.cli.automatic_arguments import TRIGGERS
from sidecar.cli.automatic_commands import ACTIONS
from sidecar.screen.text import relative
from tests.conftest import THIRD
from tests.support.automatic_device import spoil
from tests.support.databases import contents, execute
from tests.support.described import assert_described
from tests.support.shell import Shell, said

OTHER = f"{THIRD}.kpbackup"


def told(shell: Shell, typed: str, code: int = 0) -> str:
    """What a command says on standard output, for people, and the code it ends with."""
    return said(shell.run(*typed.split()), code)


def asked(shell: Shell, typed: str) -> Any:
    """What it says to a program, as its schema has it."""
    found = shell.object(*typed.split())
    words = typed.split()
    assert_described(found, " ".join(words[:2]) if words[0] == "auto" else words[0])
    return found


def backups(shell: Shell) -> list[Path]:
    return sorted((shell.database.parent / "backups" / "automatic").glob("*.kpbackup"))


# What is typed


def actions() -> dict[str, Any]:
    (commands,) = (action.choices for action in make_parser()._actions if isinstance(action.choices, dict))
    (found,) = (action.choices for action in commands["auto"]._actions if isinstance(action.choices, dict))
    return dict(found)


def test_every_action_is_documented_and_its_examples_can_be_typed() -> None:
    assert actions().keys() == ACTIONS.keys()
    for name, parser in actions().items():
        examples = re.findall(r"^  kirapilot-sidecar (.+)$", parser.epilog, re.MULTILINE)
        assert examples
        assert parser.description
        assert all(action.help for action in parser._actions)
        for example in examples:
            assert make_parser().parse_args(example.split()).action == name


def test_every_trigger_of_the_wire_can_be_typed() -> None:
    assert set(TRIGGERS) == set(get_args(Trigger))


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("auto rum", '"run"'),
        ("auto", "ACTION"),
        ("auto run --triger start", '"--trigger"'),
        ("auto set", "Nothing is named"),
        ("auto set --keep daily=x", "daily=7"),
        ("auto set --every 0h", "6h"),
        ("auto set --after-changes -1", "whole number"),
        ("pin one", "number of a backup"),
        ("note 1 " + "x" * 1001, "1,000"),
    ],
)
def test_what_cannot_be_carried_out_is_told_with_what_can(shell: Shell, typed: str, meant: str) -> None:
    ended = shell.run(*typed.split())
    assert ended.returncode == 2
    assert meant in ended.stderr.decode()


# What it does


def test_a_run_makes_a_backup_and_the_next_one_says_that_none_is_due(shell: Shell) -> None:
    assert "Made a backup of 39 rows" in told(shell, "auto run")
    assert len(backups(shell)) == 1
    assert "No backup is due" in told(shell, "auto run")
    assert "still current" in told(shell, "auto run --trigger manual")
    assert len(backups(shell)) == 1


@pytest.mark.slow
def test_a_run_is_told_to_programs_as_its_method_does(shell: Shell) -> None:
    made = asked(shell, "auto run --app-version 0.0.55")
    assert (made["outcome"], Path(made["backup"])) == ("made", backups(shell)[0])
    assert asked(shell, "auto run")["outcome"] == "not_due"


@pytest.mark.slow
def test_a_place_that_failed_is_an_exit_code(shell: Shell) -> None:
    (shell.folder / "usb").write_bytes(b"a file, and no folder")
    told(shell, f"auto set --place {shell.database.parent}/backups/automatic --place usb")
    assert "FAILED" in told(shell, "auto run", EXIT_CODES["failing"])
    assert len(backups(shell)) == 1
    assert "failing" in told(shell, "status", EXIT_CODES["failing"])


@pytest.mark.slow
def test_the_status_says_it_in_words_and_in_the_exit_code(shell: Shell) -> None:
    assert "No automatic backup" in told(shell, "status", EXIT_CODES["never"])
    told(shell, "auto run")
    assert "healthy" in told(shell, "status")
    assert asked(shell, "status")["state"] == "healthy"
    assert told(shell, "status --quiet") == ""
    spoil(backups(shell)[0])
    assert "NOT WHOLE" in shell.run("auto", "check", "--all").stdout.decode()
    assert "failing" in told(shell, "status", EXIT_CODES["failing"])


@pytest.mark.slow
def test_a_database_that_shrank_is_held_until_somebody_accepts(shell: Shell) -> None:
    told(shell, "auto run")
    execute(shell.database, "DELETE FROM tasks")
    assert "auto accept" in told(shell, "auto run --trigger manual")
    assert "auto accept" in told(shell, "status", EXIT_CODES["held"])
    assert "tasks: 0 instead of 12" in told(shell, "auto accept")
    assert "Nothing is held" in told(shell, "auto accept")
    told(shell, "status")


@pytest.mark.slow
def test_a_setting_changes_what_is_named_and_leaves_the_rest(shell: Shell) -> None:
    told(shell, "auto set --every 6h --after-changes 20 --no-before-update")
    policy = asked(shell, "auto set --off --keep daily=9,most=50")["policy"]
    assert (policy["enabled"], policy["every"], policy["hours"], policy["after_changes"]) == (False, "hours", 6, 20)
    assert (policy["before_update"], policy["before_clear"]) == (False, True)
    (place,) = policy["places"]
    assert place["path"] == "backups/automatic"
    assert place["keep"] == {"hours": 48, "daily": 9, "weekly": 5, "monthly": 12, "most": 50}
    assert asked(shell, "auto show")["policy"] == policy
    assert "No backup is made by itself" in told(shell, "auto show")


@pytest.mark.slow
def test_places_are_named_from_where_one_stands_and_keep_their_own_rules(shell: Shell) -> None:
    told(shell, "auto set --place usb --keep daily=3")
    beside = os.path.relpath(shell.database.parent / "backups" / "automatic", shell.folder)
    usb, automatic = asked(shell, f"auto set --place usb --place {beside}")["policy"]["places"]
    assert (Path(usb["path"]).name, usb["keep"]["daily"]) == ("usb", 3)
    assert (automatic["path"], automatic["keep"]["daily"]) == ("backups/automatic", 7)
    told(shell, "auto run")
    assert len(list((shell.folder / "usb").glob("*.kpbackup"))) == len(backups(shell)) == 1


@pytest.mark.slow
def test_a_policy_that_cannot_be_is_refused_and_the_old_one_stays(shell: Shell) -> None:
    told(shell, "auto set --keep daily=9")
    ended = shell.run("auto", "set", "--keep", "most=0")
    assert ended.returncode == 80
    assert asked(shell, "auto show")["policy"]["places"][0]["keep"]["daily"] == 9


def test_a_policy_that_is_broken_is_told_of_when_it_is_set_anew(shell: Shell) -> None:
    (shell.database.parent / "backup-policy.json").write_text("{")
    assert "warning: The policy" in told(shell, "auto set --on")
    assert "warning" not in told(shell, "auto show")


@pytest.mark.slow
def test_pruning_tells_what_would_go_and_removes_it_only_then(shell: Shell) -> None:
    told(shell, "auto set --keep hours=0,daily=1,weekly=0,monthly=0")
    for number in range(3):
        execute(shell.database, f"UPDATE tasks SET title = 'Round {number}'")
        told(shell, "auto set --off" if number < 2 else "auto show")
        run(shell)
    before = backups(shell)
    assert "stays" in told(shell, "auto prune --dry-run")
    assert backups(shell) == before
    told(shell, "auto prune")
    assert backups(shell) == before[-1:]


def run(shell: Shell) -> None:
    told(shell, "auto run --trigger manual")


@pytest.mark.slow
def test_a_pinned_backup_stays_with_its_note(shell: Shell) -> None:
    told(shell, "auto set --keep hours=0,daily=1,weekly=0,monthly=0")
    run(shell)
    assert "is pinned" in told(shell, "pin 1")
    assert 'note: "moved"' in told(shell, "note 1 moved")
    first = backups(shell)
    execute(shell.database, "UPDATE tasks SET title = 'Later'")
    run(shell)
    told(shell, "auto prune")
    assert first[0] in backups(shell)
    assert asked(shell, "unpin 1") == {"number": 1, "note": "moved", "pinned": False, "places": 1}
    told(shell, "auto prune")
    assert first[0] not in backups(shell)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("command", ["pin 9", "unpin 9", "note 9 x"])
def test_a_backup_that_there_is_not_has_a_code_of_its_own(shell: Shell, command: str) -> None:
    assert shell.run(*command.split()).returncode == 82


@pytest.mark.slow
def test_a_check_and_a_drill_find_what_rotted(shell: Shell) -> None:
    assert "no automatic backup" in told(shell, "auto check")
    assert "no automatic backup" in told(shell, "drill")
    run(shell)
    assert "1 as written" in told(shell, "auto check")
    assert "fine" in told(shell, "drill")
    assert asked(shell, "drill")["places"][0]["drill"]["outcome"] == "fine"
    spoil(backups(shell)[0])
    assert "NOT WHOLE" in told(shell, "drill", 21)
    assert asked(shell, "auto check --all")["checked"][0]["outcome"] == "rotten"
    assert shell.run("auto", "check").returncode == 21


# All backups in one list


@pytest.mark.slow
def test_the_list_tells_automatic_backups_safety_copies_and_others_apart(shell: Shell, real_files: Path) -> None:
    run(shell)
    told(shell, "note 1 moved")
    told(shell, f"import --yes {real_files / OTHER}")
    (mine,) = backups(shell)
    shutil.copy(mine, mine.with_name("mine.kpbackup"))
    listed = asked(shell, "backups")
    (automatic,), (manual,), (copy,) = listed["automatic"], listed["manual"], listed["backups"]
    assert (automatic["number"], automatic["path"], automatic["why"]) == (1, str(mine), "asked for")
    assert (automatic["rows"]["tasks"], automatic["size"], automatic["note"]) == (12, mine.stat().st_size, "moved")
    assert (automatic["present"], automatic["rotten"], automatic["pinned"]) == (True, "", False)
    assert manual["path"] == str(mine.with_name("mine.kpbackup"))
    assert "before-import" in copy["path"]
    shown = told(shell, "backups")
    assert re.search(r"^ 1 +today \d\d:\d\d +39 .*asked for; \"moved\"$", shown, re.MULTILINE)
    assert re.search(r"^today \d\d:\d\d .*before-import-", shown, re.MULTILINE)


@pytest.mark.slow
def test_one_of_them_is_shown_and_restored_and_that_is_undone(shell: Shell, real_files: Path) -> None:
    run(shell)
    before = contents(shell.database)
    told(shell, f"import --yes {real_files / OTHER}")
    other = contents(shell.database)
    assert asked(shell, "show 1")["tables"]["tasks"] == 12
    asked(shell, "restore --from 1 --yes")
    assert contents(shell.database) == before
    first = asked(shell, "backups")["backups"][-1]["path"]
    assert asked(shell, "undo --yes")["path"] != first
    assert contents(shell.database) == other
    assert asked(shell, f"undo --yes --to {Path(first).stem}")["path"] == first
    assert contents(shell.database) == before


@pytest.mark.slow
def test_a_restore_in_a_script_wants_yes_and_changes_nothing_without(shell: Shell) -> None:
    run(shell)
    execute(shell.database, "DELETE FROM tasks")
    before = contents(shell.database)
    ended = shell.run("restore", "--from", "1")
    assert (ended.returncode, b"--yes" in ended.stderr) == (2, True)
    assert contents(shell.database) == before


@pytest.mark.slow
def test_a_restore_takes_a_copy_that_is_there_and_whole(shell: Shell) -> None:
    told(shell, f"auto set --place {shell.database.parent}/backups/automatic --place usb")
    run(shell)
    spoil(backups(shell)[0])
    shell.run("auto", "check", "--all")
    assert Path(asked(shell, "show 1")["path"]).parent == shell.folder / "usb"
    (shell.folder / "usb").rename(shell.folder / "drawer")
    assert Path(asked(shell, "show 1")["path"]) == backups(shell)[0]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(("typed", "code"), [("show 9", 82), ("restore --yes --from 9", 82), ("undo --yes --to x", 83)])
def test_what_is_not_in_the_list_is_refused_by_name(shell: Shell, typed: str, code: int) -> None:
    ended = shell.run(*typed.split())
    assert (ended.returncode, typed.split()[-1] in ended.stderr.decode()) == (code, True)


@pytest.mark.slow
def test_a_backup_that_somebody_removed_is_not_listed(shell: Shell) -> None:
    run(shell)
    backups(shell)[0].unlink()
    assert asked(shell, "backups")["automatic"] == []


@pytest.mark.slow
def test_what_every_command_tells_a_program_is_described(shell: Shell) -> None:
    run(shell)
    for typed in ("auto prune --dry-run", "auto accept", "auto check", "pin 1", "note 1 x", "unpin 1"):
        asked(shell, typed)


def test_without_a_database_a_run_says_so(shell: Shell) -> None:
    shutil.rmtree(shell.database.parent)
    assert shell.run("auto", "run").returncode in (30, 13, 10)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-27 09:12", "today 09:12"),
        ("2026-11-26 18:04", "yesterday 18:04"),
        ("2026-11-28 00:00", "tomorrow 00:00"),
        ("2026-11-21 10:00", "Saturday 10:00"),
        ("2026-11-20 10:00", "2026-11-20 10:00"),
        ("2026-11-30 10:00", "2026-11-30 10:00"),
        ("2025-11-27 10:00", "2025-11-27 10:00"),
    ],
)
def test_a_time_is_told_as_people_say_it(moment: str, words: str) -> None:
    now = datetime.fromisoformat("2026-11-27 21:30").astimezone()
    assert relative(datetime.fromisoformat(moment).astimezone(), now) == words


# Two at the same moment


@pytest.mark.slow
def test_a_run_that_meets_another_one_says_so_and_does_nothing(shell: Shell) -> None:
    with locked(shell.database):
        ended = shell.run("auto", "run", "--trigger", "manual", "--json")
    assert (ended.returncode, json.loads(ended.stdout)["error"]["kind"]) == (81, "backup_under_way")
    assert backups(shell) == []
    assert told(shell, "auto run --quiet") == ""
    assert len(backups(shell)) == 1


@pytest.mark.slow
def test_of_many_runs_at_the_same_moment_one_works_and_the_others_see_it(shell: Shell) -> None:
    """The app and a timer of the system, say: whoever comes second finds the lock, or a backup that is current."""
    places = ["--database", str(shell.database), "--work-dir", str(shell.folder / "work")]
    words = [*shell.command, "auto", "run", "--json", "--trigger", "manual", *places]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, cwd=shell.folder) for _ in range(4)]
    ended = [(process.communicate()[0], process.returncode) for process in running]
    outcomes = [json.loads(said).get("outcome", "under way") for said, _ in ended]
    assert outcomes.count("made") == 1
    assert {(outcome, code) for outcome, (_, code) in zip(outcomes, ended, strict=True)} <= {
        ("made", 0),
        ("current", 0),
        ("under way", 81),
    }
    assert len(backups(shell)) == 1
    assert asked(shell, "status")["state"] == "healthy"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows takes its zone from elsewhere")
@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Pacific/Apia", "Nowhere/At_All", "X+24", "X-24", "UTC+99", ""])
def test_whatever_the_time_zone_is_called_a_backup_is_made_and_told_of(zone: str, shell: Shell) -> None:
    for typed, code in (("auto run", 0), ("auto run", 0), ("status", 0), ("backups", 0)):
        said(shell.run(*typed.split(), env={"TZ": zone}), code)
    assert len(backups(shell)) == 1
