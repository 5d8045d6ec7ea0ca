"""Validation: every problem is told, in the words users know; and what it lets through is what an import takes."""
