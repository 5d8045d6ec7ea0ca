"""Safety copies: made before anything changes, kept, listed, and what an undo brings back from them."""
