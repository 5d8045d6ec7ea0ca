"""Care: what is found, and which references are looked at."""
