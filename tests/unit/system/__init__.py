"""The operating system: files, folders, threads, signals."""
