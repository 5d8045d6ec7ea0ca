"""Backups that are made by themselves: when they are due, where they go, and what never happens to them."""
