"""KiraPilot's backup and restore, as a sidecar process: see README.md and protocol/."""

__version__ = "1.0.0"
