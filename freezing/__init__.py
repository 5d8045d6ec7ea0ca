"""What freezes the program, and what a release carries beside it: used by build.spec, never by the program.

Owns what the frozen program is made of, the notices and the bill of materials drawn from that, sums, and what makes
two builds equal. ``licences/`` holds texts that the packages they belong to do not ship; ``stand_ins/`` holds modules
that the frozen program finds before the real ones.
"""
