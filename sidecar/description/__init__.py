"""The protocol's description, made from the code: OpenRPC, JSON Schemas, table of errors, TypeScript types.

Owns the generators; developers run them (``python -m sidecar.description.openrpc``), and ``rpc.discover`` answers
with the same. What it describes stands elsewhere, but for one table: which method answers with what. What the program
is made of, and under which licences, is answered here, too.
"""
