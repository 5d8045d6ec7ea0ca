"""Whatever people choose as a backup: what holds one opens, in every job alike, and what is none is named."""
