"""Archive -> throw-away SQLite database, and what is wrong with it.

Owns the stage, the reading of every entry into it, and each check of rows, counts and references. Knows nothing of
the live database: what an import makes of the stage is for ``restore``.
"""
