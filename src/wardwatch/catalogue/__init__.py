"""Content files: found, read safely, and reported with file and line where they are wrong."""
