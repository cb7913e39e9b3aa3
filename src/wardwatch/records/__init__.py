"""What is kept in the database: rows, migrations, queries. The only database code.

Rows are named `…Row`; what leaves this room is a frozen value, never a row or a QuerySet. Rows hold no logic.
"""
