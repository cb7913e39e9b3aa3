"""Wardwatch: cyber-resilience for hospitals and care providers."""

__version__ = "0.1.0"
