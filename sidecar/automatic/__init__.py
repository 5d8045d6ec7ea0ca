"""Backups that nobody has to think of: when one is due, where it goes, how long it stays, how all of them are.

Owns the policy, the catalogue of each place, retention, the hold on shrunk databases, scrubs and drills. Makes no
backup itself, and reads none: ``jobs`` does; and it never starts by itself: the shell's timer, or the system's, asks.
"""
