"""What a salvage does with each kind of damage: what it takes, what it leaves out and why, and what it never does."""
