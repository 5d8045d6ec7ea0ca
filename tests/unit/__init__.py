"""Units: one file for each module of sidecar/ that has rules of its own, in folders named as the rooms are."""
