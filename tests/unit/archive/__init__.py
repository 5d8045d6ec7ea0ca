"""The archive: forms, JSON, ZIP, and the proof of what was written."""
