"""Every way a job can end badly: one class per outcome, nothing imported.

Tree, and the module of each branch::

    SidecarError               base       Cancelled  StartAgain  InternalError
    ├── PathError              paths      the path given cannot be used, or the place where it lies
    ├── BackupError            backups    the backup file is at fault, or what was chosen of it
    ├── DatabaseError          databases  the app's database is at fault, or in the way
    ├── ConflictError          conflicts  rows that differ cannot be settled as it was asked for
    └── ...                    jobs       a job cannot be done, or its proof failed

A class's docstring is its sentence for the user: what happened, then what to do.
``{path}`` and ``{detail}`` are filled in. ``code`` is the JSON-RPC error code and,
for the positive ones, the exit code of the command line; both are listed in
protocol/ERRORS.md and never change once published.

What an operating system's error number means is `system/os_errors.py`'s; which words a method answers, `wire/`'s.
"""
