"""Pages: what a backup holds, or how two of them differ, as one HTML file that needs nothing else to be read.

Owns the words, figures and charts of a page, and how it is written; changes no backup and no database. What is wrong
with a backup is found by stage, what differs by comparison.
"""
