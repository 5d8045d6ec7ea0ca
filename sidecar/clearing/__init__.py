"""Clear All Data: what the app's page promises, kept, and with a way back.

An emptied database is a backup like any other, and to clear is to import it: so there is the same safety copy, the same
lock, one transaction, and an undo. What an import does is ``jobs``' affair, and ``automatic``'s when a backup is due.
"""
