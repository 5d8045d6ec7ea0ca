"""The database: copied, filled, compared."""
