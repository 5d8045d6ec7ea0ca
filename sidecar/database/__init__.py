"""KiraPilot's SQLite file: opened, read, copied and compared, with whatever tables it has.

Owns connections, locks, the schema as it is read from the file, and the models of the app's own tables. Changes no
row of it: that is for ``restore``, by a connection that ``connection.open_for_import`` alone can give.
"""
