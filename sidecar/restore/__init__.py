"""Stage -> live database: what an import will change, and the one transaction that changes it.

Owns the rules of replacing and merging, the plan row by row, and the account that must balance. Reads no archive:
what is to come lies in the stage; and it opens no database: the job hands it the connection.
"""
