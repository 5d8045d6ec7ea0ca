"""Coverage-guided fuzzing, by hand and for as long as one likes.

    python -m pip install '.[dev,fuzz]'
    python -m tests.fuzz TARGET --seconds N [--found FOLDER]
    python -m tests.fuzz TARGET --keep --found FOLDER

TARGET is ``lines``, ``zips`` or ``records``; the corpus is tests/corpus/TARGET. New inputs go to FOLDER; ``--keep``
takes the fewest of them into the corpus that reach more than it does. What breaks a promise is written to the
current folder as crash-..., and belongs into the corpus once it is mended.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import mkdtemp

LONGEST = 1500
"""Most bytes of one input."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=("lines", "zips", "records"))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--found", type=Path, default=None, help="where new inputs go; default: a temporary folder")
    parser.add_argument("--keep", action="store_true", help="take what was found into the corpus, minimised")
    given = parser.parse_args()
    import atheris

    with atheris.instrument_imports(include=["sidecar"]):
        from tests import fuzz_targets
    for (module, name), value in fuzz_targets.narrow().items():
        setattr(module, name, value)
    corpus = fuzz_targets.CORPUS / given.target
    corpus.mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], f"-max_len={LONGEST}", f"-artifact_prefix=crash-{given.target}-"]
    if given.keep:
        arguments += ["-merge=1", str(corpus), str(given.found)]
    else:
        given.found = given.found or Path(mkdtemp(prefix=f"fuzz-{given.target}-"))
        given.found.mkdir(parents=True, exist_ok=True)
        limits = [f"-max_total_time={given.seconds}", "-timeout=10", "-rss_limit_mb=2048"]
        arguments += [*limits, str(given.found), str(corpus)]
    atheris.Setup(arguments, fuzz_targets.TARGETS[given.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
