"""A merge with a choice: rows of one id that differ, which of the two stays, and how they are shown.

Owns when a row of the stage and one of the live database are the same, the policies and the numbers of conflicts, the
second ids where both are kept, and what is told of each. Written into throw-away databases alone; what becomes of the
rows is restore's.
"""
