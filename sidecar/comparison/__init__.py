"""Two states of the data side by side: how a backup, another one and the database as it is now differ.

Owns what counts as a difference between rows, and how it is told; changes neither side. What an import would do with
it is restore's, and may be something else: a merge keeps what differs.
"""
