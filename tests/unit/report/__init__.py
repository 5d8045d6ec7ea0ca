"""Pages: the arithmetic of charts, the words."""
