"""Hostile input: files, databases, paths, lines and disks that are broken or made to do harm."""
