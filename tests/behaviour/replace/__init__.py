"""Replacing: what the backup speaks of becomes what it says; what it does not speak of stays."""
