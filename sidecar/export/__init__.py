"""Live database -> archive: gathered, written, judged by the reader's own code, and only then put in place.

Owns the export and what is made by it, the safety copies and how many of them are kept. What asks for an export,
and by which words, is not known here; the format of what is written is archive's.
"""
