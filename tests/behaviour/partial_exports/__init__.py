"""The frontend's settings in a backup: two keys, no secret, and back again with the device's own secrets."""
