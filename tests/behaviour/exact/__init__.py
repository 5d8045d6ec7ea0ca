"""Whatever SQLite can store comes back byte for byte; and the shipped app still finds only what it can read."""
