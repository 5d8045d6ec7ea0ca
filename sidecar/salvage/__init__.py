"""Damaged archive -> stage: the records that can be proved, and no other.

Owns how entries and records are found where headers and JSON are broken, and which of them are believed. A sound
archive never comes here; what the database would refuse of the records is for ``restore``.
"""
