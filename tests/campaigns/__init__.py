"""Campaigns: many cases by a rule; a bounded part in every run, all of them with ``-m exhaustive``."""
