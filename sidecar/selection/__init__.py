"""A part of a backup, or of the data, instead of the whole: which rows are meant, and what they cannot be without.

Owns the criteria, the closure and what is told of both. Takes rows out of the stage alone; what becomes of the rest in
the database is restore's, and nothing is ever removed from there for the sake of a selection. What is exported is
export's.
"""
