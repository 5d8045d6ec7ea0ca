"""What is typed and what is shown: commands, questions, tables, progress bars, exit codes.

Owns the words on a terminal and ``--json``. Does no job itself: each command calls one function of ``jobs``, and
here, and only here, exceptions become exit codes.
"""
