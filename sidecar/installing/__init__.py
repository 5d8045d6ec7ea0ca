"""The system's own timer, which calls ``auto run`` while the app is not open: written, switched on, taken away again.

Owns the files and commands of systemd, launchd and the Windows task scheduler, and how a path is written in each. Knows
nothing of backups: whether one is due is for ``automatic`` to say, each time that it is called.
"""
