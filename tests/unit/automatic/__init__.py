"""Automatic backups: the rules that are pure."""
