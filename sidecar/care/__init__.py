"""Care for the live database: what is wrong with it, what mends it, and how it gets smaller.

Owns which faults are told of, what each means for a person, and the repairs that KiraPilot itself would make. What is
broken page by page is not repaired here: that is replaced by a restore, which is ``jobs``' and ``rescue``'s.
"""
