"""Benches: commands that print tables, never tests. ``python -m tests.bench``, ``.scale``, ``.start``."""
