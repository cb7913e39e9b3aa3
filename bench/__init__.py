"""Figures, beside peers where they are on the machine: `make bench` (docs/reference/performance.md)."""
