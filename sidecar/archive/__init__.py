"""The backup file: protocol/FORMAT.md in code, for reading and for writing.

Owns ZIP, JSON, manifest, the form of every value, and the limits of what is read. Knows no live database and judges no
row: whether records make sense together is for ``stage``.
"""
