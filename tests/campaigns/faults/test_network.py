"""Nothing is ever sent anywhere: a full cycle, with the network watched, refused, and not there at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sidecar.system.paths import Places
from sidecar.wire.methods import METHODS
from tests.campaigns.faults.shimmed import read_log, steps_of
from tests.conftest import ROOT, Cases

SENT_NOWHERE = "Nothing is sent anywhere: no call that reaches a network is made"

NETWORK = {"socket", "connect", "sendto", "sendmsg"}
"""What the shim notes, and refuses."""

AUDITED = """
import os, sys
def watch(event, arguments):
    if event.split(".")[0] in ("socket", "urllib", "http", "smtplib", "ftplib", "imaplib", "poplib", "nntplib"):
        os.write(2, ("reached for the network: " + event).encode())
        os._exit(99)
sys.addaudithook(watch)
from sidecar.__main__ import main
sys.exit(main())
"""
"""The program under a hook of Python's own, which works on any system; it does not see what libraries in C do."""

REFUSED = "conflicts"

LAST = ("shutdown", "exit", "$/cancelRequest")


def _requests(places: Places, target: Path) -> bytes:
    """One of every method there is, in an order in which they can succeed."""
    path: dict[str, object] = {"filePath": str(target)}
    given: dict[str, dict[str, object]] = {name: path for name in METHODS if name.startswith(("export", "validate"))}
    given["inspect_backup"] = path
    given["preview_import"] = path | {"overwrite": True}
    # An import that changes settings alone makes a safety copy, too: there is something to undo.
    given["export_data_to_file"] = path | {"settings": {"kirapilot-preferences": {"theme": "dark"}}}
    given["import_data_from_file"] = given["preview_import"] | {"settings": {"kirapilot-preferences": {}}}
    given["set_backup_policy"] = {"policy": {"every": "weekly"}}
    given["run_backup_if_due"] = {"trigger": "manual"}
    given["note_backup"] = {"number": 1, "pinned": True}
    given["prune_backups"] = {"dryRun": True}
    given["compare_backups"] = {"left": str(target), "right": "now"}
    given["write_report"] = {"backup": str(target), "target": str(target.with_name("report.html"))}
    given["write_difference"] = given["compare_backups"] | {"target": str(target.with_name("difference.html"))}
    given["find_in_backups"] = {"query": "task"}
    given["repair_database"] = {"dryRun": True}
    # It wants the token of a preview, which nobody has before the answers: it is told that this one is none.
    given[REFUSED] = {"token": "none"}
    given["initialize"] = {"databasePath": str(places.database), "workDir": str(places.work_dir)}
    first = ["initialize", "export_data_to_file"]
    # The end of the input ends it; exit would cancel what is under way.
    names = [*first, *(name for name in METHODS if name not in (*first, *LAST)), "shutdown"]
    lines = [{"jsonrpc": "2.0", "id": name, "method": name, "params": given.get(name, {})} for name in names]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _full_cycle(start: Sequence[str], places: Places, folder: Path, environment: dict[str, str]) -> int:
    """All methods of the server and all commands, started by ``start``; the number of processes and requests."""
    everything = os.environ | environment
    target = folder / "a.kpbackup"
    requests = _requests(places, target)
    served = subprocess.run(
        [*start, "serve"], input=requests, capture_output=True, cwd=ROOT, env=everything, timeout=120, check=False
    )
    answers = [json.loads(line) for line in served.stdout.splitlines()]
    assert served.returncode == 0, served.stderr.decode()
    assert [answer["id"] for answer in answers if "error" in answer] == [REFUSED]
    assert len(answers) == len(METHODS) - 2, "all but the notification and exit"
    where = ["--database", str(places.database), "--work-dir", str(places.work_dir)]
    commands = [
        ["export", "--yes", str(target), *where], ["validate", str(target), *where], ["inspect", str(target)],
        ["preview", str(target), *where], ["import", "--yes", str(target), *where], ["backups", *where],
        ["undo", "--yes", *where], ["demo", "--rows", "50"], ["find", "t", *where],
        ["report", "-o", str(target.with_name("now.html")), "now", *where],
    ]  # fmt: skip
    for command in commands:
        done = subprocess.run(
            [*start, *command], capture_output=True, cwd=ROOT, env=everything, timeout=120, check=False
        )
        assert done.returncode == 0, (command, done.stderr.decode())
    return len(answers) + len(commands)


@pytest.mark.slow
def test_no_call_reaches_a_network(shim: Path, places: Places, tmp_path: Path, cases: Cases) -> None:
    log = tmp_path / "calls.log"
    environment = {"LD_PRELOAD": str(shim), "FAULTS_LOG": str(log), "FAULTS_ROOTS": str(tmp_path)}
    cases.record(SENT_NOWHERE, _full_cycle([sys.executable, "-m", "sidecar"], places, tmp_path, environment))
    calls = {step.call for step in steps_of(read_log(log))}
    assert "rename" in calls, "the shim was at work"
    assert calls & NETWORK == set()


def test_a_call_that_reached_a_network_would_be_noted_and_refused(shim: Path, tmp_path: Path) -> None:
    """The control of the test before."""
    log = tmp_path / "calls.log"
    program = "import socket; socket.create_connection(('127.0.0.1', 9))"
    environment = {"LD_PRELOAD": str(shim), "FAULTS_LOG": str(log), "FAULTS_ROOTS": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ | environment, check=False
    )
    assert "PermissionError" in done.stderr
    assert "socket" in {step.call for step in steps_of(read_log(log))}


@pytest.mark.slow
def test_python_itself_sees_no_use_of_a_network(places: Places, tmp_path: Path, cases: Cases) -> None:
    cases.record(SENT_NOWHERE, _full_cycle([sys.executable, "-c", AUDITED], places, tmp_path, {}))


def test_python_itself_would_see_a_use_of_a_network(tmp_path: Path) -> None:
    """The control of the test before: a sidecar that reaches for a network ends at once."""
    spoilt = AUDITED.replace("from sidecar", "import socket; socket.socket()\nfrom sidecar")
    done = subprocess.run([sys.executable, "-c", spoilt, "--version"], capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 99
    assert b"reached for the network: socket.__new__" in done.stderr


@pytest.mark.slow
def test_everything_works_where_there_is_no_network(places: Places, tmp_path: Path, cases: Cases) -> None:
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let people leave its network: run as root on Linux with util-linux")
    cases.record(SENT_NOWHERE, _full_cycle([*alone, sys.executable, "-m", "sidecar"], places, tmp_path, {}))
