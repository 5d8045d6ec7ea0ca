"""The command line: text that lines up."""
