"""The worst day: a live database that is missing, empty or damaged, and a restore that works all the same.

Tells a wreck from a database that is in use or another program's; sets it aside, byte for byte; makes a database of
the right generation for a backup's rows, and puts that into the wreck's place, in one step that is or is not; and reads
out of a wreck what can be read.
"""
