"""Faults at every step: real processes that are killed, or whose disk fails, at the N-th call that changes a file."""
