"""Sigma rules in, matches out: load, compile, and one pure function on Arrow batches (docs/explanation/engine.md)."""
