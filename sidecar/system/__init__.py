"""The operating system: files, folders, paths, threads, signals, and its errors as ours.

Owns what differs from system to system. Knows nothing of backups: nothing here would change with their format.
"""
