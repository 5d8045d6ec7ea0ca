"""What is published: distributions, packages, and what lies beside the frozen file."""
