"""What is typed: commands, options, questions, hints, exit codes.

Owns the command line's grammar and its answers' order. Does no job itself: each command calls one function of
``jobs``, and here, and only here, exceptions become exit codes. How an answer looks is screen's.
"""
