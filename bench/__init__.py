"""Figures, beside peers where they are on the machine: `make bench` (how to read them: docs/reference/performance.md)."""
