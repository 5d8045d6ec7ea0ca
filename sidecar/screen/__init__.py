"""What is shown: the terminal, its progress bar, tables and sentences made of what the jobs answer; ``--json``.

Owns width, colour and streams. Decides nothing: what is asked, done and answered is the command line's.
"""
