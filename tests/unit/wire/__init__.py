"""The wire: lines, messages, the queue, the way out, and what each method takes."""
