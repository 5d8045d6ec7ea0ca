"""What tests stand on: a caller, databases and archives to change, oracles, and processes under hardships."""
