"""``python -m tests.bench``: time and memory of each job, see ``jobs``."""

from __future__ import annotations

from tests.bench.jobs import main

if __name__ == "__main__":
    main()
