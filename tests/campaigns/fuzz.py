"""Coverage-guided fuzzing, by hand and for as long as one likes.

    python -m pip install '.[dev,fuzz]'
    python -m tests.campaigns.fuzz TARGET --seconds N [--keep]

TARGET is ``lines``, ``zips`` or ``records``; the corpus is tests/corpus/TARGET. ``--keep`` adds to it each input that
reached what no smaller one had. What breaks a promise is written to the current folder as crash-..., and belongs into
the corpus once it is mended.
"""

from __future__ import annotations

import argparse
import sys
from tempfile import mkdtemp

LONGEST = 1500
"""Most bytes of one input."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.fuzz")
    parser.add_argument("target", choices=("lines", "zips", "records"))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", action="store_true", help="add new inputs to the corpus")
    given = parser.parse_args()
    import atheris

    with atheris.instrument_imports(include=["sidecar"]):
        from tests.campaigns import fuzz_targets
    for (module, name), value in fuzz_targets.narrow().items():
        setattr(module, name, value)
    corpus = fuzz_targets.CORPUS / given.target
    corpus.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={given.seconds}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=2048"]
    # libFuzzer writes what is new into the first of the folders, and replaces it by what is smaller.
    folders = [str(corpus)] if given.keep else [mkdtemp(prefix=f"fuzz-{given.target}-"), str(corpus)]
    arguments = [sys.argv[0], *limits, f"-artifact_prefix=crash-{given.target}-", *folders]
    atheris.Setup(arguments, fuzz_targets.TARGETS[given.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
