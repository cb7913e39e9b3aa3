"""Knowing where a hospital stands: frameworks of questions, answers, scores that explain themselves, comparison."""
