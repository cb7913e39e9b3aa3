"""Search the lake: a query language that people know, and SQL for experts (docs/reference/search.md)."""
