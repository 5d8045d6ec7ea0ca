"""The app in a folder of its own, its sidecar replaced by one that is watched, or hindered."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections import Counter
from pathlib import Path

from tests.window.window import SIDECAR


def moved(app: Path, folder: Path) -> Path:
    """The app alone in ``folder``, without its sidecar."""
    folder.mkdir(parents=True)
    copy = folder / app.name
    try:
        os.link(app, copy)
    except OSError:
        shutil.copy2(app, copy)
    return copy


def with_sidecar(app: Path, folder: Path, script: str | None = None) -> Path:
    """The app in ``folder``, its sidecar begun by a line of shell in which ``$REAL`` is the real one."""
    copy = moved(app, folder)
    real = app.with_name(SIDECAR)
    sidecar = folder / SIDECAR
    if script is None:
        sidecar.symlink_to(real)
    else:
        sidecar.write_text(f"#!/bin/sh\nREAL={shlex.quote(str(real))}\n{script}\n", encoding="utf-8")
        sidecar.chmod(0o755)
    return copy


def overheard(app: Path, folder: Path) -> tuple[Path, Path]:
    """The app with a sidecar whose every request goes into a file as well; answers both paths."""
    log = folder / "requests"
    return with_sidecar(app, folder, f'tee -a {shlex.quote(str(log))} | "$REAL" "$@"'), log


def requests_in(log: Path) -> Counter[str]:
    """How many requests of each method the sidecar got."""
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    return Counter(json.loads(line)["method"] for line in lines)
