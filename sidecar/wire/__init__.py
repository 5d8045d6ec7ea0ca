"""One line in, one line out: JSON-RPC 2.0 over standard input and output, and the life of the process.

Owns the stream, the queue of calls, the methods' names and params, and the one place where exceptions become
wire errors. Does no job itself, and knows neither archives nor databases: each method calls one function of ``jobs``.
"""
