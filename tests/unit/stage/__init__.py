"""The stage: what is found in rows."""
