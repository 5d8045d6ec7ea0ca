"""Start-up and size of the frozen program beside a naive freeze: ``python -m tests.bench.start``.

Freezes this sidecar by build.spec, and tests/bench/naive_program.py, which imports the same dependencies, with
PyInstaller's defaults; each as one file and as a folder. Then starts the four in turns and takes the time from
the start to the answer to a ping. The ratios are what counts: machines differ and are shared. A last table says
where the time of our own goes, by ``-X importtime``. Exit code 1 if a bound is not kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'

MOST_OF_NAIVE = {"one file": 0.6, "folder": 0.3}
"""Most of the naive program's time to the first answer that ours may take."""

LARGEST = 14e6
"""Most bytes of the one file."""

BROUGHT_BY_TOOLS = (
    "rfc3987",
    "rfc3987_syntax",
    "rfc3339_validator",
    "rfc3986_validator",
    "fqdn",
    "isoduration",
    "lark",
)
"""Libraries that no installation of the naive program would have."""

SHOWN = 12
"""Rows of the table of imports."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.start", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=25, help="starts of each program; the median counts (default: 25)")
    parser.add_argument("--folder", type=Path, help="where the programs are built, and stay (default: nowhere)")
    options = parser.parse_args()
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as scratch:
        programs = _freeze_all(options.folder or Path(scratch))
        kept = _print_starts(programs, _time_all(programs, options.runs))
    _print_imports(_import_times())
    return 0 if kept else 1


Programs = dict[tuple[str, str], Path]
"""(whose, form) -> executable."""


def _freeze_all(folder: Path) -> Programs:
    naive = str(Path(__file__).with_name("naive_program.py"))
    return {
        ("naive", "one file"): _freeze(folder / "naive-file", naive, "--onefile"),
        ("naive", "folder"): _freeze(folder / "naive-folder", naive, "--onedir"),
        ("ours", "one file"): _freeze(folder / "our-file", "build.spec"),
        ("ours", "folder"): _freeze(folder / "our-folder", "build.spec", "--", "--folder"),
    }


def _freeze(folder: Path, *what: str) -> Path:
    places = ["--distpath", str(folder / "dist"), "--workpath", str(folder / "build")]
    if what[0] != "build.spec":
        places += ["--specpath", str(folder)]
        # jsonschema loads them where it finds them, and only the tools of a developer bring them.
        places += [word for name in BROUGHT_BY_TOOLS for word in ("--exclude-module", name)]
    words = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", *places, *what]
    # The option comes too late for its first lines.
    subprocess.run(words, cwd=ROOT, check=True, env=os.environ | {"PYI_LOG_LEVEL": "ERROR"})
    (made,) = (path for path in (folder / "dist").iterdir() if path.name.startswith(("kirapilot-sidecar-", "naive")))
    return made / made.name if made.is_dir() else made


def _time_all(programs: Programs, runs: int) -> dict[tuple[str, str], float]:
    for program in programs.values():
        _time(program)  # once from the disk
    times: dict[tuple[str, str], list[float]] = {which: [] for which in programs}
    # In turns, so that a slow moment of the machine hits all of them alike.
    for _ in range(runs):
        for which, program in programs.items():
            times[which].append(_time(program))
    return {which: median(of_program) for which, of_program in times.items()}


def _time(program: Path) -> float:
    """Seconds from the start to the first answer."""
    begun = time.perf_counter()
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(PING)
        answer = process.stdout.readline()
        seconds = time.perf_counter() - begun
        process.stdin.close()
    assert b'"pong"' in answer, answer
    return seconds


def _print_starts(programs: Programs, times: dict[tuple[str, str], float]) -> bool:
    print("| frozen | form | MB | ms to the first answer | of naive | at most |")
    print("|---|---|---:|---:|---:|---:|")
    kept = True
    for (whose, form), program in programs.items():
        ratio, most = times[whose, form] / times["naive", form], MOST_OF_NAIVE[form]
        size = _size(program, form)
        kept &= whose == "naive" or (ratio <= most and (form != "one file" or size <= LARGEST))
        beside = f"{ratio:.2f} | {most}" if whose == "ours" else "1 | "
        print(f"| {whose} | {form} | {size / 1e6:.1f} | {1000 * times[whose, form]:.0f} | {beside} |")
    return kept


def _size(program: Path, form: str) -> int:
    files = [program] if form == "one file" else program.parent.rglob("*")
    return sum(file.stat().st_size for file in files if not file.is_symlink())


def _import_times() -> Counter[str]:
    """Root package -> microseconds that its modules take themselves, from the start of our program to an answer."""
    # The least of each module: a run may be disturbed, and the first one compiles.
    runs = [_import_times_once() for _ in range(7)]
    times: Counter[str] = Counter()
    for name in runs[0]:
        times[name.partition(".")[0]] += min(run[name] for run in runs)
    return times


def _import_times_once() -> dict[str, int]:
    words = [sys.executable, "-X", "importtime", "-m", "sidecar", "serve"]
    # What is frozen finds that folder first, too, and all of it compiled.
    places = os.environ | {"PYTHONPATH": str(ROOT / "freezing" / "stand_ins"), "PYTHONDONTWRITEBYTECODE": ""}
    told = subprocess.run(words, input=PING, capture_output=True, cwd=ROOT, env=places, check=True).stderr.decode()
    ours = told[told.index("| sidecar") :]
    return {name: int(own) for own, name in re.findall(r"import time: +(\d+) \| +\d+ \| +([\w.]+)", ours)}


def _print_imports(times: Counter[str]) -> None:
    print("\n| imported | ms |")
    print("|---|---:|")
    for name, microseconds in times.most_common(SHOWN):
        print(f"| {name} | {microseconds / 1000:.1f} |")
    shown = sum(microseconds for _, microseconds in times.most_common(SHOWN))
    print(f"| {len(times) - SHOWN} more | {(times.total() - shown) / 1000:.1f} |")
    print(f"| together | {times.total() / 1000:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
