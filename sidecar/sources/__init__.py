"""Whatever a person gives as a backup -> a file that is an archive, a database or a first JSON backup.

Owns how such files are told apart, what is said of those that are none, and how they are unpacked. Judges no row,
and makes no archive but of the JSON that the first releases saved.
"""
