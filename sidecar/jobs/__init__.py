"""What can be asked for beside an export, one file each: validate, preview, import, undo, list, inspect, demo.

Owns the order of the steps; each file reads like the guide's page about it. The rules behind a step live in the
rooms below, and who asks, a pipe or a person, is not known here.
"""
