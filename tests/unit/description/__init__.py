"""The description: what is generated says what the code does."""
